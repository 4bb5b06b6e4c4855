"""Every kind of bad input has its own reason, count and message."""

from __future__ import annotations

import json
from datetime import date, datetime

import ibis
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.data.logs import GOOD, HEADER, TODAY, frame, lines, reasons, records

from regulars.config import parse_settings
from regulars.data.engine import connect
from regulars.data.intake import normalise, read_tables
from regulars.errors import ConfigError, DataError


def test_clean_columns_have_their_types(read):
    table = read(lines(*GOOD)).tables["transactions"]
    types = {name: str(kind) for name, kind in table.schema().items()}
    assert types["customer_id"] == "string"
    assert types["order_time"].startswith("timestamp")
    assert "UTC" not in types["order_time"]
    assert types["order_date"] == "date"
    assert types["amount"] == "float64"
    assert types["is_return"] == "boolean"


BAD = (
    (",2024-01-03,5", "missing_customer_id"),
    ("  ,2024-01-03,5", "missing_customer_id"),
    ("NULL,2024-01-03,5", "missing_customer_id"),
    ("c9,,5", "missing_order_time"),
    ("c9,2024-02-30,5", "order_time_unreadable"),
    ("c9,yesterday,5", "order_time_unreadable"),
    ("c9,0024-01-03,5", "order_time_impossible"),
    ("c9,1899-12-31,5", "order_time_impossible"),
    ("c9,2100-01-01,5", "order_time_impossible"),
    ("c9,2025-01-03,5", "in_the_future"),
    ("c9,2024-01-03,", "missing_amount"),
    ("c9,2024-01-03,five", "amount_not_a_number"),
    ("c9,2024-01-03,1_000", "amount_not_a_number"),
    ("c9,2024-01-03,NaN", "amount_not_finite"),
    ("c9,2024-01-03,-inf", "amount_not_finite"),
    ("c9,2024-01-03,1e300", "amount_implausible"),
    ("c1,2024-01-01,5", "duplicate"),
    ("c9,2024-01-03", "malformed_line"),
    ("c9,2024-01-03,5,6", "malformed_line"),
)


@pytest.fixture(scope="module")
def quarantined(tmp_path_factory):
    """Read all bad rows among two good ones; return intake and quarantine."""
    folder = tmp_path_factory.mktemp("bad")
    file = folder / "log.csv"
    file.write_text(lines(*GOOD, *(row for row, _ in BAD)))
    text = f"name: t\nsource: {{transactions: {{path: '{file}', max_bad_share: 1.0}}}}"
    intake = read_tables(
        parse_settings(text), connect(), today=TODAY, quarantine=folder / "q.csv"
    )
    return intake, {row["regulars_row"]: row for row in records(folder / "q.csv")}


@pytest.mark.parametrize(
    ("number", "row", "reason"),
    [(number, row, reason) for number, (row, reason) in enumerate(BAD, start=3)],
)
def test_bad_row_is_set_aside_with_its_reason(quarantined, number, row, reason):
    _, rows = quarantined
    assert rows[str(number)]["regulars_reason"] == reason
    assert rows[str(number)]["regulars_line"] in {"", row}


def test_every_row_is_kept_or_set_aside(quarantined):
    intake, rows = quarantined
    counts = intake.counts["transactions"]
    assert counts.rows_kept == len(GOOD)
    assert counts.rows_set_aside == len(BAD) == len(rows)
    assert counts.rows_in == len(GOOD) + len(BAD)
    assert sum(reason.rows for reason in counts.reasons) == len(BAD)


def test_first_reason_counts_when_a_row_has_several(read):
    assert reasons(read(lines(*GOOD, ",never,x"))) == {"missing_customer_id": 1}


def test_tomorrow_is_not_the_future(read):
    assert reasons(read(lines("c1,2025-01-02,5"))) == {}


def test_ids_keep_leading_zeros_and_lose_outer_blanks(read):
    table = frame(read(lines("007,2024-01-01,5", " 007 ,2024-01-02,5"))).execute()
    assert table.customer_id.tolist() == ["007", "007"]


def test_naive_time_is_read_in_the_configured_zone(read):
    zone = "  time_zone: Europe/Berlin"
    intake = read(lines("c1,2024-07-01 00:30,5"), source=zone)
    row = frame(intake).execute().iloc[0]
    assert row.order_time.to_pydatetime() == datetime(2024, 6, 30, 22, 30)
    assert str(row.order_date)[:10] == "2024-07-01"


def test_time_with_offset_gets_the_day_of_the_configured_zone(read):
    intake = read(
        lines("c1,2024-07-01T23:30:00Z,5", "c2,2024-07-01 10:00:00+05:30,5"),
        source="  time_zone: Europe/Berlin",
    )
    table = frame(intake).execute()
    assert [str(day)[:10] for day in table.order_date] == ["2024-07-01", "2024-07-02"]
    assert table.order_time.iloc[0].to_pydatetime() == datetime(2024, 7, 1, 4, 30)


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2024-03-31 02:30", datetime(2024, 3, 31, 1, 30)),
        ("2024-10-27 02:30", datetime(2024, 10, 27, 1, 30)),
    ],
)
def test_skipped_and_doubled_hours_follow_the_documented_rule(read, local, utc):
    intake = read(lines(f"c1,{local},5"), source="  time_zone: Europe/Berlin")
    row = frame(intake).execute().iloc[0]
    assert row.order_time.to_pydatetime() == utc
    assert str(row.order_date)[:10] == local[:10]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("20240131", None),
        ("2024/01/31", None),
        ("31.01.2024", "%d.%m.%Y"),
        ("01/31/2024 8:05", "%m/%d/%Y %H:%M"),
        ("31-Jan-24", "%d-%b-%y"),
    ],
)
def test_time_is_read_in_the_form_it_has(read, text, form):
    intake = read(lines(f"c1,{text},5"))
    assert str(frame(intake).execute().order_date.iloc[0])[:10] == "2024-01-31"
    notices = intake.counts["transactions"].notices
    assert notices == ((f"order_time was read as '{form}'.",) if form else ())


def test_ambiguous_dates_are_refused(read):
    with pytest.raises(DataError, match=r"can be read in two ways.*'03/04/2024'"):
        read(lines("c1,03/04/2024,5", "c2,05/06/2024,5"))


def test_ambiguous_dates_are_read_when_the_format_is_stated(read):
    intake = read(lines("c1,03/04/2024,5"), extra="    time_format: '%d/%m/%Y'")
    assert intake.cutoff == date(2024, 4, 4)


@pytest.mark.parametrize("form", ["%Q", "yyyy-mm-dd", ""])
def test_time_format_that_is_none_is_refused(read, form):
    with pytest.raises(ConfigError, match="is not a strptime format"):
        read(lines(*GOOD), extra=f"    time_format: '{form}'")


def test_empty_lines_before_the_header_are_passed_over(read):
    assert read("\n\n" + lines(*GOOD)).counts["transactions"].rows_in == 2


def test_mixed_forms_of_dates_are_refused(read):
    with pytest.raises(DataError, match="mixes ways of writing times"):
        read(lines("c1,31/12/2024,5", "c2,12/31/2024,5", "c3,30/12/2024,1"))


def test_rows_after_the_stated_cutoff_are_set_aside_without_fault(read):
    intake = read(lines(*GOOD), top="time: {cutoff: 2024-01-02}")
    (reason,) = intake.counts["transactions"].reasons
    assert (reason.reason, reason.rows, reason.is_fault) == ("after_cutoff", 1, False)
    assert intake.cutoff == date(2024, 1, 2)


def test_cutoff_is_the_day_after_the_last_record_when_none_is_stated(read):
    assert read(lines(*GOOD)).cutoff == date(2024, 1, 3)


def test_negative_amount_is_a_return(read):
    table = frame(read(lines("c1,2024-01-01,-5", "c1,2024-01-02,0"))).execute()
    assert table.is_return.tolist() == [True, False]


def test_flagged_return_with_positive_amount_becomes_negative_and_is_counted(read):
    intake = read(
        lines("c1,2024-01-01,5,yes", "c2,2024-01-02,5,", header=HEADER + ",is_return")
    )
    assert frame(intake).execute().amount.tolist() == [-5.0, 5.0]
    notices = intake.counts["transactions"].notices
    assert notices == ("Flagged returns with a positive amount, made negative: 1.",)


def test_unknown_flag_is_a_fault(read):
    rows = ("c1,2024-01-01,5,maybe", "c2,2024-01-01,5,no")
    intake = read(lines(*rows, header=HEADER + ",is_return"))
    assert reasons(intake) == {"is_return_not_a_flag": 1}


def test_unreadable_optional_value_is_left_empty_and_counted(read):
    intake = read(lines("c1,2024-01-01,5,two", header=HEADER + ",quantity"))
    assert frame(intake).execute().quantity.isna().all()
    assert intake.counts["transactions"].notices == (
        "Values of quantity that cannot be read, left empty: 1.",
    )


def test_duplicates_are_kept_when_asked_and_still_told(read):
    intake = read(lines(GOOD[0], GOOD[0]), extra="    duplicates: keep")
    counts = intake.counts["transactions"]
    assert counts.rows_kept == 2
    assert counts.notices == (
        "Exact copies of earlier rows: 1, kept, as 'duplicates' says.",
    )


def test_rows_equal_in_mapped_columns_only_are_not_duplicates(read):
    header = HEADER + ",note"
    assert reasons(read(lines(GOOD[0] + ",a", GOOD[0] + ",b", header=header))) == {}


def test_missing_file_is_refused(read):
    with pytest.raises(ConfigError, match="There is no file"):
        read(None)


def test_summary_is_json_and_says_what_the_log_is(read):
    header = HEADER + ",order_id"
    intake = read(
        lines(
            "c1,2024-01-01,5,a",
            "c1,2024-01-01,0,a",
            "c2,2024-01-03,-2,b",
            header=header,
        )
    )
    summary = json.loads(json.dumps(intake.summary()))
    facts = summary["tables"]["transactions"]
    expected = {
        "first_order": "2024-01-01", "last_order": "2024-01-03", "n_customers": 2,
        "n_orders": 2, "revenue": 3.0, "currency": "USD", "n_returns": 1,
        "returns_amount": 2.0, "n_zero_amount": 1, "rows_in": 3,
    }  # fmt: skip
    assert {key: facts[key] for key in expected} == expected
    assert summary["cutoff"] == "2024-01-04"


def test_sql_columns_are_worked_out_row_by_row(read):
    text = lines(
        "536,17,6,2.55,2024-01-01",
        "C537,18,-1,2.00,2024-01-02",
        "538,19,x,2.00,2024-01-03",
        header="InvoiceNo,Cust,Quantity,Unit Price,When",
    )
    columns = """    columns:
      customer_id: Cust
      order_time: When
      amount: {sql: 'Quantity * "Unit Price"'}
      is_return: {sql: "InvoiceNo LIKE 'C%'"}"""
    intake = read(text, extra=columns)
    table = frame(intake).execute()
    assert table.amount.tolist() == pytest.approx([15.3, -2.0])
    assert table.is_return.tolist() == [False, True]
    assert reasons(intake) == {"missing_amount": 1}


def test_table_of_a_database_is_read_and_not_written_to(tmp_path):
    path = tmp_path / "shop.duckdb"
    writer = connect(f"duckdb://{path}", read_only=False)
    writer.raw_sql("CREATE SCHEMA shop.shop")
    writer.raw_sql(
        "CREATE TABLE shop.shop.orders AS SELECT 7.0::DOUBLE AS customer_id, "
        "20240101 AS order_time, 5::DECIMAL(10,2) AS amount "
        "UNION ALL SELECT 'nan'::DOUBLE, 20240102, 6"
    )
    writer.disconnect()
    text = f"""
    name: t
    source: {{engine: 'duckdb://{path}', transactions: {{table: shop.orders}}}}
    """
    settings_ = parse_settings(text)
    intake = read_tables(settings_, connect(settings_.source.engine), today=TODAY)
    assert frame(intake).execute().customer_id.tolist() == [7]
    assert reasons(intake) == {"missing_customer_id": 1}
    wrong = parse_settings(text.replace("shop.orders", "shop.order"))
    with pytest.raises(ConfigError, match=r"no table 'shop\.order'.*shop\.orders"):
        read_tables(wrong, connect(wrong.source.engine))


def test_other_tables_are_read_by_their_contracts(tmp_path):
    (tmp_path / "t.csv").write_text(lines(*GOOD))
    (tmp_path / "s.csv").write_text("customer_id,answered_at,score\nc1,2024-01-05,9\n")
    (tmp_path / "c.csv").write_text("customer_id,known_from,age\nc1,2024-01-01,40\n")
    text = f"""
    name: t
    source:
      transactions: {{path: '{tmp_path}/t.csv'}}
      surveys: {{path: '{tmp_path}/s.csv'}}
      customers: {{path: '{tmp_path}/c.csv', columns: {{age_band: age}}}}
    """
    intake = read_tables(parse_settings(text), connect(), today=TODAY)
    surveys = intake.tables["surveys"].execute()
    assert str(surveys.answered_date.iloc[0])[:10] == "2024-01-05"
    assert intake.tables["customers"].execute().age_band.tolist() == ["40"]


def test_score_outside_its_range_is_a_fault(tmp_path):
    (tmp_path / "s.csv").write_text("customer_id,answered_at,score\nc1,2024-01-05,11\n")
    text = f"name: t\nsource: {{surveys: {{path: '{tmp_path}/s.csv'}}}}"
    with pytest.raises(DataError, match="1 with score outside its plausible range"):
        read_tables(parse_settings(text), connect())


def test_normalised_history_equals_the_same_rows_of_a_file(read):
    rows = ["c1,2024-01-01 23:30,5", "c2,20240102,-7", "c3,2024-01-03T01:00:00Z,0"]
    zone = "Europe/Berlin"
    read_in = frame(read(lines(*rows), source=f"  time_zone: {zone}")).execute()
    cells = [row.split(",") for row in rows]
    names = HEADER.split(",")
    history = {name: [cell[i] for cell in cells] for i, name in enumerate(names)}
    clean = normalise(ibis.memtable(history), time_zone=zone)
    clean = clean.order_by(["order_time", "customer_id"]).execute()
    assert clean.astype(str).to_dict() == read_in.astype(str).to_dict()


def test_normalised_history_tells_faults_when_asked():
    table = ibis.memtable(
        {"customer_id": ["a"], "order_time": ["never"], "amount": [1.0]}
    )
    assert normalise(table).count().execute() == 0
    faults = normalise(table, with_fault=True).fault.execute()
    assert faults.tolist() == ["order_time_unreadable"]


def test_normalised_history_without_amounts_is_refused():
    table = ibis.memtable({"customer_id": ["a"], "order_time": ["20240101"]})
    with pytest.raises(DataError, match="have no amount"):
        normalise(table)


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["c1", "c2", "", " c3"]),
        st.sampled_from(["2024-01-01", "2024-02-30", "20240105", "2024-01-06 10:00"]),
        st.sampled_from(["5", "-1", "x", "nan", "0"]),
    ),
    min_size=1,
    max_size=12,
)


def outcome(paths):
    text = (
        f"name: t\nsource: {{transactions: {{path: '{paths}', max_bad_share: 1.0, "
        "columns: {}}}"
    )
    try:
        intake = read_tables(parse_settings(text), connect(), today=TODAY)
    except DataError:
        return None
    kept = intake.tables["transactions"].execute().astype(str)
    return sorted(map(tuple, kept.to_numpy().tolist())), reasons(intake)


@pytest.mark.slow
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=ROWS, cut=st.integers(0, 12), seed=st.randoms(use_true_random=False))
def test_splitting_and_shuffling_a_file_changes_nothing(
    tmp_path_factory, rows, cut, seed
):
    folder = tmp_path_factory.mktemp("split")
    texts = [",".join(row) for row in rows]
    (folder / "whole.csv").write_text(lines(*texts))
    seed.shuffle(texts)
    (folder / "part1.csv").write_text(lines(*texts[:cut]))
    (folder / "part2.csv").write_text(lines(*texts[cut:]))
    assert outcome(f"{folder}/part*.csv") == outcome(f"{folder}/whole.csv")
