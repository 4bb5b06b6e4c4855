"""Order value enters the purchase model only where it foresees the windows better."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from regulars.kinds.non_contractual.order_value import _losses, with_order_value

DAYS = (date(2024, 6, 1), date(2024, 4, 1), date(2024, 2, 1))
LINKED = "bg_nbd+value"
N = 800


@dataclass(frozen=True)
class Windows:
    """Windows of a shop in which one customer in ten brings ten times as much.

    The linked model knows who they are as far as `insight` goes, and its chance of
    silence is off by `slip` in the log-odds.
    """

    insight: float
    slip: float = 0.0
    # of what it believes beside, right or wrong
    whim: int | None = None
    kind: str = "bg_nbd"
    folds: tuple[date, ...] = DAYS[:2]
    unfit: tuple[date, ...] = ()
    timeline: SimpleNamespace = None

    def __post_init__(self):
        folds = tuple(SimpleNamespace(cutoff=day) for day in self.folds)
        known = SimpleNamespace(
            folds=folds, training_cutoffs=DAYS, stands_at=date(2024, 9, 1)
        )
        object.__setattr__(self, "timeline", known)

    def has_process(self, day, kind=None):
        return kind != LINKED or day not in self.unfit

    def with_process(self, kind):
        return replace(self, kind=kind)

    def learnt(self, cutoff, *, known_at, kind):
        assert known_at == self.timeline.stands_at
        rng = np.random.default_rng(cutoff.month)
        mean = np.where(np.arange(N) % 10 == 0, 100.0, 10.0)
        chance = rng.uniform(0.2, 0.9, N)
        churned = rng.random(N) < chance
        spend = np.where(churned, 0.0, rng.gamma(4, mean / 4)) / (1 - chance)
        is_linked = kind == LINKED
        known = mean.mean() * (mean / mean.mean()) ** (self.insight * is_linked)
        if is_linked and self.whim is not None:
            known = known * np.random.default_rng(self.whim).lognormal(0, 0.2, N)
        slip = np.exp(self.slip * is_linked)
        silent = chance * slip / (1 - chance + chance * slip)
        return pd.DataFrame(
            {
                "customer_id": np.arange(N),
                "churned": churned.astype(int),
                "spend": spend,
                "btyd_no_purchase_probability": silent,
                "btyd_expected_spend": known,
            }
        )


def test_better_foreseen_money_decides():
    assert with_order_value(Windows(insight=1.0)).kind == LINKED


@pytest.mark.parametrize(
    "windows",
    [
        pytest.param(Windows(insight=0.0), id="nothing is gained"),
        pytest.param(Windows(insight=-0.5), id="money is foreseen worse"),
        pytest.param(Windows(insight=1.0, slip=1.0), id="churn is foreseen worse"),
        pytest.param(Windows(insight=1.0, folds=()), id="no validation window"),
        pytest.param(Windows(insight=1.0, unfit=DAYS[1:2]), id="no fit on a window"),
        pytest.param(Windows(insight=1.0, unfit=DAYS[2:]), id="no fit in training"),
        pytest.param(
            Windows(insight=1.0, unfit=(date(2024, 9, 1),)), id="no fit at the cutoff"
        ),
    ],
)
def test_else_the_plain_model_stays(windows):
    assert with_order_value(windows) is windows


def test_windows_of_one_customer_count_once():
    """Forty windows alike are no surer than one: the gain here is .7 of its error."""
    one = Windows(insight=0.0, whim=15, folds=DAYS[:1])
    plain, linked = (
        _losses(one.learnt(DAYS[0], known_at=one.timeline.stands_at, kind=kind))
        for kind in (one.kind, LINKED)
    )
    gain = (plain - linked)["money"]
    surety = gain.mean() / gain.sem()
    assert 0.3 < surety < 0.9
    assert surety * np.sqrt(40) > 1
    many = replace(one, folds=DAYS[:1] * 40)
    assert with_order_value(one) is one
    assert with_order_value(many) is many


def test_one_customer_who_comes_back_does_not_decide():
    rows = pd.DataFrame(
        {
            "customer_id": np.arange(1000),
            "churned": 0,
            "spend": 10.0,
            "btyd_no_purchase_probability": 0.5,
            "btyd_expected_spend": np.where(np.arange(1000) == 7, 1e-12, 9.0),
        }
    )
    money = _losses(rows)["money"]
    assert money[7] / money.sum() < 0.95
