"""Logs from which nothing can be learnt: figures and a page all the same."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from regulars.config import parse_settings


def _log(n, customers, days=500, amount=None, **more):
    rng = np.random.default_rng(1)
    start = date(2023, 1, 1)
    ids = [f"c{k}" for k in customers(n)]
    when = [start + timedelta(int(k)) for k in rng.integers(0, days, n)]
    paid = rng.gamma(2, 20, n).round(2) if amount is None else amount
    return pd.DataFrame(
        {"customer_id": ids, "order_time": when, "amount": paid, **more}
    )


LOGS = {
    "once": (_log(300, range), "bought a second time", "nobody has bought on a second"),
    "one day": (_log(60, range, days=1), "one day only", "one day only"),
    "one order": (_log(1, range), "one day only", "one day only"),
    "one customer": (
        _log(20, lambda n: [0] * n),
        "cannot pin down",
        "What cannot be said",
    ),
    "nothing paid": (
        _log(300, lambda n: np.arange(n) % 40, amount=0.0),
        "spent anything",
        "Every amount is 0",
    ),
    "an id that names orders": (
        _log(300, range, person=[f"p{k % 60}" for k in range(300)]),
        "write `customer_id: 'person'` under",
        "nobody has bought on a second",
    ),
}


@pytest.fixture
def shop(tmp_path, open_shop):
    def call(log):
        shop = open_shop(tmp_path, log)
        config = shop.config.read_text().replace("  cutoff: 2024-12-01\n", "")
        shop.config.write_text(config)
        return shop

    return call


@pytest.mark.parametrize("name", LOGS)
def test_run_is_refused_with_figures_and_a_page(command, shop, name):
    log, why, on_page = LOGS[name]
    place = shop(log)
    status, out, err = command("run", place.config)
    assert status == 2, (out, err)
    assert "Traceback" not in out + err
    assert why in err
    assert f"without scores, are in {place.out}/report.html" in err
    page = (place.out / "report.html").read_text()
    assert on_page in page
    assert 'id="later"' in page
    assert "is not in the results folder" not in page
    kpis = place.read("kpis.json")
    assert (
        kpis["summary"]["n_orders"]
        == log.groupby(["customer_id", "order_time"]).ngroups
    )
    assert kpis["no_scores"]


@pytest.mark.parametrize("name", ["once", "one day", "nothing paid"])
def test_figures_and_page_can_be_asked_for_by_themselves(command, shop, name):
    place = shop(LOGS[name][0])
    status, out, err = command("kpis", place.config)
    assert status == 0, err
    assert "Note: " in out
    status, _, err = command("report", place.config)
    assert status == 0, err
    assert 'id="later"' in (place.out / "report.html").read_text()


def test_page_without_scores_shows_none_of_an_earlier_run(command, shop):
    place = shop(LOGS["once"][0])
    (place.out / "training.json").write_text('{"model_name": "of last week"}')
    status, _, _ = command("run", place.config)
    assert status == 2
    assert "of last week" not in (place.out / "report.html").read_text()


def test_two_weeks_of_a_log_are_scored(command, shop):
    log = _log(300, lambda n: np.arange(n) % 90, days=14)
    place = shop(log)
    status, out, err = command("run", place.config)
    assert status == 0, err
    assert "shorter than one horizon" in " ".join(out.split())
    assert "it takes two months of orders" in (place.out / "report.html").read_text()


def test_a_stray_day_lengthens_neither_windows_nor_months(command, shop):
    log = _log(900, lambda n: np.arange(n) % 90, days=300)
    stray = log.head(1).assign(order_time=date(1970, 1, 1))
    place = shop(pd.concat([stray, log]))
    status, out, err = command("run", place.config, "--json")
    assert status == 0, err
    assert "Windows are laid over 2023-01-01" in " ".join(out.split())
    assert len(place.read("kpis.json")["monthly"]) == 10
    page = (place.out / "report.html").read_text()
    assert "Months and cohorts cover 2023-01-01" in page


def test_check_asks_on_the_terminal_and_in_json(command, shop):
    place = shop(LOGS["an id that names orders"][0])
    status, out, err = command("check", place.config, "--json")
    assert status == 0, err
    words = " ".join(out.split())
    assert "Warning: nobody twice None of 300 customers" in words
    assert "the line below under `source.transactions.columns`" in words
    assert "    customer_id: 'person'\n" in out
    [line] = [row for row in out.splitlines() if row.startswith("{")]
    assert '"key": "nobody_twice"' in line
    found = place.read("check.json")["findings"]
    assert found[0]["setting"]["line"] == "customer_id: 'person'"
    text = place.config.read_text()
    override = found[0]["setting"]["override"]
    settings = parse_settings(text, [override])
    assert settings.source.transactions.columns == {"customer_id": "person"}


def test_check_says_that_there_is_nothing_to_ask(command, shop):
    log = _log(3000, lambda n: np.arange(n) % 90, days=365)
    place = shop(log)
    status, out, err = command("check", place.config)
    assert status == 0, err
    assert "Nothing to ask about these data." in out
