import pytest

from regulars.config import TableSettings
from regulars.data.engine import connect
from regulars.data.reading import (
    find_column,
    quote_name,
    quote_text,
    read_raw,
    unique_names,
)
from regulars.errors import ConfigError, DataError


def raw_of(path, tmp_path, connection=None, **settings):
    settings = TableSettings(path=str(path), **settings)
    return read_raw("transactions", settings, connection or connect(), tmp_path)


def test_files_with_other_order_of_columns_are_joined_by_name(tmp_path):
    (tmp_path / "a.csv").write_text("id,n\nx,1\n")
    (tmp_path / "b.csv").write_text("n;id;more\n2;y;z\n")
    rows = raw_of(tmp_path / "*.csv", tmp_path).table.execute()
    assert rows.id.tolist() == ["x", "y"]
    assert rows["__file"].tolist() == [1, 2]


def test_empty_file_of_several_is_noticed(tmp_path):
    (tmp_path / "a.csv").write_text("id,n\nx,1\n")
    (tmp_path / "b.csv").write_text("")
    assert raw_of(tmp_path / "*.csv", tmp_path).notices == ("'b.csv' is empty.",)


def test_text_and_parquet_at_once_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("id,n\nx,1\n")
    connect().raw_sql(f"COPY (SELECT 1 AS id) TO '{tmp_path}/b.parquet'")
    with pytest.raises(ConfigError, match="parquet and text files at once"):
        raw_of(f"{tmp_path}/*", tmp_path)


def test_broken_parquet_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(DataError, match=r"a\.parquet' cannot be read"):
        raw_of(tmp_path / "a.parquet", tmp_path)


def test_text_named_parquet_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "a.parquet").write_text("id,n\nx,1\n")
    with pytest.raises(DataError, match="cannot be read"):
        raw_of(tmp_path / "a.parquet", tmp_path)


def test_headerless_file_is_read_by_column_numbers(tmp_path):
    (tmp_path / "a.csv").write_text("7,2024-01-01\n8,2024-01-02\n")
    raw = raw_of(tmp_path / "a.csv", tmp_path, columns={"customer_id": "column1"})
    assert raw.table.column1.execute().tolist() == ["7", "8"]


def test_hive_folders_give_columns_as_text(tmp_path):
    (tmp_path / "month=01").mkdir()
    connect().raw_sql(f"COPY (SELECT 1 AS id) TO '{tmp_path}/month=01/a.parquet'")
    raw = raw_of(tmp_path, tmp_path)
    assert raw.table.month.execute().tolist() == ["01"]


def test_gzipped_csv_is_read(tmp_path):
    connect().raw_sql(
        f"COPY (SELECT 'x' AS id, 1 AS n) TO '{tmp_path}/a.csv.gz' (HEADER)"
    )
    assert raw_of(tmp_path / "a.csv.gz", tmp_path).table.n.execute().tolist() == ["1"]


def test_text_keeps_its_leading_zeros(tmp_path):
    (tmp_path / "a.csv").write_text("id,n\n007,1\n")
    assert raw_of(tmp_path / "a.csv", tmp_path).table.id.execute().tolist() == ["007"]


@pytest.mark.parametrize(
    ("header", "header_line", "names"),
    [
        (["id", "", "ID"], True, ["id", "column2", "ID (2)"]),
        (["7", "2024-01-01"], False, ["column1", "column2"]),
    ],
)
def test_every_column_has_a_name_of_its_own(header, header_line, names):
    assert unique_names(header, header_line=header_line) == names


@pytest.mark.parametrize(
    ("name", "column"), [("Id", "Id"), (" ID ", None), ("N", "n "), ("x", None)]
)
def test_column_is_found_by_its_name_or_one_that_is_near(name, column):
    assert find_column(name, ("id", "Id", "n ")) == column


def test_quotes_are_doubled_in_sql():
    assert quote_text("it's") == "'it''s'"
    assert quote_name('the "best"') == '"the ""best"""'
