from datetime import date, datetime

import pytest

from regulars.config import TableSettings
from regulars.data.engine import connect
from regulars.data.reading import read_raw
from regulars.errors import ConfigError, DataError, MissingExtraError

HEADER = ["customer_id", "order_time", "amount"]
ROWS = [[7, date(2024, 1, 2), 5.5], ["007", datetime(2024, 1, 3, 10, 30, 1), 1200]]


def rows_of(path, tmp_path):
    settings = TableSettings(path=str(path))
    raw = read_raw("transactions", settings, connect(), tmp_path)
    rows = raw.table.drop("__file").to_pyarrow().to_pylist()
    return raw, [list(row.values()) for row in rows]


def test_cells_are_text_without_points_of_whole_numbers(make_workbook, tmp_path):
    file = make_workbook({"Orders": [HEADER, *ROWS]})
    raw, rows = rows_of(file, tmp_path)
    assert raw.columns == tuple(HEADER)
    assert rows == [
        ["7", "2024-01-02", "5.5"],
        ["007", "2024-01-03 10:30:01", "1200"],
    ]


@pytest.mark.parametrize(
    ("above", "merged", "row"),
    [
        ([["Orders of 2024", None, None], []], ["A1:C1"], 3),
        ([[], ["Shop", "North"], [], ["Made on", date(2024, 2, 1), None]], [], 5),
        ([[None, None, "Totals"]], [], 2),
    ],
)
def test_titles_above_the_header_are_passed_over(
    make_workbook, tmp_path, above, merged, row
):
    file = make_workbook({"Orders": [*above, HEADER, *ROWS]}, merged={"Orders": merged})
    raw, rows = rows_of(file, tmp_path)
    assert raw.columns == tuple(HEADER)
    assert len(rows) == 2
    assert raw.notices == (
        f"'orders.xlsx': its columns are named in row {row}; what stands above was "
        "passed over.",
    )


def test_column_without_a_name_and_without_values_is_left_out(make_workbook, tmp_path):
    sheet = [[None, *HEADER, None], [0, *ROWS[0], None], [1, *ROWS[1], None]]
    raw, rows = rows_of(make_workbook({"a": sheet}), tmp_path)
    assert raw.columns == ("column1", *HEADER)
    assert rows[0] == ["0", "7", "2024-01-02", "5.5"]


def test_rows_without_any_cell_are_no_rows(make_workbook, tmp_path):
    sheet = [HEADER, ROWS[0], [None, "", None], ROWS[1], [None, None, 9]]
    _, rows = rows_of(make_workbook({"a": sheet}), tmp_path)
    assert [row[2] for row in rows] == ["5.5", "1200", "9"]


def test_one_sheet_with_data_is_taken_and_said(make_workbook, tmp_path):
    sheets = {"Read me": [["Exported by the shop"], ["on Monday"]], "Log": [HEADER]}
    sheets["Log"] += ROWS
    raw, rows = rows_of(make_workbook(sheets), tmp_path)
    assert len(rows) == 2
    assert raw.notices == ("'orders.xlsx': read from its sheet 'Log'.",)


def test_several_sheets_with_data_are_refused_until_one_is_named(
    make_workbook, tmp_path
):
    other = [["Region", "Person"], ["West", "Ann"]]
    sheets = {"Orders": [HEADER, *ROWS], "People": other}
    file = make_workbook(sheets, "Superstore.xls")
    match = r"'Orders', 'People'.*Superstore\.xls#Orders"
    with pytest.raises(ConfigError, match=match):
        rows_of(file, tmp_path)
    assert len(rows_of(f"{file}#Orders", tmp_path)[1]) == 2
    assert rows_of(f"{file}#people", tmp_path)[1] == [["West", "Ann"]]
    with pytest.raises(ConfigError, match=r"no sheet 'Order'\. Did you mean 'Orders'"):
        rows_of(f"{file}#Order", tmp_path)


def test_hidden_sheet_is_passed_over(make_workbook, tmp_path):
    sheets = {"Lists": [["a", "b"], ["c", "d"]], "Orders": [HEADER, *ROWS]}
    file = make_workbook(sheets, hidden=["Lists"])
    assert len(rows_of(file, tmp_path)[1]) == 2


def test_cells_merged_over_rows_are_refused(make_workbook, tmp_path):
    sheet = [HEADER, ROWS[0], [None, *ROWS[1][1:]], ROWS[1]]
    file = make_workbook({"Orders": sheet}, merged={"Orders": ["A2:A3"]})
    with pytest.raises(DataError, match=r"merged over several rows \(rows 2 to 3\)"):
        rows_of(file, tmp_path)


def test_workbook_under_another_name_is_read_by_content(make_workbook, tmp_path):
    file = make_workbook({"Orders": [HEADER, *ROWS]}, "orders.csv")
    assert len(rows_of(file, tmp_path)[1]) == 2


def test_header_only_sheet_has_columns_and_no_rows(make_workbook, tmp_path):
    raw, rows = rows_of(make_workbook({"Orders": [HEADER]}), tmp_path)
    assert (raw.columns, rows) == (tuple(HEADER), [])


def test_empty_workbook_is_refused(make_workbook, tmp_path):
    with pytest.raises(DataError, match="is empty"):
        rows_of(make_workbook({"Orders": []}), tmp_path)


def test_texts_keep_line_breaks_quotes_and_separators(make_workbook, tmp_path):
    odd = 'a "b", c;\nd'
    _, rows = rows_of(make_workbook({"a": [HEADER, [odd, None, 5]]}), tmp_path)
    assert rows == [[odd, None, "5"]]


def test_broken_workbook_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0" + b"x" * 600)
    with pytest.raises(DataError, match=r"old\.xls' looks like an Excel workbook"):
        rows_of(tmp_path / "old.xls", tmp_path)


def test_missing_package_names_the_command(make_workbook, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "python_calamine", None)
    with pytest.raises(MissingExtraError, match=r'pip install "regulars\[excel\]"'):
        rows_of(make_workbook({"Orders": [HEADER, *ROWS]}), tmp_path)


def test_sheet_of_a_text_file_is_refused(tmp_path):
    (tmp_path / "a.xlsx").write_text("id,n\n1,2\n")
    with pytest.raises(ConfigError, match="no workbook, so it has no sheets"):
        rows_of(f"{tmp_path}/a.xlsx#Orders", tmp_path)
