from datetime import date, timedelta

import pytest

from regulars.config import parse_settings
from regulars.data.engine import connect
from regulars.data.intake import read_tables
from regulars.errors import ConfigError
from regulars.init.guess import guess_config
from regulars.init.guess_text import render_config

DAYS = [date(2023, 1, 1) + timedelta(days=i) for i in range(400)]


def write(folder, header, row, n=400):
    text = "\n".join([header, *(row(i, DAYS[i % 400]) for i in range(n))])
    (folder / "log.csv").write_text(text + "\n")
    return str(folder / "log.csv")


def sources(guess):
    return {k: getattr(v, "sql", v) for k, v in guess.columns.items()}


def test_retail_export_is_recognised(tmp_path):
    path = write(
        tmp_path,
        "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
        lambda i, day: (
            f"{'C' if i % 10 == 0 else ''}{5000 + i},8512{i % 7}A,"
            f"{-1 if i % 10 == 0 else 2},{day.month}/{day.day}/{day.year} 8:26,2.55,"
            f"{'' if i % 5 == 1 else 17000 + i % 40},United Kingdom"
        ),
    )
    guess = guess_config(path)
    assert sources(guess) == {
        "order_time": "InvoiceDate",
        "amount": "Quantity * UnitPrice",
        "customer_id": "CustomerID",
        "order_id": "InvoiceNo",
        "product_id": "StockCode",
        "quantity": "Quantity",
        "is_return": "InvoiceNo LIKE 'C%'",
    }
    assert guess.time_format == "%m/%d/%Y %H:%M"
    assert "20.0% of the rows name no customer" in render_config(guess)


def test_guessed_configuration_runs(tmp_path):
    path = write(
        tmp_path,
        "household_id;date;dollars",
        lambda i, day: f"{i % 50:03d};{day:%d.%m.%Y};{i}.50",
    )
    settings = parse_settings(render_config(guess_config(path)))
    intake = read_tables(settings, connect())
    assert intake.counts["transactions"].rows_kept == 400
    assert settings.source.currency == "USD"


def test_amount_written_for_people_gets_its_expression(tmp_path):
    path = write(
        tmp_path,
        "cust;when;Betrag;total",
        lambda i, day: f"k{i % 50};{day};x;{i},50",
    )
    guess = guess_config(path)
    assert sources(guess)["amount"].startswith("read_number(total")
    intake = read_tables(parse_settings(render_config(guess)), connect())
    assert intake.counts["transactions"].facts["revenue"] == sum(range(400)) + 200


def test_file_without_header_is_guessed_by_contents(tmp_path):
    guess = guess_config("package:lifetimes/datasets/CDNOW_sample.txt")
    assert sources(guess) == {
        "order_time": "column3",
        "customer_id": "column1",
        "amount": "column5",
    }
    assert guess.duplicates == "keep"


def test_ambiguous_dates_are_left_to_the_user(tmp_path):
    path = write(
        tmp_path,
        "customer,date,amount",
        lambda i, day: f"{i % 9},{i % 12 + 1:02d}/{(i // 12) % 12 + 1:02d}/2023,5",
    )
    guess = guess_config(path)
    assert guess.time_choices == ("%d/%m/%Y", "%m/%d/%Y")
    assert '# time_format: "%d/%m/%Y"' in render_config(guess)


def test_order_number_shared_by_customers_is_no_order_number(tmp_path):
    path = write(
        tmp_path,
        "customer,date,amount,order_id",
        lambda i, day: f"c{i % 50},{day},5,{i % 3}",
    )
    assert "order_id" not in guess_config(path).columns


@pytest.mark.parametrize(
    ("header", "missing"),
    [("customer,date,city", "the amount"), ("customer,city,amount", "the time")],
)
def test_what_cannot_be_found_is_asked_for(tmp_path, header, missing):
    path = write(tmp_path, header, lambda i, day: f"c{i % 50},{_cell(header, day)}")
    with pytest.raises(ConfigError, match=f"{missing}.*Its columns are 'customer'"):
        guess_config(path)


def _cell(header, day):
    return f"{day},Rome" if "date" in header else "Rome,5"
