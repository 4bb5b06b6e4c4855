"""Whole commands on PostgreSQL as source and store; what they leave behind."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pytest

from regulars import pipeline

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

CANARY = "k@narien/Vogel %7!"
LATER = "2024-12-15"
RUN = ["model_version", "scored_at", "run_id"]


def quietly(name):
    pass


@dataclass(frozen=True)
class Job:
    """What a list of commands left behind."""

    folder: Path
    words: list[str]
    told: str
    last: dict[str, dict]


@pytest.fixture(scope="module")
def job(shared_database, orders, open_shop, few_trees, tmp_path_factory):
    """Every command on a source and a store in PostgreSQL, with a password to find."""
    shop = open_shop(tmp_path_factory.mktemp("postgres"), orders)
    shared_database.load(orders, "orders")
    clerk = shared_database.role("clerk", CANARY)
    shared_database.run(
        "GRANT SELECT ON orders TO clerk",
        "CREATE SCHEMA store AUTHORIZATION clerk",
        "ALTER ROLE clerk SET search_path = store",
        f"GRANT CREATE ON DATABASE {shared_database.name} TO clerk",
    )
    overrides = [
        f"source.engine={clerk}",
        "source.transactions={table: public.orders}",
        f"tracking.uri={clerk}",
        f"tracking.artifacts={shop.folder}/files",
        f"scores.table.engine={clerk}",
        "scores.table.table=Risk Marts.Scores",
    ]
    words = [str(shop.config), *(f"--set={each}" for each in overrides)]
    return _run(shop, words)


def _run(shop, words):
    import contextlib
    import io
    import sys

    from regulars.cli import main

    told, last = "", {}
    asked = [("check",), ("train",), ("score",), ("score",), ("train",)]
    asked += [("backtest",), ("rollback",), ("score", f"--set=time.cutoff={LATER}")]
    with pytest.MonkeyPatch.context() as patch:
        for name, *more in [*asked, ("report",)]:
            out, err = io.StringIO(), io.StringIO()
            line = ["regulars", name, *words, *more, "--json", "--debug"]
            patch.setattr(sys, "argv", line)
            with (
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
                contextlib.suppress(SystemExit),
            ):
                main()
            told += out.getvalue() + err.getvalue()
            last.setdefault(name, json.loads(out.getvalue().splitlines()[-1]))
    return Job(shop.folder, words, told, last)


def test_store_in_postgres_serves_every_command(job, shared_database):
    assert job.last["train"]["model_version"] == "1"
    assert job.last["score"]["model_version"] == "1"
    assert job.last["rollback"] == {"name": "shop", "before": "2", "after": "1"}
    assert job.last["backtest"]["windows"]
    versions = shared_database.run("SELECT version FROM store.model_versions")
    assert sorted(versions) == [(1,), (2,)]


def test_files_of_models_lie_where_they_are_told_to(job):
    assert [*job.folder.glob("files/shop/**/model.json")]


def rows_of(database, cutoff):
    import adbc_driver_postgresql.dbapi as adbc

    query = f"""SELECT * FROM "Risk Marts"."Scores" WHERE cutoff = '{cutoff}'
        ORDER BY customer_id"""
    with adbc.connect(database.url) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetch_arrow_table().to_pandas()


def test_scores_are_those_of_the_same_log_in_parquet(
    job, shared_database, orders, open_shop, tmp_path
):
    shop = open_shop(tmp_path / "shop", orders)
    orders.to_parquet(tmp_path / "orders.parquet")
    path = f"source.transactions.path={tmp_path}/orders.parquet"
    settings = shop.settings(path)
    work = pipeline.open_work(settings, quietly)
    trained = pipeline.train_model(work, quietly)
    pipeline.score(work, quietly)
    assert trained["test"] == job.last["train"]["test"]
    scores = pd.read_parquet(shop.out / "scores.parquet")
    written = rows_of(shared_database, "2024-12-01")
    assert {*written.pop("name")} == {"shop"}
    assert [*scores.columns] == [*written.columns]
    pd.testing.assert_frame_equal(
        scores.drop(columns=RUN), written.drop(columns=RUN), check_exact=True
    )


def test_later_scores_know_the_earlier_ones(job, shared_database):
    first, later = (rows_of(shared_database, day) for day in ("2024-12-01", LATER))
    before = later.merge(first, on="customer_id", suffixes=("", "_first"))
    assert len(before) == len(first)
    pd.testing.assert_series_equal(
        before["churn_probability_before"],
        before["churn_probability_first"],
        check_names=False,
    )


def test_query_of_the_documentation_finds_a_customer(job, shared_database):
    page = (Path(__file__).parents[2] / "docs" / "postgres.md").read_text()
    query = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)[-1]
    query = query.replace("marts.scores", '"Risk Marts"."Scores"')
    rows = shared_database.run(query.replace("4711", "c001"))
    assert [str(row[0]) for row in rows] == ["2024-12-01", LATER]


def _spellings():
    told = [CANARY, quote(CANARY), quote(CANARY, safe=""), json.dumps(CANARY)[1:-1]]
    return {each.encode() for each in (*told, "k@narien", "k%40narien")}


def test_password_is_in_no_output(job):
    told = job.told.encode()
    assert b"Version" in told
    assert not [each for each in _spellings() if each in told]


def test_password_is_in_no_file(job):
    files = [each for each in job.folder.rglob("*") if each.is_file()]
    assert len(files) > 50
    found = {
        str(file)
        for file in files
        for spelling in _spellings()
        if spelling in file.read_bytes()
    }
    assert not found


def test_password_is_in_no_table_of_the_store(job, shared_database, server, tmp_path):
    import os
    import subprocess

    dump = subprocess.run(
        [server.programs / "pg_dump", "--schema=store", shared_database.url],
        check=True,
        capture_output=True,
        env={**os.environ, "LC_ALL": "C"},
        timeout=60,
    ).stdout
    assert b"regulars.fingerprint" in dump
    assert not [each for each in _spellings() if each in dump]


@pytest.mark.parametrize(
    "overrides",
    [
        ["source.engine={wrong}"],
        ["source.engine={closed}"],
        ["source.engine={nowhere}"],
        ["source.transactions={{table: public.ordres}}"],
        ["source.transactions={{table: public.orders, where: '1 / 0'}}"],
        ["tracking.uri={wrong}"],
        ["tracking.uri={closed}"],
        ["tracking.uri=postgresql://me:" + CANARY + "@127.0.0.1/x"],
        ["tracking.url={closed}"],
        ["scores.table={closed}"],
        ["scores.table={{engine: '{wrong}', table: t}}"],
        ["scores.table={{engine: '{closed}', table: t}}"],
        ["scores.table={{engine: '{whole}', table: pg_catalog.scores}}"],
    ],
)
@pytest.mark.parametrize("debug", [True, False])
def test_password_is_in_no_fault(
    job, server, shared_database, overrides, debug, monkeypatch, capsys, tmp_path
):
    import sys
    import traceback

    from regulars.cli import main
    from regulars.errors import RegularsError

    name = shared_database.name
    addresses = {
        "whole": server.url(name, "clerk", CANARY),
        "wrong": server.url(name, "postgres", CANARY),
        "closed": replace(server, port=1).url(name, "clerk", CANARY),
        "nowhere": server.url("nowhere", "clerk", CANARY),
    }
    sets = [f"--set={each.format(**addresses)}" for each in overrides]
    line = ["regulars", "score", *job.words, *sets, f"--set=outputs={tmp_path}"]
    monkeypatch.setattr(sys, "argv", line + ["--debug"] * debug)
    expected = RegularsError if debug else SystemExit
    with pytest.raises(expected) as caught:
        main()
    told = "".join(capsys.readouterr())
    if debug:
        told += "".join(traceback.format_exception(caught.value))
    else:
        assert caught.value.code == 2
        assert told.count("regulars: ") == 1
    files = b"".join(each.read_bytes() for each in tmp_path.rglob("*.*"))
    assert not [each for each in _spellings() if each in told.encode() + files]


def test_password_can_be_found_where_it_is(job):
    """The search itself: the words of the command line do hold it."""
    words = " ".join(job.words).encode()
    assert [each for each in _spellings() if each in words]
