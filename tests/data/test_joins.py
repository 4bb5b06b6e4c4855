"""Files that belong together become one table."""

import pandas as pd
import pytest
from tests.data.logs import figures

from regulars.errors import DataError, RegularsError

ORDERS = """order_id,cust_key,day
o1,k1,2024-01-01
o2,k2,2024-01-02
o3,k3,2024-02-01
o4,k9,2024-02-03
"""


PEOPLE = "cust_key,person\nk1,ann\nk2,bob\nk3,ann\n"


PAYMENTS = "Order_ID,total,day\no1,5,x\no1,7,x\no2,8,x\no3,9,x\no5,1,x\n"


def test_three_files_are_one_log(read_files):
    """As Olist has them: payments, their orders, and who the orders' ids are."""
    table = (
        "path: pay.csv, join: [{path: orders.csv, on: {order_id: order_id}},"
        " {path: people.csv, on: cust_key}], columns: {customer_id: person,"
        " order_time: day (orders), amount: total, order_id: order_id}"
    )
    files = {"pay.csv": PAYMENTS, "orders.csv": ORDERS, "people.csv": PEOPLE}
    intake = read_files(files, table)
    customers, orders, revenue, reasons = figures(intake)
    assert (customers, orders, revenue) == (2, 3, 29.0)
    assert reasons == {"missing_customer_id": 1}
    notices = " ".join(intake.counts["transactions"].notices)
    assert "1 of 5 rows of 'pay.csv' have no partner in 'orders.csv'" in notices
    assert "1 rows of 'orders.csv' belong to no row of 'pay.csv'" in notices


def test_inner_join_counts_rows_without_partner(read_files):
    table = (
        "path: orders.csv, join: [{path: people.csv, on: cust_key, kind: inner}],"
        " columns: {customer_id: person, order_time: day, amount: {sql: '1'}}"
    )
    intake = read_files({"orders.csv": ORDERS, "people.csv": PEOPLE}, table)
    assert figures(intake) == (2, 3, 3.0, {"no_partner": 1})


def test_rows_keep_their_numbers_through_a_join(read_files, tmp_path):
    lines = "".join(f"o{i % 3 + 1},{i}\n" for i in range(5000))
    files = {"pay.csv": "order_id,total\n" + lines.replace(",4321\n", ",?\n")}
    table = (
        "path: pay.csv, join: [{path: orders.csv, on: order_id}], max_bad_share: 1,"
        " columns: {customer_id: cust_key, order_time: day, amount: total},"
        " duplicates: keep"
    )
    intake = read_files(files | {"orders.csv": ORDERS}, table)
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
def test_joins_that_make_no_sense_are_refused(read_files, join, message):
    files = {"pay.csv": PAYMENTS, "orders.csv": ORDERS, "people.csv": PEOPLE}
    table = (
        f"path: orders.csv, join: [{join}],"
        " columns: {customer_id: cust_key, order_time: day, amount: {sql: '1'}}"
    )
    with pytest.raises(RegularsError, match=message):
        read_files(files, table)


def test_broken_lines_of_a_joined_file_are_refused(read_files):
    files = {"orders.csv": ORDERS, "people.csv": PEOPLE + "k4,eve,too,many\n"}
    table = (
        "path: orders.csv, join: [{path: people.csv, on: cust_key}],"
        " columns: {customer_id: person, order_time: day, amount: {sql: '1'}}"
    )
    with pytest.raises(DataError, match=r"1 lines cannot be split.*line 5"):
        read_files(files, table)
