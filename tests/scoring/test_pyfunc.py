"""The endpoint's own road gives what the batch gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.errors import DataError
from regulars.scoring.batch import COLUMNS
from regulars.tracking import Store
from regulars.tracking.environment import addressed, quiet

AS_OF = {"as_of": "2024-12-01"}


@pytest.fixture(scope="module")
def served(run_shop):
    """The registered model as MLflow loads it."""
    settings = run_shop[0].settings()
    store = Store(settings.tracking.uri, settings.name)
    with quiet(), addressed(store.uri):
        import mlflow

        return mlflow.pyfunc.load_model("models:/shop/1")


@pytest.fixture(scope="module")
def request_rows(orders):
    """The first 25 customers as a request: their raw history nested in a row each."""
    past = orders[orders["order_time"] < "2024-12-01"]
    past = past.assign(order_time=past["order_time"].dt.strftime("%Y-%m-%d %H:%M:%S"))
    rows = [
        {
            "customer_id": who,
            "transactions": lines.drop(columns="customer_id").to_dict("records"),
        }
        for who, lines in past.groupby("customer_id")
    ]
    return pd.DataFrame(rows[:25])


def _predict(served, rows, params=AS_OF):
    """The scorer itself, without MLflow's checks of the request."""
    return served._model_impl.scorer.predict(rows, params)


def _with_history(rows, position, history):
    histories = rows["transactions"].tolist()
    histories[position] = history
    return rows.assign(transactions=histories)


def test_endpoint_gives_the_scores_of_the_batch(served, request_rows, run_shop):
    found = served.predict(request_rows, params=AS_OF)
    batch = pd.read_parquet(run_shop[0].out / "scores.parquet").head(25)
    assert {*COLUMNS} == {*found.columns}
    assert found["customer_id"].tolist() == batch["customer_id"].tolist()
    for name in (
        "churn_probability",
        "p_alive",
        "expected_spend",
        "expected_spend_low",
        "expected_spend_high",
        "clv",
    ):
        np.testing.assert_allclose(
            found[name].astype(float), batch[name], rtol=1e-6, err_msg=name
        )
    assert found["segment"].tolist() == batch["segment"].tolist()
    for name in ("risk_reasons", "stay_reasons"):
        assert [*map(list, found[name])] == [*map(list, batch[name])]


def test_order_of_the_request_is_kept(served, request_rows):
    turned = request_rows.iloc[::-1].reset_index(drop=True)
    found = _predict(served, turned)
    assert found["customer_id"].tolist() == turned["customer_id"].tolist()


def test_future_of_a_history_changes_nothing(served, request_rows):
    late = {
        **request_rows.loc[0, "transactions"][0],
        "order_time": "2024-12-01 00:00:00",
    }
    history = [*request_rows.loc[0, "transactions"], late]
    more = _with_history(request_rows, 0, history)
    names = ["churn_probability", "clv", "expected_spend"]
    pd.testing.assert_frame_equal(
        _predict(served, more)[names], _predict(served, request_rows)[names]
    )


@pytest.mark.parametrize("as_of", ["2020-01-01", "2024-12-01"])
def test_customer_without_a_past_has_a_row_without_scores(served, request_rows, as_of):
    rows = _with_history(request_rows.head(2), 1, [])
    found = _predict(served, rows, {"as_of": as_of})
    assert len(found) == 2
    assert pd.isna(found.loc[1, "churn_probability"])
    assert pd.isna(found.loc[0, "churn_probability"]) == (as_of == "2020-01-01")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.drop(columns="transactions"), "lacks transactions"),
        (lambda rows: rows.assign(customer_id=["a", "a"]), r"repeated in 1 of 2"),
        (lambda rows: rows.assign(customer_id=[None, "a"]), "empty or repeated in 1"),
        (
            lambda rows: rows.assign(customer_id=pd.Series([1, "1"], dtype=object)),
            r"2 values that read the same, as numbers and as text: 1, '1'\.",
        ),
        (lambda rows: rows.assign(transactions="x"), "must be a list"),
        (lambda rows: rows.assign(transactions=[[1], [2]]), "must be an object"),
        (
            lambda rows: rows.assign(
                transactions=[
                    [{**row, "amount": "dear"} for row in history]
                    for history in rows["transactions"]
                ]
            ),
            r"cannot be used: \d+ x amount_not_a_number",
        ),
        (
            lambda rows: rows.assign(
                transactions=[[{"order_time": "2024-01-01", "amount": 3.0}]] * 2
            ),
            "No history in 'transactions' has .*order_id",
        ),
    ],
)
def test_request_is_refused_when(served, request_rows, change, message):
    with pytest.raises(DataError, match=message):
        _predict(served, change(request_rows.head(2)))


def test_customer_keeps_the_kind_of_its_name(served, request_rows):
    rows = request_rows.head(2).assign(customer_id=pd.Series([7, "x"], dtype=object))
    found = _predict(served, rows)
    assert found["customer_id"].tolist() == [7, "x"]
    assert found["churn_probability"].notna().all()


def test_unreadable_as_of_is_refused(served, request_rows):
    with pytest.raises(DataError, match="'as_of' is 'soon'"):
        _predict(served, request_rows, {"as_of": "soon"})


def test_reasons_may_be_left_out(served, request_rows):
    whole = _predict(served, request_rows)
    found = _predict(served, request_rows, {**AS_OF, "reasons": "none"})
    told = ["risk_reasons", "stay_reasons"]
    assert all(row == [] for name in told for row in found[name])
    pd.testing.assert_frame_equal(
        found.drop(columns=[*told, "scored_at"]),
        whole.drop(columns=[*told, "scored_at"]),
    )
    with pytest.raises(DataError, match="'reasons' is 'some'; give 'all' or 'none'"):
        _predict(served, request_rows, {**AS_OF, "reasons": "some"})


def test_provenance_is_that_of_the_registry(served, request_rows, run_shop):
    found = _predict(served, request_rows.head(1))
    assert found.loc[0, "run_id"] == run_shop[1]["run_id"]
    assert found.loc[0, "model_version"] == run_shop[1]["model_version"]
