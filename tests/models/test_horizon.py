from __future__ import annotations

import json

import numpy as np
import pytest

from regulars.models import Horizon

TERMS = Horizon(
    horizon_days=90,
    gap_days=7,
    margin=0.3,
    discount_rate_annual=0.1,
    clv_horizon_days=365,
    risk_bands=(0.4, 0.7),
    label_horizon_days=28,
    currency="EUR",
    extrapolation_weight=0.2,
)


@pytest.mark.parametrize(
    ("probability", "band"),
    [(0.39, "low"), (0.4, "medium"), (0.69, "medium"), (0.7, "high"), (1.0, "high")],
)
def test_bound_belongs_to_the_higher_band(probability, band):
    assert TERMS.bands(np.array([probability])).tolist() == [band]


def test_members_learn_on_the_shorter_horizon_where_there_is_one():
    assert TERMS.teaching.days == 28
    assert TERMS.days == 90
    assert TERMS.teaching.teaching == TERMS.teaching


def test_horizon_survives_json():
    assert Horizon.from_dict(json.loads(json.dumps(TERMS.to_dict()))) == TERMS


def test_earlier_name_of_the_extrapolation_weight_is_read():
    data = TERMS.to_dict()
    data["steadiness"] = data.pop("extrapolation_weight")
    assert Horizon.from_dict(data) == TERMS
