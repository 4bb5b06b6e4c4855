from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from regulars.config import MonitoringSettings
from regulars.monitoring.bands import score_month, watch_bands


def _scores(n_high, n=1000):
    return pd.DataFrame(
        {
            "churn_probability": np.where(np.arange(n) < n_high, 0.9, 0.1),
            "risk_band": np.where(np.arange(n) < n_high, "high", "low"),
            "expected_spend": 2.0,
            "clv": np.nan,
        }
    )


def _month(n_high, month):
    return score_month(_scores(n_high), date(2024, month, 1), "3")


def test_figures_of_a_cutoff():
    month = _month(250, 1)
    assert month.band_shares == {"low": 0.75, "medium": 0.0, "high": 0.25}
    assert month.mean_churn_probability == pytest.approx(0.3)
    assert month.expected_spend == 2000.0
    assert month.clv is None


def test_band_that_leaps_is_told_against_the_scoring_before():
    watches = watch_bands([_month(250, 1), _month(500, 2)], MonitoringSettings())
    high = next(each for each in watches if each.name == "band high")
    assert high.p_value < 1e-6
    assert high.sentence.startswith("50% of the customers are in the band 'high'")


def test_band_that_moves_a_little_is_tolerated():
    watches = watch_bands([_month(250, 1), _month(300, 2)], MonitoringSettings())
    assert min(each.p_value for each in watches) > 0.5
    assert watch_bands([_month(250, 1)], MonitoringSettings()) == []
