"""Scores in a DuckDB file: created, replaced by cutoff, whole or as before."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import duckdb
import pyarrow as pa
import pytest

from regulars.config import ScoreTableSettings
from regulars.errors import ConfigError
from regulars.scoring.layout import schema_of
from regulars.scoring.sinks.tables import SINKS, TableHistory, open_table, quoted

SCHEMA = schema_of(pa.string())
MAY, JUNE = date(2024, 5, 1), date(2024, 6, 1)
ODD = 'Risk scores."All" customers'


def rows_of(cutoff, churn, band="low"):
    """Scores of customers with these probabilities, by id."""
    n = len(churn)
    columns = {name: pa.nulls(n, SCHEMA.field(name).type) for name in SCHEMA.names}
    columns |= {
        "customer_id": pa.array(churn),
        "cutoff": pa.array([cutoff] * n, pa.date32()),
        "churn_probability": pa.array(churn.values(), pa.float64()),
        "risk_band": pa.array([band] * n),
        "risk_reasons": pa.array([["late", "few"]] * n, pa.list_(pa.string())),
    }
    table = pa.table(columns, schema=SCHEMA)
    return pa.RecordBatchReader.from_batches(SCHEMA, table.to_batches())


@pytest.fixture
def place(tmp_path):
    return ScoreTableSettings(engine=f"duckdb://{tmp_path}/deep/s.duckdb", table=ODD)


def write(place, cutoff, churn, *, name="shop", only=False):
    with open_table(place, name) as table:
        table.prepare(SCHEMA)
        table.replace(cutoff, rows_of(cutoff, churn), only=only)


def read(place, columns="name, cutoff, customer_id, churn_probability"):
    file = place.engine.removeprefix("duckdb://")
    with duckdb.connect(file, read_only=True) as connection:
        query = f"SELECT {columns} FROM {quoted(place.table)} ORDER BY ALL"
        return connection.sql(query).fetchall()


def test_table_is_created_with_types_and_written_twice_holds_one_set(place):
    for _ in range(2):
        write(place, MAY, {"a": 0.1, "b": 0.2})
    assert read(place) == [("shop", MAY, "a", 0.1), ("shop", MAY, "b", 0.2)]
    (kinds, *_) = read(place, "typeof(cutoff), typeof(clv), typeof(risk_reasons)")
    assert kinds == ("DATE", "DOUBLE", "VARCHAR[]")


def test_file_may_be_called_as_its_schema_is(tmp_path):
    engine = f"duckdb://{tmp_path}/marts.duckdb"
    place = ScoreTableSettings(engine=engine, table="marts.scores")
    write(place, MAY, {"a": 0.1})
    kept = TableHistory(place, "shop")
    assert kept.days() == [MAY]
    assert kept.rows_of("a")["churn_probability"].to_pylist() == [0.1]


def test_other_cutoffs_and_other_names_stay(place):
    write(place, MAY, {"a": 0.1})
    write(place, JUNE, {"a": 0.3, "c": 0.4})
    write(place, MAY, {"z": 0.9}, name="other")
    write(place, JUNE, {"a": 0.5})
    assert read(place) == [
        ("other", MAY, "z", 0.9),
        ("shop", MAY, "a", 0.1),
        ("shop", JUNE, "a", 0.5),
    ]


def test_latest_alone_is_kept_when_asked(place):
    write(place, MAY, {"a": 0.1}, only=True)
    write(place, MAY, {"z": 0.9}, name="other", only=True)
    write(place, JUNE, {"a": 0.3}, only=True)
    assert read(place) == [("other", MAY, "z", 0.9), ("shop", JUNE, "a", 0.3)]


def test_rows_without_a_cutoff_are_replaced_too(place):
    for churn in (0.1, 0.2):
        write(place, None, {"a": churn})
    assert read(place) == [("shop", None, "a", 0.2)]


def test_scores_of_an_earlier_cutoff_are_found(place):
    write(place, MAY, {"a": 0.1, "b": 0.2, "c": 0.3})
    write(place, JUNE, {"a": 0.3})
    with open_table(place, "shop") as table:
        assert table.days() == [MAY, JUNE]
        kept = table.scores_at(MAY, "a", "b").sort_by("customer_id").to_pylist()
    assert [(row["customer_id"], row["churn_probability"]) for row in kept] == [
        ("a", 0.1),
        ("b", 0.2),
    ]
    with open_table(place, "other") as table:
        assert table.days() == []


def test_history_is_read_beside_other_names(place):
    write(place, MAY, {"a": 0.1, "b": 0.2})
    write(place, JUNE, {"a": 0.3})
    kept = TableHistory(place, "shop")
    assert kept.days() == [MAY, JUNE]
    assert kept.read(JUNE, ["customer_id"]).to_pylist() == [{"customer_id": "a"}]
    rows = kept.rows_of("a").sort_by("cutoff").to_pylist()
    assert [row["churn_probability"] for row in rows] == [0.1, 0.3]
    assert TableHistory(place, "other").rows_of("a").num_rows == 0


def test_nothing_is_made_where_it_is_only_read(tmp_path):
    file = tmp_path / "deep" / "none.duckdb"
    nowhere = ScoreTableSettings(engine=f"duckdb://{file}", table="scores")
    kept = TableHistory(nowhere, "shop")
    assert kept.days() == []
    assert kept.rows_of("a").num_rows == 0
    assert not file.parent.exists()


def test_columns_that_an_older_table_lacks_are_added(place, tmp_path):
    file = tmp_path / "deep"
    file.mkdir()
    with duckdb.connect(str(file / "s.duckdb")) as connection:
        connection.sql('CREATE SCHEMA "Risk scores"')
        connection.sql(
            f"CREATE TABLE {quoted(ODD)} (name VARCHAR, customer_id VARCHAR, "
            "cutoff DATE, churn_probability DOUBLE, own INTEGER)"
        )
        connection.sql(
            f"INSERT INTO {quoted(ODD)} VALUES ('shop', 'a', '2024-05-01', .5, 7)"
        )
    write(place, JUNE, {"a": 0.3})
    found = read(place, "cutoff, own, risk_band")
    assert found == [(MAY, 7, None), (JUNE, None, "low")]


def test_table_that_cannot_take_the_scores_stays_as_it_was(place):
    write(place, MAY, {"a": 0.1})
    file = place.engine.removeprefix("duckdb://")
    with duckdb.connect(file) as connection:
        connection.sql(
            f"ALTER TABLE {quoted(ODD)} ALTER risk_band TYPE INTEGER USING NULL"
        )
    with pytest.raises(ConfigError, match=r"cannot take the scores.*as they were"):
        write(place, MAY, {"a": 0.7})
    assert read(place) == [("shop", MAY, "a", 0.1)]


def test_file_that_another_process_holds_open_is_told_in_a_sentence(place):
    write(place, MAY, {"a": 0.1})
    file = place.engine.removeprefix("duckdb://")
    script = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True);"
        "print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, file],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdout.readline() == "open\n"
        told = r"DuckDB cannot open .*s\.duckdb' to write scores.*has one process"
        with pytest.raises(ConfigError, match=told):
            write(place, MAY, {"a": 0.2})
        reader.stdin.close()
    assert read(place) == [("shop", MAY, "a", 0.1)]


def test_engine_that_takes_no_scores_is_refused_without_its_password():
    place = ScoreTableSettings(engine="mysql://me:secret@db/x", table="t")
    with pytest.raises(ConfigError, match=r"'mysql' is not an engine.*duckdb://") as it:
        open_table(place, "shop")
    assert "secret" not in str(it.value)
    assert "duckdb" in SINKS


def test_engine_without_a_file_is_refused():
    place = ScoreTableSettings(engine="duckdb://", table="t")
    with (
        pytest.raises(ConfigError, match=r"names no file\. Write duckdb://FILE"),
        open_table(place, "shop"),
    ):
        pass
