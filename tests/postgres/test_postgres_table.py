from __future__ import annotations

import multiprocessing
import random
import signal
import sys
import time
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from regulars.config import ScoreTableSettings
from regulars.errors import ConfigError
from regulars.scoring.sinks.postgres_table import open_table
from regulars.scoring.sinks.tables import TableHistory

pytestmark = pytest.mark.postgres

sys.path.insert(0, str(Path(__file__).parent))
import score_writer as writer  # noqa: E402 (found by the processes that it runs in)

CUTOFF = writer.CUTOFF
SINK = "regulars.scoring.sinks.postgres_table"


def place(database, table="scores"):
    return ScoreTableSettings(engine=database.url, table=table)


def scored(**columns):
    n = len(next(iter(columns.values())))
    told = {
        "customer_id": [f"c{i}" for i in range(n)],
        "cutoff": pa.array([CUTOFF] * n, pa.date32()),
        **columns,
    }
    return pa.table(told)


def put(database, table, cutoff=CUTOFF, name="shop", only=False, into="scores"):
    with open_table(place(database, into), name) as opened:
        opened.prepare(table.schema)
        opened.replace(cutoff, table.to_reader(), only=only)


def counts(database, table="scores"):
    return database.run(
        f"SELECT run_id, count(*), count(DISTINCT customer_id) FROM {table} "
        "GROUP BY 1 ORDER BY 1"
    )


def test_table_is_made_with_types_and_a_key(database):
    writer.write(database.url, 0, 3, "a")
    assert database.run("SELECT * FROM scores ORDER BY customer_id")[0] == (
        ("shop", 0, CUTOFF, 0.0, "low", ["rare", "late"], "a")
    )
    key = database.run(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'u' "
        "AND conrelid = 'scores'::regclass"
    )
    assert key == [("UNIQUE NULLS NOT DISTINCT (name, cutoff, customer_id)",)]


def test_writing_twice_gives_one_set(database):
    writer.write(database.url, 0, 5, "a")
    writer.write(database.url, 2, 5, "b")
    assert counts(database) == [("b", 5, 5)]


def test_other_cutoffs_and_other_names_stay(database):
    put(database, scored(run_id=["a"]))
    earlier = scored(run_id=["b"]).set_column(
        1, "cutoff", pa.array([date(2024, 11, 1)], pa.date32())
    )
    put(database, earlier, date(2024, 11, 1))
    put(database, scored(run_id=["c"]), name="other's")
    put(database, scored(run_id=["d"]))
    assert counts(database) == [("b", 1, 1), ("c", 1, 1), ("d", 1, 1)]
    put(database, scored(run_id=["e"]), only=True)
    assert counts(database) == [("c", 1, 1), ("e", 1, 1)]


def test_scores_without_a_cutoff_are_replaced_too(database):
    nothing = pa.array([None], pa.date32())
    for run in ("a", "b"):
        put(database, scored(run_id=[run]).set_column(1, "cutoff", nothing), None)
    assert counts(database) == [("b", 1, 1)]


def test_history_is_read_back(database):
    ids = ["Z", "a", "b", "é"]  # in the order of their bytes
    told = scored(churn_probability=[0.1, 0.2, 0.3, 0.4], risk_band=["low"] * 4)
    put(database, told.set_column(0, "customer_id", pa.array(ids)))
    with open_table(place(database), "shop") as opened:
        assert opened.days() == [CUTOFF]
        kept = opened.scores_at(CUTOFF, "Z", "b")
    assert sorted(kept["customer_id"].to_pylist()) == ["Z", "a", "b"]
    another = TableHistory(place(database), "another")
    assert another.days() == []
    assert another.rows_of("a").num_rows == 0
    nowhere = TableHistory(place(database, "new"), "shop")
    assert nowhere.days() == []
    assert nowhere.rows_of("a").num_rows == 0


@pytest.mark.parametrize("ids", [["a", "1"], [7, 1]])
def test_customer_is_looked_up_in_every_cutoff(database, ids):
    days = [date(2024, 11, 1), date(2024, 12, 1)]
    for day, churn in zip(days, [0.1, 0.2], strict=True):
        rows = scored(churn_probability=[churn] * 2, risk_band=["low"] * 2)
        rows = rows.set_column(0, "customer_id", pa.array(ids))
        put(database, rows.set_column(1, "cutoff", pa.array([day] * 2)), day)
    kept = TableHistory(place(database), "shop")
    assert kept.days() == days
    assert kept.read(days[1], ["churn_probability"])[0].to_pylist() == [0.2, 0.2]
    found = kept.rows_of(str(ids[0])).sort_by("cutoff").to_pylist()
    assert [row["churn_probability"] for row in found] == [0.1, 0.2]
    assert {row["customer_id"] for row in found} == {ids[0]}
    assert kept.rows_of("nobody").num_rows == 0


def test_odd_names_are_safe(database):
    table = "my Sch'ema.T\"; DROP TABLE x"
    writer.write(database.url, 0, 2, "it's", table.replace('"', ""), "it's")
    writer.write(database.url, 0, 2, "again", table.replace('"', ""), "it's")
    assert counts(database, '"my Sch\'ema"."T; DROP TABLE x"') == [("again", 2, 2)]


def test_columns_that_are_new_are_added(database):
    put(database, scored(run_id=["a"]))
    put(database, scored(run_id=["b"], churn_probability_before=[0.5]))
    rows = database.run("SELECT run_id, churn_probability_before FROM scores")
    assert rows == [("b", 0.5)]


def test_column_of_another_type_is_refused(database):
    put(database, scored(run_id=["a"]))
    with pytest.raises(ConfigError, match=r"'run_id' of .* has the type text, but"):
        put(database, scored(run_id=[1]))
    assert counts(database) == [("a", 1, 1)]


def test_id_that_the_server_has_no_type_for_is_refused(database):
    with pytest.raises(ConfigError, match=r"no type for 'customer_id' \(binary\)"):
        put(database, pa.table({"customer_id": [b"a"]}))


def test_role_without_the_right_is_told(database):
    put(database, scored(run_id=["a"]))
    reader = database.role("reader")
    database.run("GRANT SELECT ON scores TO reader")
    with pytest.raises(ConfigError, match=r"rows are as they were: must be owner"):
        writer.write(reader, 0, 1, "b")


def test_role_that_may_not_create_can_write(database):
    put(database, scored(run_id=["a"]))
    clerk = SimpleNamespace(url=database.role("clerk"))
    database.run("GRANT SELECT, INSERT, DELETE ON scores TO clerk")
    put(clerk, scored(run_id=["b"]))
    assert counts(database) == [("b", 1, 1)]


def test_rows_that_fail_leave_the_old_set(database):
    writer.write(database.url, 0, 5, "a")

    def broken():
        yield from writer.rows(0, 10, "b")
        msg = "no more"
        raise ValueError(msg)

    schema = next(writer.rows(0, 1, "b")).schema
    with (
        pytest.raises((ConfigError, ValueError), match="no more"),
        open_table(place(database), "shop") as opened,
    ):
        opened.replace(
            CUTOFF, pa.RecordBatchReader.from_batches(schema, broken()), only=False
        )
    assert counts(database) == [("a", 5, 5)]


@pytest.fixture(scope="module")
def processes():
    """Processes that need no second for their imports."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([SINK, "adbc_driver_postgresql.dbapi"])
    return context


def start(processes, database, n, run):
    ready = processes.Event()
    process = processes.Process(
        target=writer.write_and_tell, args=(ready, database.url, n, run)
    )
    process.start()
    assert ready.wait(60)
    return process


def ended(process):
    process.join(120)
    code = process.exitcode
    process.close()
    return code


def wait_for_the_end(database):
    """A server process may work on for a while after its client's death."""
    for _ in range(600):
        busy = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'regulars'"
        if not database.run(busy):
            return
        time.sleep(0.05)
    pytest.fail("a writer's server process does not end")


@pytest.mark.slow
def test_writer_killed_at_any_moment_leaves_the_old_set(database, processes):
    old, new, n_moments = 20_000, 60_000, 20
    assert ended(start(processes, database, new, "warm")) == 0
    begun = time.monotonic()
    assert ended(start(processes, database, new, "warm")) == 0
    took = time.monotonic() - begun
    rng, n_old = random.Random(13), 0
    for moment in range(n_moments):
        writer.write(database.url, 0, old, "old")
        process = start(processes, database, new, "new")
        time.sleep(took * (moment + rng.random()) / n_moments)
        process.kill()
        code = ended(process)
        wait_for_the_end(database)
        found = counts(database)
        n_old += found == [("old", old, old)]
        assert code in (0, -signal.SIGKILL)
        # the last moments may come after the commit
        assert found in ([("old", old, old)], [("new", new, new)])
    assert n_old >= n_moments // 2


@pytest.mark.parametrize("n", [10, 40_000])
def test_writers_at_once_leave_one_table_and_one_set(database, processes, n):
    writers = [start(processes, database, n, run) for run in ("a", "b", "c")]
    assert [ended(each) for each in writers] == [0, 0, 0]
    ((_, n_rows, n_customers),) = counts(database)
    assert n_rows == n_customers == n
