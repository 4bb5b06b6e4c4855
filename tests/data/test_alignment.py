"""Files that differ: refused by file and column, or read right and said."""

from datetime import date

import pytest

from regulars.config import TableSettings, parse_settings
from regulars.data.engine import connect
from regulars.data.intake import read_tables
from regulars.data.reading import read_raw
from regulars.errors import DataError
from regulars.kinds.labelled.table import read_labelled

HEADER = "customer_id,order_time,amount\n"


def write(folder, **files):
    for name, text in files.items():
        (folder / name.replace("_csv", ".csv").replace("_json", ".json")).write_text(
            text
        )


def raw_of(path, tmp_path, **settings):
    settings = TableSettings(path=str(path), **settings)
    return read_raw("transactions", settings, connect(), tmp_path)


def parquet(folder, name, select):
    connect().raw_sql(f"COPY ({select}) TO '{folder}/{name}.parquet'")


DIFFERENT = {
    "required": (
        "cust,order_time,amount\n9,2024-01-02,5\n",
        {},
        r"'b\.csv' has no column 'customer_id', which 'a\.csv' has; it has 'cust' "
        r"instead\. .*customer_id: \{sql: 'coalesce\(\"customer_id\", \"cust\"\)'\}",
    ),
    "missing": ("customer_id,amount\n9,5\n", {}, "'b.csv' has no column 'order_time'"),
    "underscore": (
        "Customer ID,order_time,amount\n9,2024-01-02,5\n",
        {},
        "it has 'Customer ID' instead.*Did you mean 'Customer ID'",
    ),
    "no header": (
        "9,2024-01-02,5\n8,2024-01-03,6\n",
        {},
        r"'b\.csv' has no column .* Its first line, '9,2024-01-02,5', looks like data",
    ),
    "other separator": (
        "cust;order_time;amount\n9;2024-01-02;5\n",
        {},
        "it has 'cust' instead",
    ),
    "expression": (
        "customer_id,order_time,amount\n9,2024-01-02,5\n",
        {"columns": {"amount": {"sql": "amount + fee"}}},
        "'b.csv' has no column 'fee', which 'a.csv' has",
    ),
    "where": (
        "customer_id,order_time,amount\n9,2024-01-02,5\n",
        {"where": "fee = '1'"},
        "'b.csv' has no column 'fee', which 'a.csv' has",
    ),
    "mapped": (
        "customer_id,order_time,amount\n9,2024-01-02,5\n",
        {"columns": {"channel": "FEE"}},
        "'b.csv' has no column 'fee', which 'a.csv' has",
    ),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_file_without_a_needed_column_is_refused(tmp_path, case):
    second, settings, match = DIFFERENT[case]
    first = "customer_id,order_time,amount,fee\n7,2024-01-01,5,1\n"
    write(tmp_path, a_csv=first, b_csv=second)
    with pytest.raises(DataError, match=match):
        raw_of(tmp_path, tmp_path, **settings)


def test_first_file_may_be_the_one_that_differs(tmp_path):
    write(tmp_path, a_csv="cust,order_time,amount\n9,2024-01-02,5\n", b_csv=HEADER)
    write(tmp_path, c_csv="cust,order_time,amount\n9,2024-01-02,5\n")
    match = r"'a\.csv' has no column 'customer_id', which 'b\.csv' has; .* 1 more of"
    with pytest.raises(DataError, match=match):
        raw_of(tmp_path, tmp_path)


@pytest.mark.parametrize(
    "header",
    [
        "Customer_ID, ORDER_TIME ,amount",
        "amount;order_time;CUSTOMER_ID",
        "\ufeffcustomer_id\torder_time\tAmount",
        '"customer_id","order_time","amount"',
    ],
)
def test_same_names_in_another_form_are_the_same_columns(tmp_path, header):
    row = {"customer_id": "8", "order_time": "2024-01-02", "amount": "6"}
    separator = next(each for each in ";\t," if each in header)
    names = [name.strip(' "\ufeff').lower() for name in header.split(separator)]
    second = header + "\n" + separator.join(row[name] for name in names) + "\n"
    write(tmp_path, a_csv=HEADER + "7,2024-01-01,5\n", b_csv=second)
    raw = raw_of(tmp_path, tmp_path)
    assert raw.columns == ("customer_id", "order_time", "amount")
    assert raw.table.drop("__file").to_pyarrow().to_pydict() == {
        "customer_id": ["7", "8"],
        "order_time": ["2024-01-01", "2024-01-02"],
        "amount": ["5", "6"],
    }
    assert raw.notices == ()


def test_case_of_names_that_only_the_config_knows_is_the_same_too(tmp_path):
    write(tmp_path, a_csv="Cust  No,n\n7,1\n", b_csv="CUST NO,n\n8,2\n")
    raw = raw_of(tmp_path, tmp_path, columns={"customer_id": "Cust No"})
    assert raw.table["Cust  No"].to_pyarrow().to_pylist() == ["7", "8"]


def test_two_names_that_differ_in_case_stay_two(tmp_path):
    write(tmp_path, a_csv="id,ID\n1,2\n", b_csv="id,ID\n3,4\n")
    raw = raw_of(tmp_path, tmp_path)
    assert raw.columns == ("id", "ID (2)")
    assert raw.table["ID (2)"].to_pyarrow().to_pylist() == ["2", "4"]


def test_other_column_that_is_missing_somewhere_is_noticed(tmp_path):
    write(tmp_path, a_csv=HEADER + "7,2024-01-01,5\n")
    write(tmp_path, b_csv="customer_id,order_time,amount,channel\n8,2024-01-02,5,web\n")
    raw = raw_of(tmp_path, tmp_path)
    assert raw.table.channel.to_pyarrow().to_pylist() == [None, "web"]
    assert raw.notices == (
        "Column 'channel' is not in 1 of 2 files ('a.csv'): it is empty in their rows.",
    )


def test_names_of_old_and_new_files_are_read_by_a_coalesce(tmp_path):
    write(tmp_path, a_csv=HEADER + "7,2024-01-01,5\n")
    write(tmp_path, b_csv="cust,order_time,amount\n8,2024-01-02,6\n")
    settings = parse_settings(
        "name: t\nsource: {transactions: {path: 'FOLDER', columns: {customer_id: "
        "{sql: 'coalesce(customer_id, cust)'}}}}".replace("FOLDER", str(tmp_path))
    )
    intake = read_tables(settings, connect(), today=date(2025, 1, 1))
    ids = intake.tables["transactions"].customer_id.to_pyarrow().to_pylist()
    assert sorted(ids) == ["7", "8"]


def test_file_without_any_common_column_is_refused(tmp_path):
    write(tmp_path, a_csv="Kunde,Tag,Betrag\n7,2024-01-01,5\n", b_csv="x,y\n1,2\n")
    match = r"'b\.csv' has no column in common with 'a\.csv': it has 'x', 'y', the"
    with pytest.raises(DataError, match=match):
        raw_of(tmp_path, tmp_path)


@pytest.mark.parametrize("swap", [False, True])
def test_headers_in_some_files_only_are_refused(tmp_path, swap):
    texts = ["Kunde,Tag,Betrag\n7,2024-01-01,5\n", "8,2024-01-02,6\n9,2024-01-03,7\n"]
    first, second = reversed(texts) if swap else texts
    write(tmp_path, a_csv=first, b_csv=second)
    with pytest.raises(DataError, match="looks like data"):
        raw_of(tmp_path, tmp_path)
    with pytest.raises(DataError, match=r"begins with data and .* with a header line"):
        raw_of(tmp_path, tmp_path, columns={"customer_id": "column1"})


def test_json_and_csv_together_are_aligned_too(tmp_path):
    write(tmp_path, a_csv=HEADER + "7,2024-01-01,5\n")
    write(tmp_path, b_json='[{"Amount": 6, "order_time": "2024-01-02", "cust": 8}]')
    with pytest.raises(DataError, match=r"'b\.json' has no column 'customer_id'"):
        raw_of(f"{tmp_path}/*", tmp_path)


def test_several_files_of_one_name_are_told_apart(tmp_path):
    for month, name in (("01", "customer_id"), ("02", "cust")):
        (tmp_path / f"month={month}").mkdir()
        text = f"{name},order_time,amount\n7,2024-01-01,5\n"
        (tmp_path / f"month={month}" / "a.csv").write_text(text)
    with pytest.raises(DataError, match=r"'month=02/a\.csv' has no column"):
        raw_of(tmp_path, tmp_path)


def test_names_of_folders_are_columns_of_converted_files_too(tmp_path):
    rows = {"01": "[{'id': 1}]", "02": "id\n2\n", "03": "id\n3é\n"}
    for month, text in rows.items():
        folder = tmp_path / f"month={month}"
        folder.mkdir()
        if text.startswith("["):
            (folder / "a.json").write_text(text.replace("'", '"'))
        else:
            (folder / "a.csv").write_text(text, encoding="latin-1")
    raw = raw_of(f"{tmp_path}/*/*", tmp_path)
    table = raw.table.order_by("month").to_pyarrow().to_pydict()
    assert table["month"] == ["01", "02", "03"]
    assert table["id"] == ["1", "2", "3é"]


ROW = "SELECT {} AS {}, TIMESTAMP '2024-01-0{} 10:00' AS order_time, 5.0 AS amount"


def test_parquet_without_a_needed_column_is_refused(tmp_path):
    parquet(tmp_path, "a", ROW.format(7, "customer_id", 1))
    parquet(tmp_path, "b", ROW.format(8, "cust", 2))
    with pytest.raises(DataError, match=r"'b\.parquet' has no column 'customer_id'"):
        raw_of(tmp_path, tmp_path)


def test_parquet_names_may_differ_in_case_and_order(tmp_path):
    parquet(tmp_path, "a", ROW.format(7, "customer_id", 1))
    parquet(tmp_path, "b", f"SELECT amount AS Amount, * EXCLUDE (amount) FROM "
            f"({ROW.format(8, 'Customer_ID', 2)})")  # fmt: skip
    raw = raw_of(tmp_path, tmp_path)
    assert raw.columns == ("customer_id", "order_time", "amount")
    assert raw.table.customer_id.to_pyarrow().to_pylist() == [7, 8]


@pytest.mark.parametrize(
    ("first", "second", "match"),
    [
        ("7", "'007'", "'customer_id' holds text in 'b.parquet', but whole numbers in"),
        ("'007'", "7.0", "numbers with decimals in 'b.parquet', but text in 'a.parq"),
    ],
)
def test_ids_of_other_types_are_refused(tmp_path, first, second, match):
    parquet(tmp_path, "a", ROW.format(first, "customer_id", 1))
    parquet(tmp_path, "b", ROW.format(second, "customer_id", 2))
    with pytest.raises(DataError, match=match):
        raw_of(tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("DATE '2024-01-01'", "'01.02.2024'"),
        ("TIMESTAMP '2024-01-01'", "TIMESTAMPTZ '2024-01-01 00:00:00+02'"),
    ],
)
def test_times_of_other_types_are_refused(tmp_path, first, second):
    for name, when in (("a", first), ("b", second)):
        select = f"SELECT 1 AS customer_id, {when} AS order_time, 1 AS amount"
        parquet(tmp_path, name, select)
    with pytest.raises(DataError, match=r"'order_time' holds .* in 'b\.parquet', but"):
        raw_of(tmp_path, tmp_path)


def test_numbers_of_several_sizes_are_read(tmp_path):
    parquet(tmp_path, "a", "SELECT 7::INT AS customer_id, DATE '2024-01-01' AS "
            "order_time, 5 AS amount, NULL AS channel")  # fmt: skip
    parquet(tmp_path, "b", "SELECT 7::BIGINT AS customer_id, TIMESTAMP '2024-01-02' "
            "AS order_time, 5.5::DOUBLE AS amount, 'web' AS channel")  # fmt: skip
    raw = raw_of(tmp_path, tmp_path, columns={"channel": "channel"})
    rows = raw.table.to_pyarrow().to_pydict()
    assert rows["customer_id"] == [7, 7]
    assert [float(each) for each in rows["amount"]] == [5.0, 5.5]
    assert rows["channel"] == [None, "web"]


def test_joined_files_must_have_their_key(tmp_path):
    write(tmp_path, a_csv="order_id,customer_id,order_time,amount\n1,7,2024-01-01,5\n")
    (tmp_path / "more").mkdir()
    write(
        tmp_path / "more", a_csv="order_id,city\n1,Bonn\n", b_csv="order,city\n2,Ulm\n"
    )
    settings = parse_settings(
        f"name: t\nsource: {{transactions: {{path: '{tmp_path}/a.csv', "
        f"join: [{{path: '{tmp_path}/more', on: order_id}}]}}}}"
    )
    with pytest.raises(DataError, match=r"'b\.csv' has no column 'order_id'"):
        read_tables(settings, connect(), today=date(2025, 1, 1))


def test_labelled_files_must_have_the_label(tmp_path):
    write(tmp_path, a_csv="age,left\n30,yes\n40,no\n", b_csv="age,exited\n50,yes\n")
    settings = parse_settings(
        "name: t\nchurn: {kind: labelled, labelled: "
        f"{{path: '{tmp_path}', label: left, positive: yes}}}}"
    )
    with pytest.raises(DataError, match=r"'b\.csv' has no column 'left'.*'exited'"):
        read_labelled(settings)
