"""Backtest of the horizon extrapolation, on shorter stretches of the history.

The history is cut where its later part is as long as the horizon is beside the whole,
and where it is as long as the horizon that models learn on. All was known at the test.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from regulars.kinds.non_contractual.snapshots import Snapshots
from regulars.models.churn.calibration import Calibrator
from regulars.models.churn.ensemble import ChurnEnsemble
from regulars.models.churn.members import PROCESS_COLUMN
from regulars.models.extrapolation import ExtrapolationTest, choose_extrapolation_weight
from regulars.models.reading import feature_columns

if TYPE_CHECKING:
    from datetime import date

    from regulars.config import Settings
    from regulars.models.churn.ensemble import Recipe
    from regulars.timeline import Timeline

# days below which a learnt horizon is mostly noise
SHORTEST_DAYS = 10
MOST_CUTOFFS = 3


def backtest_extrapolation(
    snapshots: Snapshots, settings: Settings, recipe: Recipe
) -> float:
    """Return the weight with which the churn forecasts of a recipe are extrapolated.

    0 where nothing is extrapolated, or the history is too short to say.
    """
    timeline, first_day = snapshots.timeline, snapshots.ledger.first_day
    if not timeline.is_extrapolated or not recipe.needs_fitting or not first_day:
        return 0.0
    # its calibration belongs to the horizon that it was chosen on
    plain = replace(recipe, calibrator=Calibrator().fit(np.zeros(1), np.zeros(1)))
    tests = [
        _predicted(snapshots, each, settings, plain)
        for each in extrapolation_timelines(timeline, first_day)
    ]
    return choose_extrapolation_weight([test for test in tests if test is not None])


def extrapolation_timelines(
    timeline: Timeline, first_day: date
) -> tuple[Timeline, ...]:
    """Return the cuts of the history from which the same stretch can be predicted.

    Each stands at the test cutoff of `timeline`, or at its cutoff where there is none;
    its test window ends there or before.
    """
    known_at = timeline.stands_at
    history = (known_at - first_day).days
    scaled = history * timeline.horizon_days // (history + timeline.horizon_days)
    days = {scaled, timeline.label_horizon_days}
    cuts = (_cut(timeline, known_at, n, first_day) for n in sorted(days)[::-1])
    return tuple(cut for cut in cuts if cut is not None)


def _cut(
    timeline: Timeline, known_at: date, horizon: int, first_day: date
) -> Timeline | None:
    learnt = horizon * timeline.label_horizon_days // timeline.horizon_days
    cut = known_at - timedelta(days=timeline.gap_days + horizon)
    latest = cut - timedelta(days=timeline.gap_days + learnt)
    cutoffs = (latest - timedelta(days=k * learnt) for k in range(MOST_CUTOFFS))
    earliest = first_day + timedelta(days=learnt)
    training = tuple(day for day in cutoffs if day >= earliest)
    if learnt < SHORTEST_DAYS or not training:
        return None
    return replace(
        timeline,
        cutoff=known_at,
        horizon_days=horizon,
        label_horizon_days=learnt,
        test_cutoff=cut,
        folds=(),
        training_cutoffs=training,
        final=None,
    )


def _predicted(
    snapshots: Snapshots, timeline: Timeline, settings: Settings, recipe: Recipe
) -> ExtrapolationTest | None:
    cut = timeline.test_cutoff
    assert cut is not None
    time = settings.time.model_copy(update={"horizon_days": timeline.horizon_days})
    shorter = Snapshots.of(
        snapshots.ledger,
        timeline,
        settings.model_copy(update={"time": time}),
        snapshots.cache,
    ).with_process(snapshots.kind)
    rows = shorter.stacked(timeline.training_cutoffs, known_at=cut)
    if rows is None or not shorter.has_process(cut):
        return None
    columns = feature_columns(rows)
    short = shorter.learnt(cut, known_at=timeline.cutoff)
    model = ChurnEnsemble(recipe).fit(
        rows[columns], rows["churned"], snapshots=rows["cutoff"], current=short
    )
    long = shorter.labelled(cut, known_at=timeline.cutoff)
    return ExtrapolationTest(
        learnt=model.predict(short[columns]),
        process_learnt=short[PROCESS_COLUMN].to_numpy(),
        process_asked=long[PROCESS_COLUMN].to_numpy(),
        stretch=timeline.horizon_days / timeline.label_horizon_days,
        churned=long["churned"].to_numpy(np.float64),
    )
