"""Orders of several lines whose own fields stand once."""

import pytest
from tests.data.logs import NAMES, figures
from tests.data.test_rows_to_read import STATUS

from regulars.errors import ConfigError, DataError

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


def test_blank_order_lines_are_one_order(read_files):
    table = f"{SHOP_KEYS}, {FILL}, amount_of: order, where: \"Status = 'paid'\""
    intake = read_files({"s.csv": SHOP}, table)
    assert figures(intake) == (1, 2, 35.0, {"left_out": 2})
    lines = intake.tables["transactions"].execute()
    assert sorted(lines.product_id) == ["pot", "tea", "tea"]
    assert sorted(lines.amount) == [0, 5, 30]


def test_a_blank_order_number_continues_the_order_above(read_files):
    blank = SHOP.replace("#1,,", ",,").replace("#2,,", ",,")
    intake = read_files({"s.csv": blank}, f"{SHOP_KEYS}, {FILL}, amount_of: order")
    assert figures(intake)[:3] == (2, 3, 43.0)
    # a blank line of the order is no line without a day or a customer
    assert figures(intake)[3] == {}


def test_totals_on_every_line_are_counted_once(read_files):
    rows = (
        "no,cust,day,total,item\n1,a,2024-01-01,30,x\n1,a,2024-01-01,30,y\n"
        "2,b,2024-01-02,-5,x\n2,b,2024-01-02,-5,z\n3,b,2024-01-09,7,x\n"
    )
    columns = f"path: o.csv, {NAMES}, order_id: 'no', product_id: item}}"
    intake = read_files({"o.csv": rows}, f"{columns}, amount_of: order")
    assert figures(intake)[2] == 32.0
    lines = intake.tables["transactions"].execute()
    # both lines of the refund are returns: none of them is a purchase of 0
    assert lines[lines.order_id == "2"].is_return.all()
    assert (
        read_files({"o.csv": rows}, columns).counts["transactions"].facts["revenue"]
        == 57.0
    )


def test_the_line_with_the_total_may_be_left_out(read_files):
    rows = "no,cust,day,total,item\n1,a,2024-01-01,30,postage\n1,a,2024-01-01,30,y\n"
    columns = f"path: o.csv, {NAMES}, order_id: 'no'}}, amount_of: order"
    intake = read_files({"o.csv": rows}, f"{columns}, where: \"item <> 'postage'\"")
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
def test_order_settings_that_make_no_sense_are_refused(
    read_files, keys, error, message
):
    with pytest.raises(error, match=message):
        read_files({"o.csv": STATUS}, f"path: o.csv, {NAMES}}}, {keys}")


def test_different_amounts_are_no_totals(read_files):
    rows = "no,cust,day,total\n1,a,2024-01-01,30\n1,a,2024-01-01,20\n"
    with pytest.raises(DataError, match=r"1 orders have lines with different amounts"):
        read_files(
            {"o.csv": rows}, f"path: o.csv, {NAMES}, order_id: 'no'}}, amount_of: order"
        )
