from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.clv import (
    BetaGeoBetaBinomModel,
    BetaGeoModel,
    alive_matrix,
    purchases_matrix,
)


@pytest.fixture(scope="module")
def model(summary):
    return BetaGeoModel().fit(summary)


def test_matrices_are_blank_where_a_pair_cannot_occur(model):
    alive = alive_matrix(model, 39.0, max_frequency=5, n_recencies=4)
    assert alive.shape == (6, 4)
    assert alive.loc[0].notna().tolist() == [True, False, False, False]
    assert alive.loc[3].notna().tolist() == [False, True, True, True]
    assert alive.loc[0, 0.0] == 1.0
    purchases = purchases_matrix(model, 39.0, 39.0, max_frequency=5, n_recencies=4)
    assert purchases.loc[5].is_monotonic_increasing or purchases.loc[5].isna().any()
    assert purchases.loc[5, 39.0] > purchases.loc[1, 39.0]


def test_matrices_use_whole_recencies_for_discrete_opportunities():
    rows = pd.DataFrame(
        {"frequency": [0, 1, 2], "recency": [0, 2, 4], "T": 4, "weight": [60, 25, 15]}
    )
    discrete = BetaGeoBetaBinomModel(penalty=0.01).fit(rows)
    alive = alive_matrix(discrete, 4, max_frequency=4)
    assert alive.columns.tolist() == [0, 1, 2, 3, 4]
    assert np.isnan(alive.loc[3, 2])
    assert alive.loc[4, 4] == pytest.approx(1.0)
