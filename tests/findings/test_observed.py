from __future__ import annotations

from datetime import date

import pytest

from regulars.config import parse_settings
from regulars.data.engine import connect
from regulars.data.intake import read_tables
from regulars.findings.rules import observed_log

LOG = """customer_id,day,amount,order_id
a,2024-01-01,5,1
a,2024-01-01,7,2
b,2024-01-02,-3,3
"""


@pytest.fixture
def observe(tmp_path):
    """Return the log of a file, with settings of the table and its columns."""

    def call(table="", columns="", text=LOG):
        (tmp_path / "a.csv").write_text(text)
        settings = parse_settings(
            f"name: x\nsource: {{transactions: {{path: '{tmp_path}/a.csv', {table} "
            f"columns: {{order_time: day, {columns}}}}}}}"
        )
        return observed_log(read_tables(settings, connect()), settings)

    return call


def test_log_is_summed_up_by_customer_and_by_day(observe):
    log = observe()
    expected = {"n_customers": 2, "n_rows": 3, "n_bought": 2, "n_buyers": 1}
    assert expected.items() <= log.totals.items()
    assert log.days["n_rows"].tolist() == [2, 1]
    assert log.days["n_buyers"].tolist() == [1, 0]


def test_stray_days_are_left_out_of_the_days(observe):
    rows = "".join(f"a,2024-01-{n:02},5,{n}\n" for n in range(1, 29))
    log = observe(text=f"customer_id,day,amount,order_id\nb,1970-01-01,5,0\n{rows}")
    assert log.all_days.index[0].date() == date(1970, 1, 1)
    assert log.days.index[0].date() == date(2024, 1, 1)


def test_source_of_a_column_is_its_name_or_its_expression(observe):
    log = observe(columns="customer_id: {sql: 'lower(customer_id)'}")
    assert log.source_sql("customer_id") == "(lower(customer_id))"
    assert log.source_sql("order_time") == "day"
    assert log.source_sql("product_id") is None


def test_condition_is_added_to_the_one_that_is_set(observe):
    assert observe().where("x > 1") == "x > 1"
    assert observe(table="where: 'order_id > 0',").where("x > 1") == (
        "(order_id > 0) AND (x > 1)"
    )
