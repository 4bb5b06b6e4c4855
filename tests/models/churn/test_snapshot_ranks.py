from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.models.churn.ensemble import ChurnEnsemble, Recipe
from regulars.models.churn.rank_choice import choose_ranks
from regulars.models.churn.snapshot_ranks import (
    SnapshotRanks,
    drifting,
    ranked_by_snapshot,
)
from regulars.models.folds import ValidationFold
from regulars.models.memo import Memo


@given(st.lists(st.integers(0, 20), min_size=1, max_size=60))
def test_ranks_keep_the_order_and_lie_between_0_and_1(values):
    rows = pd.DataFrame({"x": np.array(values, dtype=float)})
    found = SnapshotRanks(["x"]).fit(rows).transform(rows)["x"].to_numpy()
    assert ((found > 0) & (found < 1)).all()
    order = np.argsort(values, kind="stable")
    assert (np.diff(found[order]) >= 0).all()
    assert found.mean() == pytest.approx(0.5, abs=0.5 / len(values) + 0.01)


def test_ranks_of_many_are_the_exact_ones():
    rows = pd.DataFrame({"x": np.random.default_rng(0).gamma(1, 2, 5_000)})
    found = SnapshotRanks(["x"]).fit(rows).transform(rows)["x"]
    np.testing.assert_allclose(found, rows["x"].rank(pct=True), atol=0.01)


def test_what_is_missing_stays_missing_and_other_columns_stay():
    rows = pd.DataFrame({"x": [1.0, np.nan, 3.0], "y": [7.0, 8.0, 9.0]})
    ranks = SnapshotRanks(["x"]).fit(rows)
    found = ranks.transform(rows)
    assert found["x"].isna().tolist() == [False, True, False]
    pd.testing.assert_series_equal(found["y"], rows["y"])
    nobody = SnapshotRanks(["x"]).fit(rows.assign(x=np.nan)).transform(rows)
    assert nobody["x"].isna().all()


def test_saved_ranks_give_the_same_bits():
    rows = pd.DataFrame({"x": np.random.default_rng(0).normal(size=300)})
    ranks = SnapshotRanks(["x"]).fit(rows)
    kept = SnapshotRanks.from_dict(json.loads(json.dumps(ranks.to_dict())))
    pd.testing.assert_frame_equal(kept.transform(rows), ranks.transform(rows))


def test_each_row_is_ranked_among_its_own_snapshot_in_its_own_place():
    rows = pd.DataFrame({"x": [1.0, 100.0, 2.0, 300.0]}, index=[5, 5, 6, 7])
    found = ranked_by_snapshot(rows, ["spring", "autumn", "spring", "autumn"], ["x"])
    assert found["x"].round(1).tolist() == [0.3, 0.3, 0.8, 0.8]
    assert found.index.tolist() == [5, 5, 6, 7]


def test_drift_is_told_from_noise():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"age": rng.normal(size=2_000), "pace": rng.normal(size=2_000)})
    snapshots = np.repeat([0, 1], 1_000)
    rows["age"] += snapshots
    assert drifting(rows, snapshots) == ("age",)


def _folds(*, by_rank):
    """Churn by the rank of a drifting feature, or by its level."""
    rng = np.random.default_rng(0)
    code = np.repeat(np.arange(4.0), 1_000)
    base = rng.normal(size=4_000)
    rows = pd.DataFrame({"x": base + code, "other": rng.normal(size=4_000)})
    odds = 2 * (base if by_rank else rows["x"] - 2)
    y = (rng.random(4_000) < 1 / (1 + np.exp(-odds))).astype(float)
    for at in (3, 2):
        train, valid = code < at, code == at
        yield ValidationFold(
            rows[train],
            y[train],
            rows[valid],
            y[valid],
            customers=np.arange(valid.sum()),
            snapshots=code[train],
        )


@pytest.mark.parametrize(("by_rank", "ranked"), [(True, ("x",)), (False, ())])
def test_validation_says_whether_ranks_or_levels_are_read(by_rank, ranked):
    folds = [*_folds(by_rank=by_rank)]
    assert choose_ranks(folds, ["logistic", "lightgbm"], 0, Memo()) == ranked


def test_ensemble_ranks_among_those_it_stands_at():
    """A year later everybody has doubled, and the forecasts are what they were."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"x": rng.gamma(2, 1, 400)})
    y = rows["x"] > 2
    recipe = Recipe({"logistic": 1.0}, ranked=("x",))
    seen_at = np.zeros(400)
    now = ChurnEnsemble(recipe).fit(rows, y, snapshots=seen_at)
    later = ChurnEnsemble(recipe).fit(rows, y, snapshots=seen_at, current=2 * rows)
    np.testing.assert_allclose(later.predict(2 * rows), now.predict(rows))
    assert np.abs(later.predict(rows) - now.predict(rows)).max() > 0.1
    kept = ChurnEnsemble.from_dict(json.loads(json.dumps(later.to_dict())), {})
    np.testing.assert_array_equal(kept.predict(rows), later.predict(rows))
