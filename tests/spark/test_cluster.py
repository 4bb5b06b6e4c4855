"""A real cluster on loopback scores as DuckDB does, and when half of it is lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from tests.spark.clusters import Cluster, conf

from regulars import pipeline
from regulars.config import load_settings
from regulars.datasets.company import CONFIG, write_company

# PySpark 4.3 warns that it does not know pandas 3 yet
PANDAS_3 = "ignore:PySpark does not yet fully support pandas:FutureWarning"
pytestmark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.filterwarnings(PANDAS_3),
]
QUICK = ("churn.tuning_trials=0", "churn.members=[process, logistic]")
MEASURED = "transactions"


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
