"""A small shop with all nine tables, from files to the page, by the command."""

from __future__ import annotations

import json
import shutil
import sys

import numpy as np
import pandas as pd
import pytest

from regulars import cli

pytestmark = pytest.mark.slow

CONFIG = """
name: shop
source:
  currency: EUR
  transactions: {path: orders.csv}
  tickets: {path: tickets.csv}
  surveys: {path: surveys.csv}
  loyalty: {path: loyalty.csv}
  referrals: {path: referrals.csv}
  subscriptions: {path: subscriptions.csv}
  customers: {path: customers.csv, columns: {region: region}}
time: {cutoff: 2024-07-10}
outputs: out
"""


def write_shop(folder, n=240, seed=3):
    """Write two and a half years of a shop."""
    random = np.random.default_rng(seed)
    ids = np.array([f"c{i:03}" for i in range(n)])
    start = pd.Timestamp("2022-01-02")
    n_orders = random.poisson(7, n) + 1
    who = np.repeat(ids, n_orders)
    days = start + pd.to_timedelta(random.integers(0, 919, len(who)), "D")
    orders = pd.DataFrame(
        {
            "customer_id": who,
            "order_time": days,
            "amount": random.lognormal(3, 0.5, len(who)).round(2),
            "order_id": range(len(who)),
            "product_id": random.choice(list("pqrs"), len(who)),
            "category": random.choice(["food", "drink", "other"], len(who)),
            "quantity": 1,
            "discount_amount": random.choice([0, 0, 2.5], len(who)),
            "channel": random.choice(["web", "shop"], len(who)),
        }
    )
    some = random.choice(who, 150)
    opened = pd.Timestamp("2023-01-01") + pd.to_timedelta(
        random.integers(0, 540, 150), "D"
    )
    due = opened + pd.Timedelta(days=2)
    tables = {
        "orders": orders,
        "tickets": pd.DataFrame(
            {
                "customer_id": some,
                "opened_at": opened,
                "due_at": due,
                "resolved_at": due + pd.to_timedelta(random.choice([-1, 3], 150), "D"),
                "department": random.choice(["billing", "delivery"], 150),
                "tags": random.choice(["late", "late;parcel", "broken"], 150),
                "reopened": random.choice([True, False], 150),
                "csat": random.integers(1, 6, 150),
            }
        ),
        "surveys": pd.DataFrame(
            {
                "customer_id": random.choice(ids, 160),
                "answered_at": pd.Timestamp("2023-01-01")
                + pd.to_timedelta(random.integers(0, 540, 160), "D"),
                "score": random.integers(0, 11, 160),
            }
        ),
        "loyalty": pd.DataFrame(
            {
                "customer_id": np.repeat(ids[: n // 2], 2),
                "posted_at": np.tile(["2023-02-01", "2024-03-01"], n // 2),
                "kind": np.tile(["earn", "redeem"], n // 2),
                "points": 10,
                "tier": np.repeat(random.choice(["gold", "silver"], n // 2), 2),
            }
        ),
        "referrals": pd.DataFrame(
            {
                "referrer_id": ids[:20],
                "referred_id": ids[100:120],
                "referred_at": "2024-02-01",
            }
        ),
        "subscriptions": pd.DataFrame(
            {
                "customer_id": ids[:40],
                "started_at": "2023-01-01",
                "ended_at": [""] * 30 + ["2024-02-01"] * 10,
                "monthly_amount": 9.5,
            }
        ),
        "customers": pd.DataFrame(
            {"customer_id": ids, "region": random.choice(["north", "south"], n)}
        ),
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    (folder / "shop.yaml").write_text(CONFIG, encoding="utf-8")


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """Return a function that runs a command in a folder with the shop's files."""
    folder = tmp_path_factory.mktemp("shop")
    write_shop(folder)

    def run(*words, folder=folder):
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            patch.setattr(sys, "argv", ["regulars", *words])
            try:
                cli.main()
            except SystemExit as stop:
                return stop.code or 0, folder
        return 0, folder

    return run


@pytest.fixture(scope="module")
def answered(asked, tmp_path_factory):
    """Return a copy of the folder after the command without options."""
    status, folder = asked("kpis", "shop.yaml", "-q")
    assert status == 0
    return shutil.copytree(folder, tmp_path_factory.mktemp("answered") / "shop")


def test_all_figures_of_a_shop_with_all_tables(asked, capsys):
    by = ["tier", "region", "channel", "cohort", "rfm", "loyalty_map"]
    words = [word for name in by for word in ("--by", name)]
    status, folder = asked("kpis", "shop.yaml", *words, "--csv", "kpis.csv", "--json")
    out, err = capsys.readouterr()
    assert status == 0, err
    answer = json.loads(out.strip().splitlines()[-1])
    assert answer["period"]["start"] == "2023-07-01"
    assert answer["period"]["end"] == "2024-07-01"
    assert "Net promoter score" in out
    assert "by region" in out
    table = pd.read_csv(folder / "kpis.csv")
    wanted = ["kpi", "segment", "period", "value", "low", "high", "n", "change"]
    assert [*table.columns[:8]] == wanted
    absent = {*table.loc[table["why_absent"].notna(), "kpi"]}
    # nothing was scored, and prices do not rise
    assert absent <= {
        "predicted_clv",
        "value_at_risk",
        "value_at_risk_share",
        "repurchase_after_price_rise",
        "repurchase_before_price_rise",
        "price_rise_difference",
        "reactivation_rate",
    }
    segments = {*table["segment"].dropna().str.partition("=")[0]}
    assert segments == {*by}
    north = table[(table["segment"] == "region=north") & (table["kpi"] == "nps")]
    assert len(north) == 1
    assert (folder / "out" / "kpis.json").is_file()


def test_index_of_each_customer_is_written(answered):
    rows = pd.read_parquet(answered / "out" / "loyalty.parquet")
    assert rows["customer_id"].is_unique
    assert rows["loyalty_index"].between(0, 100).all()
    assert [*rows.columns[:3]] == ["customer_id", "day", "loyalty_index"]
    assert {"recommendation", "tenure", "breadth"} <= {*rows.columns}
    written = json.loads((answered / "out" / "kpis.json").read_text())
    assert written["loyalty_index"]["n_customers"] == len(rows)
    assert written["support"]["experiences"]


def test_same_command_writes_the_same_figures(asked, answered):
    folder = asked("kpis", "shop.yaml", "-q")[1]
    contents = [each / "out" / "kpis.json" for each in (folder, answered)]
    assert contents[0].read_bytes() == contents[1].read_bytes()


def test_page_of_a_shop_with_all_tables(asked, answered, capsys):
    status, folder = asked("report", "shop.yaml", "-q", folder=answered)
    assert status == 0, capsys.readouterr().err
    page = (folder / "out" / "report.html").read_text()
    for words in ("Are they loyal?", "Staying, but not loyal", "department: billing"):
        assert words in page


def test_period_is_asked_for_by_days(asked, capsys):
    status, folder = asked(
        "kpis", "shop.yaml", "--from", "2024-01-01", "--to", "2024-04-01", "-q"
    )
    assert status == 0, capsys.readouterr().err
    written = json.loads((folder / "out" / "kpis.json").read_text())
    assert written["figures"][0]["period"] == "2024-01-01/2024-04-01"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--from", "2024-01-01", "--to", "2024-08-01"], "is not over"),
        (["--by", "regoin"], "there is no such segment. Did you mean 'region'?"),
    ],
)
def test_question_that_makes_no_sense_is_told_in_a_sentence(
    asked, capsys, words, message
):
    status, _ = asked("kpis", "shop.yaml", *words)
    assert status == 2
    assert message in capsys.readouterr().err
