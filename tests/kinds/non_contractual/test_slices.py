from __future__ import annotations

import pandas as pd
import pytest

from regulars.kinds.non_contractual import open_workspace
from regulars.kinds.non_contractual.slices import customer_segments, customer_slices


def quiet(_step):
    return None


@pytest.fixture
def work(shop):
    """A shop whose customers change tier and region on the day of the test cutoff."""
    before = open_workspace(shop.settings(), quiet)
    cutoff = pd.Timestamp(before.timeline.test_cutoff)
    orders = pd.read_csv(shop.folder / "orders.csv")
    ids = orders["customer_id"].unique()
    first = orders.groupby("customer_id")["order_time"].transform("min")
    is_first = orders["order_time"] == first
    orders["channel"] = is_first.map({True: "web", False: "shop"})
    orders.to_csv(shop.folder / "orders.csv", index=False)
    days = [cutoff - pd.Timedelta(days=1), cutoff]
    for name, (id_column, day, column) in {
        "loyalty": ("customer_id", "posted_at", "tier"),
        "customers": ("customer_id", "known_from", "region"),
    }.items():
        rows = [
            {id_column: each, day: when, column: value, "kind": "earn", "points": 1}
            for place, each in enumerate(ids)
            for when, value in zip(days, (("a", "b")[place % 2], "c"), strict=True)
        ]
        keep = [id_column, day, column]
        keep += ["kind", "points"] if name == "loyalty" else []
        pd.DataFrame(rows)[keep].to_csv(shop.folder / f"{name}.csv", index=False)
    paths = [
        f"source.{name}.path={(shop.folder / f'{name}.csv').as_posix()}"
        for name in ("loyalty", "customers")
    ]
    columns = "source.customers.columns={known_from: known_from, region: region}"
    return open_workspace(shop.settings(*paths, columns), quiet)


@pytest.fixture
def cutoff(work):
    return work.timeline.test_cutoff


@pytest.fixture
def features(work, cutoff):
    return work.features.by_cutoff([cutoff])[cutoff]


def test_segments_of_a_test_window_are_as_of_its_cutoff(work, features, cutoff):
    found = customer_segments(work, features, cutoff)
    assert [*found.columns] == ["rfm", "loyalty_map", "channel", "tier"]
    assert {*found["channel"]} == {"web"}
    # c was given on the cutoff
    assert {*found["tier"]} == {"a", "b"}
    assert found["rfm"].str.fullmatch(r"R[123] F[123]|lapsed").all()
    assert found.index.equals(features.index)


def test_attributes_of_a_test_window_are_as_of_its_cutoff(work, features, cutoff):
    found = customer_slices(work, features, cutoff)
    assert [*found.columns] == ["cohort", "value_band", "region"]
    assert {*found["region"]} == {"a", "b"}
