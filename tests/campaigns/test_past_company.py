"""Past campaigns of a simulated company with every table beside the purchases."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from regulars.campaigns.past_campaigns import past_campaigns
from regulars.clv.process import PurchaseProcess
from regulars.config import load_settings
from regulars.datasets.company import CONFIG, write_company
from regulars.kinds.non_contractual.problem import watched_log
from regulars.kinds.non_contractual.workspace import open_workspace

HORIZON, LAUNCH = 60, pd.Timestamp("2023-06-05")
CAMPAIGN, RUNNING = "M000018", "M000024"
DATED = {
    "transactions": "order_time",
    "events": "event_time",
    "tickets": "opened_at",
    "surveys": "answered_at",
    "loyalty": "posted_at",
    "contacts": "contacted_at",
}


def teach(folder, **more):
    """Return what the campaigns of a folder have to teach."""
    words = [f"outputs={folder}/out", "features.cache=false"]
    work = open_workspace(load_settings(folder / CONFIG, words), lambda step: None)
    rows = work.features.by_cutoff([work.cutoff])[work.cutoff]
    model = SimpleNamespace(
        reference_=pd.Series(0.0, index=rows.columns),
        process=PurchaseProcess().fit(rows),
        horizon=SimpleNamespace(days=HORIZON, gap_days=0, margin=0.3),
    )
    contacts = work.intake.tables["contacts"].to_pyarrow().to_pandas()
    watched = watched_log(work, model)
    asked = {"horizon_days": HORIZON, "learn_from": [CAMPAIGN], **more}
    return past_campaigns(contacts, watched, work.cutoff, **asked)


def buyers_before(folder, day):
    """Return the customers who had bought by a day."""
    orders = pd.read_parquet(folder / "transactions.parquet")
    return set(orders.loc[orders["order_time"] < day, "customer_id"])


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("company") / "shop"
    return write_company(folder, 700, seed=4, years=2.0)


@pytest.fixture(scope="module")
def taught(shop):
    return teach(shop)


def test_groups_are_those_of_the_contacts(shop, taught):
    (found,) = taught.experiments
    rows = pd.read_parquet(shop / "contacts.parquet")
    # who came in the week of the launch has no features as of it
    rows = rows[
        (rows["campaign_id"] == CAMPAIGN)
        & rows["customer_id"].isin(buyers_before(shop, LAUNCH))
    ]
    assert found.offers == ("20 percent",)
    assert len(found) == rows["customer_id"].nunique()
    assert (found.arm == 0).sum() == rows["is_control"].sum()
    assert not found.is_planned
    assert 0 < found.kept.mean() < 1


def test_untouched_are_customers_whom_no_campaign_contacted(shop, taught):
    start = LAUNCH - pd.Timedelta(days=HORIZON)
    known = buyers_before(shop, start)
    rows = pd.read_parquet(shop / "contacts.parquet")
    sent = rows["contacted_at"].between(start, LAUNCH, inclusive="left")
    contacted = set(rows.loc[sent & ~rows["is_control"], "customer_id"])
    assert len(taught.untouched.margin) == len(known - contacted)


def test_nothing_from_the_launch_on_touches_a_feature(shop, taught, tmp_path):
    """Later rows are corrupted; features must not change by a bit."""
    other = tmp_path / "shop"
    shutil.copytree(shop, other)
    config = other / CONFIG
    config.write_text(config.read_text().replace(shop.as_posix(), other.as_posix()))
    for name, time in DATED.items():
        rows = pd.read_parquet(other / f"{name}.parquet")
        is_later = rows[time] >= LAUNCH
        if name == "transactions":
            rows.loc[is_later, "amount"] *= 7.0
        elif name == "contacts":
            rows = rows[~is_later | (rows["campaign_id"] == CAMPAIGN)]
        else:
            rows = rows[~is_later]
        rows.to_parquet(other / f"{name}.parquet")
    changed = teach(other)
    (was,), (now,) = taught.experiments, changed.experiments
    shared = [name for name in taught.columns if name in changed.columns]
    assert len(shared) > 0.9 * len(taught.columns)
    for before, after in ((was, now), (taught.untouched, changed.untouched)):
        columns = [taught.columns.index(name) for name in shared]
        others = [changed.columns.index(name) for name in shared]
        np.testing.assert_array_equal(
            before.features[:, columns], after.features[:, others]
        )
    np.testing.assert_array_equal(taught.untouched.margin, changed.untouched.margin)
    assert now.margin.sum() > 3 * was.margin.sum()


def test_campaigns_that_teach_nothing_say_why(shop):
    past = teach(shop, learn_from="auto")
    assert past.names
    assert RUNNING not in past.names
    told = " ".join(past.left_out)
    assert (
        f"'{RUNNING}' was launched on 2023-11-20, and its 60 days are not over" in told
    )
