"""Rows to read, files that belong together, and orders whose fields stand once."""

import pandas as pd
import pytest

from regulars.config import parse_settings
from regulars.data.engine import connect
from regulars.data.intake import read_tables
from regulars.errors import ConfigError, DataError, RegularsError

NAMES = "columns: {customer_id: cust, order_time: day, amount: total"


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def _read(files: dict[str, str], table: str):
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        text = f"name: a\nsource:\n  transactions: {{{table}}}\n"
        return read_tables(parse_settings(text), connect())

    return _read


def figures(intake):
    """Customers, orders and revenue, and the rows by reason."""
    counts = intake.counts["transactions"]
    facts = counts.facts
    reasons = {reason.reason: reason.rows for reason in counts.reasons}
    return facts["n_customers"], facts["n_orders"], facts["revenue"], reasons


STATUS = """no,cust,day,total,status
1,a,2024-01-01,10,completed
2,a,2024-01-05,20,cancelled
3,b,2024-01-06,30,completed
4,b,2024-01-07,x,failed
5,c,2024-01-08,40,
"""


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("status IN ('completed', 'processing')", (2, 2, 40.0, {"left_out": 3})),
        ("status <> 'failed' OR status IS NULL", (3, 4, 100.0, {"left_out": 1})),
        ("no < 4 AND Status = 'completed'", (2, 2, 40.0, {"left_out": 3})),
    ],
)
def test_where_leaves_rows_out_and_counts_them(read, where, expected):
    intake = read({"o.csv": STATUS}, f'path: o.csv, {NAMES}}}, where: "{where}"')
    assert figures(intake) == expected
    assert intake.counts["transactions"].n_faults == 0


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("staus = 'completed'", "where .*no column|uses the column 'staus'.*'status'"),
        ("total", "is no condition"),
        ("sum(no) > 3", "no aggregate"),
        ("status = ", "cannot be read"),
        ("status = 'completely'", "none of its 5 rows can be used .5 with left out"),
    ],
)
def test_where_that_makes_no_sense_is_refused(read, where, message):
    with pytest.raises(RegularsError, match=message):
        read({"o.csv": STATUS}, f'path: o.csv, {NAMES}}}, where: "{where}"')


def test_faults_are_a_share_of_the_rows_that_were_meant(read):
    with pytest.raises(DataError, match=r"1 of 3 rows .33\.3%"):
        read({"o.csv": STATUS}, f'path: o.csv, {NAMES}}}, where: "no IN (1, 3, 4)"')


ORDERS = """order_id,cust_key,day
o1,k1,2024-01-01
o2,k2,2024-01-02
o3,k3,2024-02-01
o4,k9,2024-02-03
"""
PEOPLE = "cust_key,person\nk1,ann\nk2,bob\nk3,ann\n"
PAYMENTS = "Order_ID,total,day\no1,5,x\no1,7,x\no2,8,x\no3,9,x\no5,1,x\n"


def test_three_files_are_one_log(read):
    """As Olist has them: payments, their orders, and who the orders' ids are."""
    table = (
        "path: pay.csv, join: [{path: orders.csv, on: {order_id: order_id}},"
        " {path: people.csv, on: cust_key}], columns: {customer_id: person,"
        " order_time: day (orders), amount: total, order_id: order_id}"
    )
    files = {"pay.csv": PAYMENTS, "orders.csv": ORDERS, "people.csv": PEOPLE}
    intake = read(files, table)
    customers, orders, revenue, reasons = figures(intake)
    assert (customers, orders, revenue) == (2, 3, 29.0)
    assert reasons == {"missing_customer_id": 1}
    notices = " ".join(intake.counts["transactions"].notices)
    assert "1 of 5 rows of 'pay.csv' have no partner in 'orders.csv'" in notices
    assert "1 rows of 'orders.csv' belong to no row of 'pay.csv'" in notices


def test_inner_join_counts_rows_without_partner(read):
    table = (
        "path: orders.csv, join: [{path: people.csv, on: cust_key, kind: inner}],"
        " columns: {customer_id: person, order_time: day, amount: {sql: '1'}}"
    )
    intake = read({"orders.csv": ORDERS, "people.csv": PEOPLE}, table)
    assert figures(intake) == (2, 3, 3.0, {"no_partner": 1})


def test_rows_keep_their_numbers_through_a_join(read, tmp_path):
    lines = "".join(f"o{i % 3 + 1},{i}\n" for i in range(5000))
    files = {"pay.csv": "order_id,total\n" + lines.replace(",4321\n", ",?\n")}
    table = (
        "path: pay.csv, join: [{path: orders.csv, on: order_id}], max_bad_share: 1,"
        " columns: {customer_id: cust_key, order_time: day, amount: total},"
        " duplicates: keep"
    )
    intake = read(files | {"orders.csv": ORDERS}, table)
    intake.write_quarantine(tmp_path / "bad.csv")
    assert pd.read_csv(tmp_path / "bad.csv").regulars_row.tolist() == [4322]


@pytest.mark.parametrize(
    ("join", "message"),
    [
        (
            "{path: pay.csv, on: order_id}",
            r"'pay.csv' cannot be joined to 'orders.csv': its key 'Order_ID' repeats "
            r"for 1 values .o1 .2 times.*Make 'pay.csv' the 'path'",
        ),
        ("{path: people.csv, on: person}", "'orders.csv' has no column 'person'"),
        ("{path: people.csv, on: {cust_key: k}}", "'people.csv' has no column 'k'"),
        ("{path: nobody.csv, on: cust_key}", "no file 'nobody.csv'"),
        ("{path: people.csv}", r"join\.0\.on' is missing"),
        ("{on: cust_key}", "give either 'path'"),
    ],
)
def test_joins_that_make_no_sense_are_refused(read, join, message):
    files = {"pay.csv": PAYMENTS, "orders.csv": ORDERS, "people.csv": PEOPLE}
    table = (
        f"path: orders.csv, join: [{join}],"
        " columns: {customer_id: cust_key, order_time: day, amount: {sql: '1'}}"
    )
    with pytest.raises(RegularsError, match=message):
        read(files, table)


def test_broken_lines_of_a_joined_file_are_refused(read):
    files = {"orders.csv": ORDERS, "people.csv": PEOPLE + "k4,eve,too,many\n"}
    table = (
        "path: orders.csv, join: [{path: people.csv, on: cust_key}],"
        " columns: {customer_id: person, order_time: day, amount: {sql: '1'}}"
    )
    with pytest.raises(DataError, match=r"1 lines cannot be split.*line 5"):
        read(files, table)


SHOP = """Name,Email,Created at,Status,Total,Item,Item price
#1,ann@x.org,2024-01-01,paid,30,tea,10
#1,,,,,pot,20
#2,bob@x.org,2024-01-02,refunded,8,cup,8
#2,,,,,cup,8
#3,ann@x.org,2024-01-03,paid,5,tea,5
"""
SHOP_KEYS = (
    "path: s.csv, columns: {customer_id: Email, order_time: Created at, amount: Total,"
    " order_id: Name, product_id: Item}"
)
FILL = "fill_down: {by: Name, columns: [Email, Created at, Status]}"


def test_blank_order_lines_are_one_order(read):
    table = f"{SHOP_KEYS}, {FILL}, amount_of: order, where: \"Status = 'paid'\""
    intake = read({"s.csv": SHOP}, table)
    assert figures(intake) == (1, 2, 35.0, {"left_out": 2})
    lines = intake.tables["transactions"].execute()
    assert sorted(lines.product_id) == ["pot", "tea", "tea"]
    assert sorted(lines.amount) == [0, 5, 30]


def test_a_blank_order_number_continues_the_order_above(read):
    blank = SHOP.replace("#1,,", ",,").replace("#2,,", ",,")
    intake = read({"s.csv": blank}, f"{SHOP_KEYS}, {FILL}, amount_of: order")
    assert figures(intake)[:3] == (2, 3, 43.0)
    # a blank line of the order is no line without a day or a customer
    assert figures(intake)[3] == {}


def test_totals_on_every_line_are_counted_once(read):
    rows = (
        "no,cust,day,total,item\n1,a,2024-01-01,30,x\n1,a,2024-01-01,30,y\n"
        "2,b,2024-01-02,-5,x\n2,b,2024-01-02,-5,z\n3,b,2024-01-09,7,x\n"
    )
    columns = f"path: o.csv, {NAMES}, order_id: 'no', product_id: item}}"
    intake = read({"o.csv": rows}, f"{columns}, amount_of: order")
    assert figures(intake)[2] == 32.0
    lines = intake.tables["transactions"].execute()
    # both lines of the refund are returns: none of them is a purchase of 0
    assert lines[lines.order_id == "2"].is_return.all()
    assert (
        read({"o.csv": rows}, columns).counts["transactions"].facts["revenue"] == 57.0
    )


def test_the_line_with_the_total_may_be_left_out(read):
    rows = "no,cust,day,total,item\n1,a,2024-01-01,30,postage\n1,a,2024-01-01,30,y\n"
    columns = f"path: o.csv, {NAMES}, order_id: 'no'}}, amount_of: order"
    intake = read({"o.csv": rows}, f"{columns}, where: \"item <> 'postage'\"")
    assert figures(intake) == (1, 1, 30.0, {"left_out": 1})


@pytest.mark.parametrize(
    ("keys", "error", "message"),
    [
        ("amount_of: order", ConfigError, "no column is mapped to order_id"),
        (
            "fill_down: {by: Nme, columns: [cust]}",
            ConfigError,
            "no column 'Nme'",
        ),
        (
            "fill_down: {by: no, columns: []}",
            ConfigError,
            "fill_down.columns",
        ),
    ],
)
def test_order_settings_that_make_no_sense_are_refused(read, keys, error, message):
    with pytest.raises(error, match=message):
        read({"o.csv": STATUS}, f"path: o.csv, {NAMES}}}, {keys}")


def test_different_amounts_are_no_totals(read):
    rows = "no,cust,day,total\n1,a,2024-01-01,30\n1,a,2024-01-01,20\n"
    with pytest.raises(DataError, match=r"1 orders have lines with different amounts"):
        read(
            {"o.csv": rows}, f"path: o.csv, {NAMES}, order_id: 'no'}}, amount_of: order"
        )
