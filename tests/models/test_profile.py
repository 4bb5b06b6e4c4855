from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from regulars.models.profile import N_QUANTILES, Profile
from regulars.models.tabular.encoding import TabularEncoder


@pytest.fixture
def profile():
    rows = pd.DataFrame(
        {
            "calls": [*np.arange(9.0), np.nan],
            "never": np.full(10, np.nan),
            "plan": ["s"] * 5 + ["m"] * 5,
        }
    )
    return Profile.of(rows, TabularEncoder().fit(rows))


def test_numbers_are_described_by_their_quantiles(profile):
    calls = profile.quantiles["calls"]
    assert len(calls) == N_QUANTILES
    assert (calls[0], calls[N_QUANTILES // 2], calls[-1]) == (0.0, 4.0, 8.0)


def test_number_that_is_never_known_has_no_quantiles(profile):
    assert profile.quantiles["never"] == []


def test_categories_are_described_by_their_shares(profile):
    assert profile.shares == {"plan": {"s": 0.5, "m": 0.5}}


def test_profile_survives_json(profile):
    assert Profile(**json.loads(json.dumps(profile.to_dict()))) == profile
