import pytest

from regulars.config import TableSettings
from regulars.data.engine import connect
from regulars.data.preparing import complete_rows
from regulars.data.reading import read_raw
from regulars.errors import ConfigError


def test_source_that_needs_nothing_is_returned_as_it_is(tmp_path):
    (tmp_path / "a.csv").write_text("id,n\n7,1\n")
    settings, engine = TableSettings(path=str(tmp_path / "a.csv")), connect()
    raw = read_raw("transactions", settings, engine, tmp_path)
    assert complete_rows(raw, settings, engine, tmp_path, "x") == (raw, [])


def test_rows_of_a_database_have_no_order_to_fill_by(tmp_path):
    engine = connect()
    engine.raw_sql("CREATE TABLE t AS SELECT 1 AS no, 2 AS cust")
    settings = TableSettings(table="t", fill_down={"by": "no", "columns": ["cust"]})
    raw = read_raw("transactions", settings, engine, tmp_path)
    with pytest.raises(ConfigError, match=r"x\.fill_down needs a file"):
        complete_rows(raw, settings, engine, tmp_path, "x")
