"""Tables beside the purchases, from the files to the endpoint."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars import pipeline
from regulars.errors import DataError
from regulars.kinds.non_contractual import open_workspace, purchase_problem
from regulars.tracking import Store
from regulars.tracking.environment import addressed, quiet
from regulars.training import train

END = pd.Timestamp("2025-02-04")


def _quietly(step):
    """Say nothing of the steps."""


def beside(orders):
    """Visits every other day until a customer's last order, and where they live."""
    rng = np.random.default_rng(3)
    last = orders.groupby("customer_id")["order_time"].max()
    first = orders.groupby("customer_id")["order_time"].min()
    spans = [pd.date_range(first[who], last[who], freq="2D") for who in last.index]
    events = pd.DataFrame(
        {
            "customer_id": np.repeat(last.index, [len(span) for span in spans]),
            "event_time": np.concatenate(spans),
            "event_type": "visit",
        }
    )
    customers = pd.DataFrame(
        {
            "customer_id": last.index,
            "region": rng.choice(["north", "south"], len(last)),
            "known_from": first.to_numpy(),
            "vip": rng.choice([True, False, None], len(last)),
            "born": pd.Timestamp("1990-01-01")
            + pd.to_timedelta(rng.integers(0, 999, len(last)), unit="D"),
        }
    )
    return {"events": events, "customers": customers}


def overrides(folder, tables):
    """Write the tables; return the settings that read them."""
    asked = []
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
        columns = ", ".join(f"{column}: {column}" for column in table)
        path = (folder / f"{name}.csv").as_posix()
        asked.append(f"source.{name}={{path: '{path}', columns: {{{columns}}}}}")
    return asked


@pytest.fixture(scope="module")
def run_beside(tmp_path_factory, orders, open_shop, few_trees):
    """The main job of a shop with visits and attributes; the shop and its tables."""
    shop = open_shop(tmp_path_factory.mktemp("beside"), orders)
    tables = beside(orders)
    settings = shop.settings(
        "churn.members=[process, logistic, lightgbm]",
        *overrides(shop.folder, tables),
    )
    result = pipeline.run(settings, _quietly)
    return settings, tables, result


def test_model_learns_from_the_tables(run_beside):
    settings, _, result = run_beside
    model, _ = Store(settings.tracking.uri, settings.name).load(None)
    assert {"days_since_events", "events_visit_ever"} <= {*model.reference_.index}
    assert "events_last_30_days" in model.churn_.features_
    assert result["test"]["roc_auc"] > 0.8


def test_reasons_may_speak_of_them(run_beside):
    scores = pd.read_parquet(run_beside[0].outputs_folder / "scores.parquet")
    said = " ".join(text for name in scores["risk_reasons"] for text in name)
    assert "events" in said or "visit" in said


@pytest.fixture(scope="module")
def served(run_beside):
    """The registered model as MLflow loads it."""
    settings = run_beside[0]
    store = Store(settings.tracking.uri, settings.name)
    with quiet(), addressed(store.uri):
        import mlflow

        return mlflow.pyfunc.load_model("models:/shop/1")


@pytest.fixture(scope="module")
def request_rows(run_beside, orders):
    """Customers as a request, with their rows of every table."""
    tables = {"transactions": orders, **run_beside[1]}
    nested = {}
    for name, table in tables.items():
        times = table.select_dtypes("datetime").columns
        told = table.assign(**{c: table[c].astype(str) for c in times})
        nested[name] = {
            who: rows.drop(columns="customer_id").to_dict("records")
            for who, rows in told.groupby("customer_id")
        }
    who = sorted(nested["transactions"])[:25]
    rows = {name: [held.get(each, []) for each in who] for name, held in nested.items()}
    return pd.DataFrame({"customer_id": who, **rows})


def test_endpoint_gives_the_scores_of_the_batch(served, request_rows, run_beside):
    scores = pd.read_parquet(run_beside[0].outputs_folder / "scores.parquet")
    as_of = {"as_of": str(scores["cutoff"].iloc[0])}
    found = served.predict(request_rows, params=as_of)
    batch = scores.set_index("customer_id").loc[found["customer_id"]]
    np.testing.assert_allclose(
        found["churn_probability"], batch["churn_probability"], rtol=1e-9
    )
    assert [*map(list, found["risk_reasons"])] == [*map(list, batch["risk_reasons"])]


def test_request_without_a_table_is_refused(served, request_rows):
    scorer = served._model_impl.scorer
    with pytest.raises(DataError, match="lacks events"):
        scorer.predict(request_rows.drop(columns="events"), {"as_of": "2025-02-04"})


def test_fault_in_a_table_is_told(served, request_rows):
    wrong = [
        [{"event_time": "soon", "event_type": "visit"}],
        *request_rows["events"][1:],
    ]
    rows = request_rows.assign(events=wrong)
    with pytest.raises(DataError, match=r"events that cannot be used: 1 x"):
        served._model_impl.scorer.predict(rows, {"as_of": "2025-02-04"})


@pytest.mark.slow
@pytest.mark.usefixtures("few_trees")
def test_tested_model_is_the_one_that_a_user_had_on_that_day(
    orders, open_shop, tmp_path
):
    def trained(folder, log, tables, *more):
        shop = open_shop(folder, log)
        asked = overrides(folder, tables)
        settings = shop.settings(
            "churn.members=[process, logistic, lightgbm]", *asked, *more
        )
        work = open_workspace(settings, _quietly)
        return work, train(purchase_problem(work, _quietly), _quietly)

    tables = beside(orders)
    # a kind of event and an attribute that come late are unknown to the past
    late = tables["events"].tail(200).assign(event_type="app", event_time=END)
    tables["events"] = pd.concat([tables["events"], late])
    work, training = trained(tmp_path / "later", orders, tables)
    (trial,) = training.trials
    day = work.timeline.test_cutoff
    past = orders[orders["order_time"] < pd.Timestamp(day)]
    known = {
        name: table[table[when] < pd.Timestamp(day)]
        for (name, table), when in zip(
            tables.items(), ("event_time", "known_from"), strict=True
        )
    }
    then, training_then = trained(tmp_path / "then", past, known, f"time.cutoff={day}")
    features = then.features.by_cutoff([day])[day]
    pd.testing.assert_frame_equal(
        trial.tested_model.predict(features),
        training_then.model.predict(features),
        check_exact=True,
    )
