"""scikit-learn's contract on summaries, where its own checks feed bare matrices.

The checks that fit and predict on random matrices cannot run on models that need named
columns (tests/test_estimator_contract.py lists them with the reason). What each of
them is about is asked here of every model, on a summary.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import pkgutil

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import regulars.clv
from regulars.clv.base import ParametricModel
from regulars.errors import DataError, NotEnoughHistoryError

BUYERS = pd.DataFrame(
    {
        "frequency": [0, 0, 1, 1, 1, 2, 2, 4, 7],
        "recency": [0, 0, 3, 20, 33, 9, 25, 26, 37],
        "T": [39, 30, 39, 30, 35, 38, 29, 32, 39],
        "monetary_value": [0.0, 0, 30, 22, 41, 35, 24, 28, 33],
        "weight": [80, 60, 20, 12, 6, 9, 6, 5, 4],
    }
)
DONORS = pd.DataFrame(
    {
        "frequency": [0, 1, 1, 2, 3, 5],
        "recency": [0, 1, 5, 4, 6, 6],
        "T": 6,
        "weight": [40, 12, 6, 9, 8, 7],
    }
)
TENURES = pd.DataFrame(
    {"recency": [0, 1, 2, 3, 6], "T": 6, "weight": [30, 14, 8, 5, 43]}
)
SUMMARIES = {
    "BetaGeoBetaBinomModel": (DONORS, "probability_alive"),
    "GammaGammaModel": (BUYERS, "expected_average_value"),
    "ShiftedBetaGeoModel": (TENURES, "probability_alive"),
}


def _models():
    found = set()
    for module in pkgutil.walk_packages(regulars.clv.__path__, "regulars.clv."):
        for _, cls in inspect.getmembers(
            importlib.import_module(module.name), inspect.isclass
        ):
            is_model = issubclass(cls, ParametricModel) and cls._parameters
            if is_model and not inspect.isabstract(cls) and cls.__doc__:
                found.add(cls)
    public = [cls for cls in found if cls.__name__ in regulars.clv.__all__]
    return sorted(public, key=lambda cls: cls.__name__)


@pytest.fixture(params=_models(), ids=lambda cls: cls.__name__)
def case(request):
    """Return an unfitted model, its summary and the name of a prediction."""
    default = (BUYERS, "probability_alive")
    summary, prediction = SUMMARIES.get(request.param.__name__, default)
    return request.param(penalty=0.001), summary, prediction


def predicted(model, summary, prediction):
    return getattr(model, prediction)(summary)


def test_all_six_models_are_asked():
    assert len(_models()) == 6


def test_fit_returns_self_and_predicts_a_number_a_row(case):
    model, summary, prediction = case
    assert model.fit(summary) is model
    values = predicted(model, summary, prediction)
    assert values.shape == (len(summary),)
    assert np.isfinite(values).all()


def test_fit_changes_no_argument_and_no_summary(case):
    model, summary, _ = case
    settings, before = copy.deepcopy(model.get_params()), summary.copy()
    model.fit(summary, None)
    assert model.get_params() == settings
    pd.testing.assert_frame_equal(summary, before)


def test_fit_adds_only_attributes_that_end_in_an_underscore(case):
    model, summary, _ = case
    before = set(vars(model))
    model.fit(summary)
    added = set(vars(model)) - before
    assert added
    assert all(name.endswith("_") for name in added)


def test_fit_twice_is_fit_once(case):
    model, summary, _ = case
    first = model.fit(summary).params_
    assert model.fit(summary).params_ == first
    assert clone(model).fit(summary).params_ == first


def test_fit_forgets_an_earlier_fit(case):
    model, summary, _ = case
    other = summary.assign(weight=summary["weight"] + 3)
    expected = clone(model).fit(summary).params_
    assert model.fit(other).fit(summary).params_ == expected


def test_fit_reads_columns_by_name_and_knows_them(case):
    model, summary, _ = case
    expected = clone(model).fit(summary).params_
    shuffled = summary[summary.columns[::-1]].assign(other="text")
    assert model.fit(shuffled).params_ == expected
    assert model.n_features_in_ == len(model.feature_names_in_)
    assert set(model.feature_names_in_) <= set(summary.columns)


def test_fit_takes_read_only_and_small_types(case):
    model, summary, _ = case
    expected = clone(model).fit(summary).params_
    small = summary.astype(dict.fromkeys(summary.columns, "float32"))
    for name in summary.columns:
        small[name].to_numpy().flags.writeable = False
    assert model.fit(small).params_ == pytest.approx(expected, rel=1e-5)


def test_pickle_gives_back_the_same_predictions(case):
    model, summary, prediction = case
    model.fit(summary)
    again = pickle.loads(pickle.dumps(model))
    pd.testing.assert_series_equal(
        predicted(again, summary, prediction), predicted(model, summary, prediction)
    )


def test_prediction_of_a_subset_is_the_subset_of_the_prediction(case):
    model, summary, prediction = case
    model.fit(summary)
    whole = predicted(model, summary, prediction)
    part = predicted(model, summary.iloc[[3, 1]], prediction)
    pd.testing.assert_series_equal(part, whole.iloc[[3, 1]], rtol=1e-12)


def test_prediction_needs_a_fit(case):
    model, summary, prediction = case
    with pytest.raises(NotFittedError, match="not fitted yet"):
        predicted(model, summary, prediction)


def test_fit_refuses_missing_numbers_text_matrices_and_nobody(case):
    model, summary, _ = case
    column = model._needed_columns()[0]
    holes = summary.astype(float)
    holes.loc[0, column] = np.nan
    with pytest.raises(DataError, match=f"'{column}' is missing or infinite"):
        model.fit(holes)
    with pytest.raises(DataError, match="must hold numbers"):
        model.fit(summary.assign(**{column: "many"}))
    with pytest.raises(DataError, match="lacks the columns"):
        model.fit(summary.drop(columns=column))
    with pytest.raises(TypeError, match=r"must be a pandas\.DataFrame"):
        model.fit(summary.to_numpy())
    with pytest.raises(
        NotEnoughHistoryError, match=r"no customers|Nobody in the summary"
    ):
        model.fit(summary.iloc[:0])
