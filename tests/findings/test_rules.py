"""One log in which a question is due, and one in which it is not, for each question."""

from __future__ import annotations

import ibis
import pandas as pd
import pytest

from regulars.config import parse_settings
from regulars.data.engine import connect
from regulars.data.intake import read_tables
from regulars.datasets.simulate import simulate_customers
from regulars.findings.rules import LOG_RULES, find_findings, find_in_ids
from regulars.findings.similar_ids import similar_ids

CONFIG = """\
name: shop
source: {transactions: {path: "PATH"}}
"""


def _shop(seed=0, n_customers=400):
    """A healthy log of whole months, with order numbers and times of day."""
    log = simulate_customers(n_customers, random_state=seed, days=370).orders
    log["order_time"] = log["order_time"].dt.tz_localize(None).dt.floor("s")
    log["customer_id"] = "c" + log["customer_id"].astype(str).str.zfill(4)
    return log[log["order_time"] < "2025-01-01"].astype({"order_id": str})


def _plain(log):
    """The same log with days and amounts only, one row an order."""
    day = log["order_time"].dt.normalize()
    rows = log[~log["is_return"]].groupby(["customer_id", day, "order_id"])["amount"]
    return rows.sum().round(2).reset_index().drop(columns="order_id")


@pytest.fixture(scope="module")
def healthy():
    return _shop()


@pytest.fixture
def ask(tmp_path):
    """A function from logs (files of one folder) to the findings by key."""

    def call(*logs, overrides=()):
        folder = tmp_path / "log"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for number, log in enumerate(logs):
            log.to_csv(folder / f"part{number}.csv", index=False)
        path = folder if len(logs) > 1 else folder / "part0.csv"
        text = CONFIG.replace("PATH", path.as_posix())
        settings = parse_settings(text, overrides)
        found = find_findings(read_tables(settings, connect()), settings)
        return {each.key: each for each in found}

    return call


# --- what is wrong with the log, and which question it is ---


def _from_day(log, start, end):
    return log[log["order_time"].between(start, end)]


def _doubled_days(log):
    again = _from_day(log, "2024-03-04", "2024-03-10 23:59:59")
    return pd.concat([log, again.assign(order_id="B" + again["order_id"])])


def _doubled_under_other_ids(log):
    again = log.sample(frac=1, random_state=1)
    names = {
        "order_id": "B" + again["order_id"],
        "customer_id": "B" + again["customer_id"],
    }
    return pd.concat([log, again.assign(**names)])


def _tripled(log):
    parts = [log.assign(order_id=f"{k}-" + log["order_id"]) for k in range(3)]
    return pd.concat(parts)


def _near_copies(log):
    numbers = pd.Series(log["order_id"].unique()).sample(frac=0.05, random_state=1)
    again = log[log["order_id"].isin(numbers)]
    return pd.concat([log, again.assign(order_id="B" + again["order_id"])])


def _shared_orders(log):
    number = log.groupby("customer_id")["order_id"].rank("dense").astype(int)
    return log.assign(order_id=number)


def _some_orders(log, ids, others):
    """Give every seventh order the other spelling of its customer."""
    return log.assign(
        customer_id=ids.where(log["order_id"].astype(int) % 7 > 0, others)
    )


def _other_case(log):
    return _some_orders(log, log["customer_id"], log["customer_id"].str.upper())


def _blanks(log):
    ids = "ann " + log["customer_id"]
    return _some_orders(log, ids, ids.str.replace(" ", "  "))


def _zeros(log):
    number = log["customer_id"].str[1:]
    return _some_orders(log, number, number.str.lstrip("0"))


def _point_zero(log):
    number = log["customer_id"].str[1:].str.lstrip("0")
    return _some_orders(log, number, number + ".0")


def _large(log):
    till = log["order_time"].dt.day_of_year % 15 == 0
    return log.assign(customer_id=log["customer_id"].mask(till, "till"))


def _busy(log):
    extra = log.sample(600, random_state=1)
    day = pd.Timestamp("2024-05-15 12:00")
    return pd.concat(
        [log, extra.assign(order_time=day, order_id="x" + extra["order_id"])]
    )


def _all_zero(log):
    return log.assign(amount=0.0, paid=log["amount"])


def _mostly_zero(log):
    return log.assign(amount=log["amount"].where(log.index % 4 == 0, 0.0))


def _all_equal(log):
    return log[~log["is_return"]].assign(amount=9.99)


def _returns_only(log):
    strangers = log.sample(40, random_state=1)
    ids = [f"r{k}" for k in range(40)]
    rows = strangers.assign(customer_id=ids, order_id=ids, amount=-5.0, is_return=True)
    return pd.concat([log, rows])


def _returns_first(log):
    # customers who come late send things back before they have bought any
    late = log.groupby("customer_id")["order_time"].min()
    late = late[late > "2024-07-01"].head(40)
    rows = log.head(len(late)).assign(
        customer_id=late.index,
        order_time=late.to_numpy() - pd.Timedelta(days=20),
        order_id=[f"r{k}" for k in range(len(late))],
        amount=-5.0,
        is_return=True,
    )
    return pd.concat([log, rows])


def _late_start(log):
    return log[log["order_time"] >= "2024-02-12"]


def _early_end(log):
    return log[log["order_time"] < "2024-12-11"]


def _gap(log):
    return log[~log["order_time"].between("2024-06-01", "2024-07-15")]


def _stray(log):
    row = log.head(1).assign(order_time=pd.Timestamp("1970-01-01"), order_id="s1")
    return pd.concat([row, log])


def _once(log):
    first = log.drop_duplicates("customer_id").assign(is_return=False)
    unique = first["customer_id"].str[:4]
    return first.assign(amount=first["amount"].abs(), customer_unique_id=unique)


def _exact_copies(log):
    return pd.concat([log, log[log.index % 20 == 0]])


CASES = {
    "doubled_days": (_doubled_days, {"n_days": 7}),
    "doubled_under_other_ids": (_doubled_under_other_ids, {"times": 2}),
    "tripled": (_tripled, {"times": 3}),
    "near_copies": (_near_copies, {}),
    "shared_orders": (_shared_orders, {}),
    "other_case": (_other_case, {}),
    "blanks": (_blanks, {}),
    "zeros": (_zeros, {}),
    "point_zero": (_point_zero, {}),
    "large_customer": (_large, {"n_customers": 1}),
    "busy_days": (_busy, {"n_days": 1}),
    "amounts_all_zero": (_all_zero, {"share_zero": 1.0}),
    "amounts_mostly_zero": (_mostly_zero, {}),
    "amounts_all_equal": (_all_equal, {"amount": 9.99}),
    "returns_only": (_returns_only, {"n_customers": 40, "n_rows": 40}),
    "returns_first": (_returns_first, {}),
    "first_month_in_part": (_late_start, {"month": "2024-02"}),
    "last_month_in_part": (_early_end, {"month": "2024-12"}),
    "gaps": (_gap, {"n_stretches": 1}),
    "stray_days": (_stray, {"n_rows": 1}),
    "nobody_twice": (_once, {"column": "customer_unique_id"}),
    "exact_copies": (_exact_copies, {}),
}
KEYS = {
    "doubled_under_other_ids": "doubled_days",
    "tripled": "doubled_days",
    "other_case": "similar_ids",
    "blanks": "similar_ids",
    "zeros": "similar_ids",
    "point_zero": "similar_ids",
}
# a doubled log is one thing to ask, however many rules see it
TOGETHER = {
    "doubled_days": {"near_copies"},
    "tripled": {"near_copies"},
    "nobody_twice": {"similar_ids"},
}


@pytest.mark.parametrize("case", CASES)
def test_a_faulty_log_is_asked_about(ask, healthy, case):
    spoil, figures = CASES[case]
    key = KEYS.get(case, case)
    found = ask(spoil(healthy))
    assert key in found
    finding = found[key].summary()
    assert finding["severity"] in {"ask", "warning"}
    assert finding["seen"].endswith(".")
    assert finding["advice"].endswith(".")
    assert figures.items() <= finding["figures"].items()
    assert set(found) <= {key, *TOGETHER.get(case, ())}


@pytest.mark.parametrize("case", CASES)
def test_the_setting_that_a_finding_names_answers_it(ask, healthy, case):
    key = KEYS.get(case, case)
    log = CASES[case][0](healthy)
    finding = ask(log)[key]
    if finding.setting is None:
        pytest.skip("mended in the source")
    after = ask(log, overrides=[finding.setting.override])
    assert key not in after
    assert f"{finding.setting.key.rpartition('.')[2]}: " in finding.advice


@pytest.mark.parametrize("seed", range(2))
def test_a_healthy_log_is_asked_nothing(ask, seed):
    assert ask(_shop(seed)) == {}
    assert ask(_plain(_shop(seed))) == {}


def test_every_rule_has_a_case():
    keys = {KEYS.get(case, case) for case in CASES} | {"orders_in_two_files"}
    # three findings on amounts come from one rule
    assert len(LOG_RULES) == len(keys) - 2


def _one_file_each_month(log):
    return [part for _, part in log.groupby(log["order_time"].dt.month)]


def _lines_dealt_out(log):
    return [log.iloc[0::2], log.iloc[1::2]]


@pytest.mark.parametrize("parted", [_one_file_each_month, _lines_dealt_out])
def test_files_that_part_a_log_are_asked_nothing(ask, healthy, parted):
    assert ask(*parted(healthy)) == {}


def test_orders_in_two_files_are_told(ask, healthy):
    # the second export begins a week before the first one ends, with a column changed
    first = healthy[healthy["order_time"] < "2024-07-08"]
    second = healthy[healthy["order_time"] >= "2024-07-01"]
    twice = first[first["order_time"] >= "2024-07-01"]["order_id"].nunique()
    found = ask(first.assign(exported="july"), second.assign(exported="december"))
    finding = found["orders_in_two_files"]
    assert finding.figures["n_orders"] == pytest.approx(twice, abs=2)
    assert "part0.csv, part1.csv" in finding.advice
    assert {"orders_in_two_files", "doubled_days"} == set(found)


def test_orders_of_one_row_in_two_files_are_told_though_the_amount_changed(
    ask, healthy
):
    orders = healthy[~healthy["is_return"]].drop_duplicates("order_id")
    changed = orders.head(30).assign(amount=orders["amount"] + 1)
    found = ask(orders, changed)
    assert found["orders_in_two_files"].figures["n_orders"] == 30


def test_copies_under_duplicates_keep_name_the_setting(ask, healthy):
    both = pd.concat([healthy, healthy.sample(frac=1, random_state=2)])
    keep = "source.transactions.duplicates=keep"
    finding = ask(both, overrides=[keep])["doubled_days"]
    assert finding.setting.override == "source.transactions.duplicates='set_aside'"


@pytest.mark.parametrize(
    ("ids", "n_groups"),
    [
        (["Ann", "ann", "bob"], 1),
        (["ann ", " ann", "ann"], 0),  # outer blanks go as the file is read
        (["a b", "a  b", "A B"], 1),
        (["007", "7", "7.0", "07"], 1),
        (["7.5", "7.50"], 0),
        (["0", "00"], 1),
        (["a1", "a2"], 0),
    ],
)
def test_ids_written_differently_are_one_group(ids, n_groups):
    column = ibis.memtable({"id": ids}).id
    stripped = column.strip()
    found = similar_ids(stripped, "id", "key.customer_id", "transactions")
    assert (found.figures["n_groups"] if found else 0) == n_groups


def test_tokens_that_meet_by_chance_are_left_in_peace():
    ids = [f"aB{k:04}Cd" for k in range(500)]
    column = ibis.memtable({"id": [*ids, "AB0001cD"]}).id
    assert similar_ids(column, "id", "key", "transactions") is None


def test_ids_of_contracts_are_asked_about(tmp_path):
    rows = ["customer_id,started_at,ended_at"]
    rows += [f"c{k},2024-0{1 + k % 9}-01,2024-11-05" for k in range(40)]
    rows += ["C1,2024-02-01,2024-12-01", "c99,1970-01-01,2024-12-01"]
    (tmp_path / "contracts.csv").write_text("\n".join(rows))
    settings = parse_settings(
        "name: x\nchurn: {kind: contractual}\n"
        f"source: {{subscriptions: {{path: {tmp_path}/contracts.csv}}}}"
    )
    found = find_findings(read_tables(settings, connect()), settings)
    assert {(each.key, each.table) for each in found} == {
        ("similar_ids", "subscriptions"),
        ("stray_days", "subscriptions"),
    }


def test_ids_of_a_labelled_table_are_asked_about():
    assert [each.key for each in find_in_ids(pd.Series(["Ann", "ann"]), "x")] == [
        "similar_ids"
    ]
    assert find_in_ids(pd.Series([1, 2]), "x") == []
