import builtins
import importlib

import duckdb
import pytest

from regulars.config import parse_settings
from regulars.data.cluster_session import open_session
from regulars.data.engine import connect, first_sentence, readable_errors
from regulars.errors import ConfigError, DataError, MissingExtraError


def test_session_is_in_utc_and_fetches_no_extension():
    rows = connect().raw_sql(
        "SELECT current_setting('TimeZone'), "
        "current_setting('autoinstall_known_extensions')"
    )
    assert rows.fetchone() == ("UTC", False)


def test_settings_after_the_question_mark_are_passed_on():
    rows = connect("duckdb://?threads=1").raw_sql("SELECT current_setting('threads')")
    assert rows.fetchone() == (1,)


def test_unknown_setting_is_refused():
    with pytest.raises(ConfigError, match="DuckDB cannot open"):
        connect("duckdb://?thraeds=1")


@pytest.mark.parametrize("url", ["mysql://x", "orders.csv", ""])
def test_unknown_scheme_is_refused(url):
    with pytest.raises(ConfigError, match=f"source.engine '{url}' is not an engine"):
        connect(url)


def test_missing_database_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="there is no DuckDB file"):
        connect(f"duckdb://{tmp_path}/none.duckdb")


def test_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "a.duckdb").write_text("customer_id,amount\n" * 500)
    with pytest.raises(ConfigError, match="DuckDB cannot open"):
        connect(f"duckdb://{tmp_path}/a.duckdb")


def test_users_database_cannot_be_written_to(tmp_path):
    path = f"{tmp_path}/a.duckdb"
    connect(f"duckdb://{path}", read_only=False).disconnect()
    connection = connect(f"duckdb://{path}")
    with pytest.raises(duckdb.Error, match="read-only"):
        connection.raw_sql("CREATE TABLE t AS SELECT 1 AS a")
    connection.raw_sql("CREATE TEMP TABLE t AS SELECT 1 AS a")


SPARK = parse_settings(
    "{name: x, source: {engine: 'spark://local', transactions: {path: a.csv}}}"
)


@pytest.mark.parametrize(
    ("opening", "package", "extra"),
    [
        (
            lambda: connect("postgres://me:secret@host/db"),
            "adbc_driver_postgresql",
            "postgres",
        ),
        (lambda: open_session(SPARK), "pyspark", "spark"),
    ],
)
def test_missing_extra_names_the_exact_command(monkeypatch, opening, package, extra):
    def missing(name, *_, **__):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    expected = rf"'{package}'.*pip install \"regulars\[{extra}\]\""
    with pytest.raises(MissingExtraError, match=expected):
        opening()


def test_spark_is_no_engine_of_tables_that_are_read_by_row():
    with pytest.raises(ConfigError, match="on Spark only a log of purchases is read"):
        connect("spark://local")


def test_password_is_not_repeated_in_messages():
    with pytest.raises(ConfigError, match=r"'mysql://me:\.\.\.@host/db'"):
        connect("mysql://me:secret@host/db")


def test_engine_errors_become_one_sentence():
    with (
        pytest.raises(DataError, match=r"^'x' cannot be read: .*\.$") as caught,
        readable_errors("'x'"),
    ):
        connect().raw_sql("SELECT * FROM nowhere")
    assert "\n" not in str(caught.value)


def test_other_errors_pass_through():
    with pytest.raises(ZeroDivisionError, match="division"), readable_errors("'x'"):
        builtins.divmod(1, 0)


def test_first_sentence_survives_an_empty_message():
    assert first_sentence(ValueError("")) == "unknown."


def test_unknown_scheme_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match=r"Did you mean 'duckdb'\?"):
        connect("duckbd://")


def test_first_sentence_is_without_the_class_and_what_follows():
    error = ValueError("Binder Error: no such thing\nLINE 1: SELECT")
    assert first_sentence(error) == "no such thing."
