import csv
import re
from datetime import date, timedelta

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.data.test_numbers import AMOUNTS, styles, written

from regulars.config import TableSettings, parse_settings
from regulars.data.engine import connect
from regulars.data.intake import read_tables
from regulars.data.number_columns import number_sources
from regulars.data.reading import read_raw
from regulars.errors import DataError, RegularsError
from regulars.init.guess import guess_config
from regulars.init.guess_text import render_config
from regulars.init.kinds_guess import guess_kind
from regulars.kinds.labelled.table import read_labelled

FIRST = date(2024, 1, 1)


@pytest.fixture
def log(tmp_path):
    def write(amounts, *, header="amount", mark=";"):
        names = (header,) if isinstance(header, str) else header
        lines = [["customer_id", "date", *names]]
        for i, cells in enumerate(amounts):
            cells = (cells,) if isinstance(cells, str) else cells
            lines.append([f"c{i % 2}", f"{FIRST + timedelta(days=i)}", *cells])
        path = tmp_path / "log.csv"
        with path.open("w", newline="") as file:
            csv.writer(file, delimiter=mark, quoting=csv.QUOTE_ALL).writerows(lines)
        return path

    return write


def init(path):
    return render_config(guess_config(path))


def check(text, **table):
    config = yaml.safe_load(text)
    config["source"]["transactions"] |= table
    settings = parse_settings(yaml.safe_dump(config, allow_unicode=True))
    return read_tables(settings, connect()).counts["transactions"]


def plain(path, column="amount"):
    """Return the configuration of a user who maps the column as it is."""
    return yaml.safe_dump(
        {
            "name": "t",
            "source": {
                "transactions": {
                    "path": str(path),
                    "columns": {"order_time": "date", "amount": column},
                }
            },
        },
        allow_unicode=True,
    )


@pytest.mark.parametrize(
    ("amounts", "mark", "revenue", "n_returns", "currency"),
    [
        (["$1,200.00", "$80.00", "($50.00)", "$20.00"], ",", 1250.0, 1, "USD"),
        (["1,234", "2,500", "0,990"], ";", 4.724, 0, "USD"),
        (["1.234,50 €", "-12,50 €", "3,00 €"], ";", 1225.0, 1, "EUR"),
        (["R$ 1.234,50", "R$ 2,00-", "R$ 3,00"], ";", 1235.5, 1, "BRL"),
        (["₹1,23,456.50", "₹2.00"], ",", 123458.5, 0, "INR"),
        (["£5.00", "\u2212£2.50"], ",", 2.5, 1, "GBP"),
        (["5,50 kr", "7,50 kr"], ";", 13.0, 0, "SEK"),
        (["1\u202f234,50", "5,00"], ";", 1239.5, 0, "USD"),
        (["5.50", "7.25"], ",", 12.75, 0, "USD"),
    ],
)
def test_init_and_check_read_amounts(log, amounts, mark, revenue, n_returns, currency):
    counts = check(init(log(amounts, mark=mark)))
    facts = counts.facts
    assert (facts["revenue"], facts["n_returns"]) == (revenue, n_returns)
    assert (facts["currency"], counts.n_faults) == (currency, 0)


def test_init_asks_where_two_readings_are_left_and_check_refuses_until_set(log):
    text = init(log(["1,234", "2,500"]))
    with pytest.raises(
        DataError, match=r"'1,234' is 1234 or '1,234' is 1.234"
    ) as caught:
        check(text)
    choices = re.findall(r"# (amount: \{sql: .*)", text)
    assert [line.strip() for line in str(caught.value).splitlines()[1:]] == choices
    revenues = [
        check(text.replace("      amount: amount", f"      {choice}")).facts["revenue"]
        for choice in choices
    ]
    assert revenues == [3734.0, 3.734]


@pytest.mark.parametrize(
    ("amounts", "revenue", "name"),
    [
        (["1.234,50 €", "7,00 €"], 1241.5, "amount"),
        (["(5.00)", "7.00"], 2.0, "Total (€)"),
        (["5.00-", "7.00"], 2.0, 'the "best" one'),
        (["1,200.50", "7.00"], 1207.5, "order"),
    ],
)
def test_line_of_a_refusal_can_be_pasted(log, amounts, revenue, name):
    path = log(amounts, header=name)
    with pytest.raises(DataError, match="numbers written for people") as caught:
        check(plain(path, name))
    line = str(caught.value).partition(" by: ")[2]
    columns = {"order_time": "date", **yaml.safe_load(line)}
    assert check(plain(path), columns=columns).facts["revenue"] == revenue


def test_amounts_written_in_two_ways_are_refused_by_init_and_check(log):
    path = log(["1,234.50", "1.234,50", "2,345.50"])
    for step in (init, lambda path: check(plain(path))):
        with pytest.raises(
            DataError, match=r"reads 2, .*reads 1; '1\.234,50' does not"
        ):
            step(path)


def test_a_few_dressed_amounts_among_plain_ones_are_not_set_aside(log):
    with pytest.raises(DataError, match=r"'1,234.50' is 1234.5"):
        check(plain(log([*["5.00"] * 99, "1,234.50"])), max_bad_share=0.5)


def test_values_that_do_not_fit_are_faults(log):
    path = log([*["1,50 €"] * 20, "1.5 €"])
    with pytest.raises(DataError, match=r"'1.5 €' does not fit"):
        init(path)
    counts = check(init(log([*["1,50 €"] * 20, "free"])))
    assert (counts.n_faults, counts.facts["revenue"]) == (1, 30.0)


def test_quantity_and_price_are_read_alike(log):
    path = log(
        [("1.000,5", "R$ 1,50"), ("2", "R$ 2,00"), ("3", "-R$ 10,00")],
        header=("Qty", "Unit Price"),
    )
    text = init(path)
    counts = check(text)
    assert counts.facts["revenue"] == 1000.5 * 1.5 + 4 - 30
    assert set(yaml.safe_load(text)["source"]["transactions"]["columns"]) >= {
        "quantity"
    }


def test_refunds_are_subtracted_where_both_columns_are_dressed(log):
    rows = [("1.234,50 €", "10,00 €" if i % 9 == 0 else "0,00 €") for i in range(30)]
    counts = check(init(log(rows, header=("Total", "Refunded Amount"))))
    assert counts.facts["revenue"] == 30 * 1234.5 - 4 * 10


def test_an_expression_over_dressed_numbers_is_refused_with_the_cure(log):
    path = log([("2", "1,50"), ("3", "2,00")], header=("qty", "price"))
    columns = {"order_time": "date", "amount": {"sql": "qty * price"}}
    with pytest.raises(DataError, match=r"'1,50' is 1.5") as caught:
        check(plain(path), columns=columns)
    line = yaml.safe_load(str(caught.value).partition(" by: ")[2])
    assert check(plain(path), columns=columns | line).facts["revenue"] == 9.0


def test_an_optional_column_is_not_left_empty_in_silence(log):
    path = log([("5", "1.000,50"), ("6", "2,00")], header=("amount", "discount_amount"))
    with pytest.raises(DataError, match=r"discount_amount.*'1\.000,50' is 1000\.5"):
        check(plain(path))


@pytest.mark.parametrize(
    ("header", "currency"),
    [
        ("Total (€)", "EUR"),
        ("amount_eur", "EUR"),
        ("Amount (GBP)", "GBP"),
        ("total_inr", "INR"),
        ("dollars", "USD"),
    ],
)
def test_currency_stands_in_the_name_of_the_column(log, header, currency):
    text = init(log(["5.50", "7.25"], header=header))
    assert yaml.safe_load(text)["source"]["currency"] == currency


def test_currency_stands_in_a_column_of_its_own(log):
    header = ("amount", "Currency")
    rows = [("5,50 kr", "NOK"), ("7,25 kr", "NOK")]
    assert check(init(log(rows, header=header))).facts["currency"] == "NOK"


def test_several_currencies_are_noted_and_refused(log):
    rows = [("5.5", "EUR"), ("7.25", "USD"), ("8.5", "EUR")]
    path = log(rows, header=("amount", "Currency"))
    text = init(path)
    assert "EUR 2 rows, USD 1 row" in text
    with pytest.raises(
        DataError, match=r"2 currencies .EUR 2 rows, USD 1 row"
    ) as caught:
        check(text)
    kept, converted = re.findall(r'where: (".*?")', str(caught.value))
    assert check(text, where=yaml.safe_load(kept)).facts["revenue"] == 14.0
    assert check(text, where=yaml.safe_load(converted)).facts["revenue"] == 21.25


def test_price_of_a_contract_is_read(tmp_path):
    rows = [f'c{i};2023-01-{i + 1:02d};;"{i},50 €"' for i in range(20)]
    path = tmp_path / "contracts.csv"
    path.write_text("\n".join(["customer_id;start_date;end_date;monthly_fee", *rows]))
    text = guess_kind(path).text
    source = yaml.safe_load(text)["source"]
    assert source["currency"] == "EUR"
    assert "sql" in source["subscriptions"]["columns"]["monthly_amount"]


def test_labelled_table_reads_its_numbers(tmp_path):
    rows = [f'"{i}.000,50 €";{"yes" if i % 3 else "no"}' for i in range(1, 40)]
    (tmp_path / "a.csv").write_text("\n".join(["charges;left", *rows, "free;no"]))
    table = read_labelled(
        parse_settings(
            "name: x\nchurn: {kind: labelled, labelled: {label: left, positive: yes, "
            f"path: {tmp_path}/a.csv}}}}"
        )
    )
    assert table.attributes["charges"].tolist()[:2] == [1000.5, 2000.5]
    assert table.columns[0].strays == ("free",)
    assert "'charges' was read as numbers" in str(table.summary)


def test_labelled_table_with_two_readings_is_refused(tmp_path):
    rows = [f'"{i},{200 + i}";{"yes" if i % 3 else "no"}' for i in range(1, 40)]
    (tmp_path / "a.csv").write_text("\n".join(["charges;left", *rows]))
    text = (
        "name: x\nchurn: {kind: labelled, labelled: {label: left, positive: yes, "
        f"path: {tmp_path}/a.csv}}}}"
    )
    with pytest.raises(
        DataError, match=r"'charges' can be read in two ways.*labelled.drop"
    ):
        read_labelled(parse_settings(text))


def test_a_text_column_used_as_text_is_left_alone(log, tmp_path):
    raw = read_raw(
        "transactions", TableSettings(path=str(log(["1,50"]))), connect(), tmp_path
    )
    assert number_sources(_sql("replace(amount, ',', '.')::DOUBLE"), raw) == ()
    assert len(number_sources(_sql("amount * 2"), raw)) == 1


def _sql(text):
    return TableSettings(path="x", columns={"amount": {"sql": text}}).columns["amount"]


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(units=AMOUNTS, style=styles(), mark=st.sampled_from(",;\t"))
def test_init_reads_back_what_was_written_or_is_refused(log, units, style, mark):
    texts = [written(each, style) for each in units]
    try:
        counts = check(init(log(texts, mark=mark)), duplicates="keep")
    except RegularsError:
        return
    meant = sum(float(f"{each}e-{style['places']}") for each in units)
    assert counts.rows_kept == len(units)
    assert counts.facts["revenue"] == pytest.approx(meant, abs=1e-3)
    assert counts.facts["n_returns"] == sum(each < 0 for each in units)
