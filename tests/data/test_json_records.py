import gzip
import json
import time
from datetime import date

import pytest

from regulars.config import TableSettings, parse_settings
from regulars.data.engine import connect
from regulars.data.intake import read_tables
from regulars.data.reading import read_raw
from regulars.errors import DataError
from regulars.kinds.labelled.table import read_labelled

A = {"customer_id": "007", "order_time": "2024-01-02", "amount": 5.5}
B = {"customer_id": 7, "order_time": "2024-01-03", "amount": 1200}
TABLE = [["007", "2024-01-02", "5.5"], ["7", "2024-01-03", "1200"]]


def raw_of(path, tmp_path):
    settings = TableSettings(path=str(path))
    return read_raw("transactions", settings, connect(), tmp_path)


def rows_of(path, tmp_path):
    rows = raw_of(path, tmp_path).table.drop("__file").to_pyarrow().to_pylist()
    return [list(row.values()) for row in rows]


def lines(*records):
    return "".join(json.dumps(record) + "\n" for record in records)


FORMS = {
    "list": json.dumps([A, B]),
    "indented list": json.dumps([A, B], indent=2),
    "one a line": lines(A, B),
    "one a line, blank lines": "\n" + lines(A) + "\n\n" + lines(B).strip(),
    "one a line, commas": json.dumps(A) + ",\n" + json.dumps(B) + "\n",
    "Windows lines": lines(A, B).replace("\n", "\r\n"),
    "byte order mark": "\ufeff" + json.dumps([A, B]),
    "indented, one after the other": json.dumps(A, indent=1) + json.dumps(B, indent=1),
    "envelope": json.dumps({"orders": [A, B], "next": None, "count": 2}),
    "indented envelope": json.dumps({"data": [A, B]}, indent=2),
    "envelope, one a line": '{"data": [\n' + f"{json.dumps(A)},\n{json.dumps(B)}\n]}}",
    "envelope in an envelope": json.dumps({"data": {"orders": [A, B]}, "errors": []}),
    "pandas table": json.dumps({"schema": {"fields": [{"name": "a"}]}, "data": [A, B]}),
}


@pytest.mark.parametrize("name", ["a.json", "a.csv", "a.txt"])
@pytest.mark.parametrize("form", FORMS)
def test_forms_of_json_are_read_alike(tmp_path, form, name):
    (tmp_path / name).write_text(FORMS[form], newline="")
    assert rows_of(tmp_path / name, tmp_path) == TABLE


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.jsonl.gz", "a.json.gz"])
def test_endings_of_lines_and_gzip_are_read(tmp_path, name):
    data = lines(A, B).encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if "gz" in name else data)
    assert rows_of(tmp_path / name, tmp_path) == TABLE


def test_utf16_json_is_read(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([A, B]), encoding="utf-16")
    assert rows_of(tmp_path / "a.json", tmp_path) == TABLE


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567890123456789012, "1234567890123456789012"),
        (9007199254740993, "9007199254740993"),
        ("0012", "0012"),
        (12.0, "12"),
        (0.1, "0.1"),
        (-5, "-5"),
        (True, "true"),
        (None, None),
        ("", None),
        ("a\x1fb", "a\x1fb"),
        ("a\r\nb", "a\nb"),
        ('say "a, b"', 'say "a, b"'),
        ("é€", "é€"),
        ([1, "a"], '[1, "a"]'),
        ([], None),
        ({}, None),
    ],
)
def test_values_become_text(tmp_path, value, text):
    (tmp_path / "a.json").write_text(json.dumps([{"id": "x", "v": value}, {"id": "y"}]))
    assert rows_of(tmp_path / "a.json", tmp_path) == [["x", text], ["y", None]]


def test_objects_inside_become_columns(tmp_path):
    record = {"id": 1, "customer": {"id": 7, "address": {"city": "Bonn"}}}
    (tmp_path / "a.jsonl").write_text(lines(record, {"id": 2, "customer": None}))
    raw = raw_of(tmp_path / "a.jsonl", tmp_path)
    assert raw.columns[:3] == ("id", "customer.id", "customer.address.city")
    assert raw.table["customer.id"].to_pyarrow().to_pylist() == ["7", None]


@pytest.mark.parametrize(
    "sql", ["customer.address.zip", '"customer.address.zip"', "left(customer.id, 9)"]
)
def test_column_of_an_object_can_be_used_in_an_expression(tmp_path, sql):
    inner = {"id": "k7", "address": {"zip": "k7"}}
    (tmp_path / "a.json").write_text(json.dumps([{"id": 1, "customer": inner, **A}]))
    settings = parse_settings(
        f"name: t\nsource: {{transactions: {{path: '{tmp_path}/a.json', columns: "
        f"{{customer_id: {{sql: '{sql}'}}}}}}}}"
    )
    intake = read_tables(settings, connect(), today=date(2025, 1, 1))
    ids = intake.tables["transactions"].customer_id.to_pyarrow().to_pylist()
    assert ids == ["k7"]


def test_field_that_comes_late_is_a_column_of_all(tmp_path):
    records = [{"id": n} for n in range(2_000)] + [{"id": 2_000, "late": "x"}]
    (tmp_path / "a.jsonl").write_text(lines(*records))
    table = raw_of(tmp_path / "a.jsonl", tmp_path).table.execute()
    assert len(table) == 2_001
    assert table.late.notna().sum() == 1
    assert table.id.tolist() == [str(n) for n in range(2_001)]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('[{"a": 1},\n{"a": 2', r"up to record 1\. .*line 2, column"),
        ('[{"a": 1}, {"a": 2}', r"up to record 2\. The list does not end here"),
        ('[{"a": 1}] [{"a": 2}]', "does not end here"),
        ('[{"a": 1}, null]', r"member 2 of its list is null"),
        ("[[1, 2], [3, 4]]", "member 1 of its list is a list"),
        ('{"a": {"0": 1, "1": 2}, "b": {"0": 1, "1": 2}}', "object of objects.*orient"),
        ('{"a": [1, 2], "b": [3, 4]}', "object of lists"),
        ('{"a": [{"x": 1}], "b": [{"x": 1}]}', r"several lists of records: 'a', 'b'"),
        ("[]", "is empty"),
        ('{"orders": []}', "is empty"),
    ],
)
def test_json_that_is_no_table_is_refused(tmp_path, text, match):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DataError, match=match):
        raw_of(tmp_path / "a.json", tmp_path)


BROKEN = '{"customer_id": "c9", "order_time'


@pytest.mark.parametrize("broken", [BROKEN, "[1, 2]", '"text"', "12", "}", '"open'])
def test_line_that_is_no_record_is_set_aside_as_it_is(tmp_path, broken):
    file = tmp_path / "log.jsonl"
    file.write_text(lines(A) + broken + "\n" + lines(B, {"customer_id": "c", **A}))
    settings = parse_settings(
        f"name: t\nsource: {{transactions: {{path: '{file}', max_bad_share: 1.0}}}}"
    )
    intake = read_tables(
        settings, connect(), today=date(2025, 1, 1), quarantine=tmp_path / "q.csv"
    )
    counts = intake.counts["transactions"]
    assert (counts.rows_in, counts.rows_kept) == (4, 2)
    assert {each.reason: each.rows for each in counts.reasons} == {
        "malformed_line": 1,
        "duplicate": 1,
    }
    quarantine = (tmp_path / "q.csv").read_text()
    assert "malformed_line" in quarantine
    assert ",2," in quarantine


def test_broken_first_line_is_set_aside_too(tmp_path):
    (tmp_path / "a.json").write_text(BROKEN + "\n" + lines(A, B))
    assert rows_of(tmp_path / "a.json", tmp_path) == TABLE


def test_broken_line_of_a_single_column_is_no_row(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id": 1}\n{"id"\n{"id": 2}\n')
    assert rows_of(tmp_path / "a.jsonl", tmp_path) == [["1"], ["2"]]


def test_lines_without_any_record_are_refused(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id"\n{"id"\n')
    with pytest.raises(DataError, match="no line of it is a record"):
        raw_of(tmp_path / "a.jsonl", tmp_path)


def test_list_of_600_orders_is_read_within_seconds(tmp_path):
    orders = [{**A, "order_id": n, "note": "x, y;" * 5} for n in range(600)]
    (tmp_path / "orders.json").write_text(json.dumps(orders))
    start = time.perf_counter()
    assert len(rows_of(tmp_path / "orders.json", tmp_path)) == 600
    assert time.perf_counter() - start < 5


def test_changed_file_is_read_again(tmp_path):
    file = tmp_path / "a.json"
    for records in ([A], [A, B]):
        file.write_text(json.dumps(records))
        assert len(rows_of(file, tmp_path)) == len(records)


def test_labelled_table_is_read_from_json(tmp_path):
    rows = [{"age": n, "left": n % 3 == 0, "plan": {"name": "a"}} for n in range(30)]
    text = lines(*rows[:10]) + "{broken\n" + lines(*rows[10:])
    (tmp_path / "a.jsonl").write_text(text)
    table = read_labelled(
        parse_settings(
            "name: x\nchurn: {kind: labelled, labelled: "
            f"{{path: {tmp_path}/a.jsonl, label: left, positive: true}}}}"
        )
    )
    assert (table.churned.sum(), len(table.churned)) == (10, 30)
    notices = table.summary["tables"]["customers"]["notices"]
    assert any("1 line cannot be split" in each for each in notices)
