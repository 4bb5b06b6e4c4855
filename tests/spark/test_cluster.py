"""A real cluster on loopback scores as DuckDB does, and when half of it is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.spark.clusters import Cluster, conf, events_of, free_port

from regulars import pipeline
from regulars.config import load_settings
from regulars.data.cluster_session import open_session
from regulars.datasets.company import CONFIG, write_company
from regulars.tracking import Store
from regulars.tracking.environment import addressed, quiet

# PySpark 4.3 warns that it does not know pandas 3 yet
PANDAS_3 = "ignore:PySpark does not yet fully support pandas:FutureWarning"
pytestmark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.filterwarnings(PANDAS_3),
]
QUICK = ("churn.tuning_trials=0", "churn.members=[process, logistic]")


def silent(step):
    """Take no notice of a step."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A master and two workers, and one session with them."""
    folder = tmp_path_factory.mktemp("cluster")
    with Cluster(folder) as running:
        yield running
        from pyspark.sql import SparkSession

        if (session := SparkSession.getActiveSession()) is not None:
            session.stop()


def on_cluster(settings, cluster, outputs, **more):
    """Return the settings of a file for a cluster."""
    spark = settings.spark.model_copy(update={"conf": conf(cluster.events), **more})
    source = settings.source.model_copy(update={"engine": f"spark://{cluster.address}"})
    changed = {"spark": spark, "source": source, "outputs": str(outputs)}
    return settings.model_copy(update=changed)


def score(settings):
    return pipeline.score(pipeline.open_for_scores(settings, silent), silent)


def assert_same_scores(settings, others):
    """Compare scored tables row by row, in their order."""
    local, far = (
        pd.read_parquet(each.outputs_folder / "scores.parquet").drop(
            columns="scored_at"
        )
        for each in (settings, others)
    )
    assert len(local) > 100
    pd.testing.assert_frame_equal(local, far, rtol=0, atol=1e-9)
    exact = local.select_dtypes(exclude="number").columns
    for name in exact:
        assert local[name].astype(str).tolist() == far[name].astype(str).tolist()


def damaged(folder):
    """Give the company's log faults: copies, lines of nobody, a guest."""
    path = folder / "transactions.parquet"
    lines = pq.read_table(path).to_pandas()
    nobody = lines.head(7).assign(customer_id=None)
    wrong = lines.iloc[40:45].assign(amount=np.inf)
    guest = lines.sample(3_000, random_state=0, replace=True)
    guest = guest.assign(
        customer_id="guest", order_id=[f"g{n}" for n in range(len(guest))]
    )
    whole = pd.concat([lines, lines.iloc[100:110], nobody, wrong, guest])
    path.unlink()
    parts = folder / "transactions"
    parts.mkdir()
    for number, part in enumerate(np.array_split(np.arange(len(whole)), 6)):
        whole.iloc[part].to_parquet(parts / f"{number}.parquet", index=False)


@pytest.fixture(scope="module")
def company(tmp_path_factory, few_trees):
    """Settings of a company with every table, after training and scoring on DuckDB."""
    folder = write_company(tmp_path_factory.mktemp("company") / "c", 400, seed=1)
    damaged(folder)
    settings = load_settings(
        folder / CONFIG,
        [
            *QUICK,
            f"source.transactions.path={folder}/transactions/*.parquet",
            "time.training_cutoffs=2",
            "time.validation_windows=2",
            f"outputs={folder}/out",
            f"tracking.uri=sqlite:///{folder}/store/mlflow.db",
        ],
    )
    work = pipeline.open_work(settings, silent)
    pipeline.train_model(work, silent)
    return settings, pipeline.score(work, silent)


def test_scores_of_a_log_are_those_of_one_machine(cluster, run_shop, tmp_path):
    settings = run_shop[0].settings()
    far = on_cluster(settings, cluster, tmp_path)
    result = score(far)
    assert_same_scores(settings, far)
    assert result["n_customers"] == 220


def test_scores_of_every_table_are_those_of_one_machine(cluster, company, tmp_path):
    settings, local = company
    far = on_cluster(settings, cluster, tmp_path)
    result = score(far)
    assert_same_scores(settings, far)
    assert result["value_at_risk"] == pytest.approx(local["value_at_risk"], rel=1e-12)
    told = json.loads((settings.outputs_folder / "check.json").read_text())["tables"]
    for name, table in result["tables"].items():
        assert rows_of(table) == rows_of(told[name])
    assert {"duplicate", "guest_id", "missing_customer_id", "amount_not_finite"} <= {
        *rows_of(result["tables"]["transactions"])[1]
    }
    notices = [n for n in result["notices"] if "guest" in n]
    assert notices == [n for n in told["transactions"]["notices"] if "guest" in n]


def rows_of(table):
    """Return how many rows a table had, and lost by reason."""
    reasons = {each["reason"]: each["rows"] for each in table["reasons"]}
    return (table["rows_in"], table["rows_kept"]), reasons


def loses_a_worker(cluster, n_buckets, lost):
    """Kill a worker as soon as one of so many buckets is done, and others are not."""
    from pyspark.sql import SparkSession

    end = time.monotonic() + 90
    while time.monotonic() < end and not lost:
        session = SparkSession.getActiveSession() or SparkSession._instantiatedSession
        tracker = session and session.sparkContext.statusTracker()
        for number in tracker.getActiveStageIds() if tracker else ():
            stage = tracker.getStageInfo(number)
            if stage and stage.numTasks == n_buckets and stage.numCompletedTasks:
                cluster.lose(1)
                lost.append((stage.numCompletedTasks, n_buckets))
                return
        time.sleep(0.02)


def test_half_of_the_cluster_may_be_lost_in_mid_run(
    cluster, run_shop, tmp_path, monkeypatch
):
    settings = run_shop[0].settings()
    log = pd.read_csv(settings.source.transactions.path, dtype=str)
    for number in range(6):  # that both workers hold some of what is shuffled
        log.iloc[number::6].to_parquet(tmp_path / f"{number}.parquet", index=False)
    table = settings.source.transactions.model_copy(
        update={"path": f"{tmp_path}/*.parquet"}
    )
    source = settings.source.model_copy(update={"transactions": table})
    settings_of_parts = settings.model_copy(update={"source": source})
    monkeypatch.setattr("regulars.kinds.non_contractual.cluster.WAVES", 15)
    far, lost = on_cluster(settings_of_parts, cluster, tmp_path / "out"), []
    n_buckets = 15 * 2
    before = lost_and_again(cluster)
    killer = threading.Thread(target=loses_a_worker, args=(cluster, n_buckets, lost))
    killer.start()
    try:
        score(far)
    finally:
        killer.join()
        cluster.replace(1)
    assert lost
    assert 1 <= lost[0][0] < n_buckets
    assert_same_scores(settings, far)
    n_executors, n_again = np.subtract(lost_and_again(cluster), before)
    assert n_executors == 1
    assert n_again >= 1


def lost_and_again(cluster):
    """Return the executors lost, and the stages of a shuffle worked out again."""
    n_executors, n_again = 0, 0
    for event in events_of(cluster.events):
        kind = event["Event"]
        n_executors += kind == "SparkListenerExecutorRemoved"
        if kind == "SparkListenerStageSubmitted":
            n_again += event["Stage Info"]["Stage Attempt ID"] > 0
    return n_executors, n_again


def test_training_reads_a_sample_of_whole_customers(cluster, company, tmp_path):
    settings, _ = company
    far = on_cluster(settings, cluster, tmp_path)
    spark = far.spark.model_copy(update={"sample_customers": 150})
    work = pipeline.open_work(far.model_copy(update={"spark": spark}), silent)
    (told,) = [note for note in work.notes if "drawn by a hash" in note]
    assert "spark.sample_customers: 150" in told
    check = json.loads((tmp_path / "check.json").read_text())
    assert told in check["tables"]["transactions"]["notices"]
    drawn, whole = (
        each.ledger.transactions.customer_id.to_pandas().value_counts()
        for each in (work, pipeline.open_work(settings, silent))
    )
    assert 80 < len(drawn) < 250
    assert drawn.to_dict() == whole[drawn.index].to_dict()
    events = work.intake.tables["events"].customer_id.to_pandas()
    assert 0 < events.nunique() <= 250


TOLD = ("customer_id", "churn_probability", "risk_band", "expected_spend")
TYPES = "customer_id string, churn_probability double, risk_band string, "
TYPES += "expected_spend double"
AS_OF = {"as_of": "2024-12-01", "reasons": "none"}


@pytest.fixture(scope="module")
def histories(orders):
    """Raw histories of 30 customers, one row a customer."""
    past = orders[orders["order_time"] < "2024-12-01"]
    past = past.assign(order_time=past["order_time"].dt.strftime("%Y-%m-%d %H:%M:%S"))
    rows = [
        {
            "customer_id": who,
            "transactions": lines.drop(columns="customer_id").to_dict("records"),
        }
        for who, lines in past.groupby("customer_id")
    ]
    return pd.DataFrame(rows[:30])


@pytest.fixture(scope="module")
def loaded(run_shop):
    """The registered model as MLflow loads it, and its folder."""
    settings = run_shop[0].settings()
    store = Store(settings.tracking.uri, settings.name)
    folder = store.fetch()[0].parents[1]
    with quiet(), addressed(store.uri):
        import mlflow

        return mlflow.pyfunc.load_model(folder.as_uri()), folder


def test_function_of_spark_agrees_with_the_loaded_model(
    cluster, run_shop, histories, loaded
):
    from mlflow.pyfunc import spark_udf

    model, folder = loaded
    settings = on_cluster(run_shop[0].settings(), cluster, folder)
    session = open_session(settings)
    with quiet():
        score_of = spark_udf(
            session, folder.as_uri(), TYPES, env_manager="local", params=AS_OF
        )
    kinds = session.createDataFrame(pa.Table.from_pandas(histories)).repartition(2)
    rows = kinds.select(score_of("customer_id", "transactions").alias("s")).select(
        "s.*"
    )
    found = rows.toArrow().to_pandas().sort_values("customer_id", ignore_index=True)
    expected = model.predict(histories, params=AS_OF)[[*TOLD]]
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=0, atol=1e-9)


def test_served_model_agrees_with_the_loaded_model(histories, loaded, tmp_path):
    model, folder = loaded
    port = free_port()
    words = ["models", "serve", "-m", str(folder), "--env-manager", "local"]
    log = (tmp_path / "serve.log").open("w")
    # MLflow starts its server by name, and an environment need not be activated.
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with subprocess.Popen(
        [sys.executable, "-m", "mlflow", *words, "-p", str(port)],
        stdout=log,
        stderr=log,
        start_new_session=True,
        env={**os.environ, "PATH": programs},
    ) as process:
        try:
            body = {"inputs": histories.to_dict("records"), "params": AS_OF}
            answer = asked(port, body, process)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            log.close()
    found = pd.DataFrame(answer["predictions"])[[*TOLD]]
    expected = model.predict(histories, params=AS_OF)[[*TOLD]]
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=0, atol=1e-9)


def asked(port, body, process, seconds=120):
    """Return the answer of a server, once its process is up."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.2)
