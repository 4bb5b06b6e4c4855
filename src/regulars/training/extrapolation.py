"""What the history says of carrying forecasts over to a longer horizon.

Where models learn on a shorter horizon than the one asked for, nobody knows yet how
silence grows from the one to the other. But the same stretch on a smaller scale has
happened: the history is cut where its later part is as long as the horizon is beside
the whole, and once more where it is as long as the horizon that models learn on. From
each cut a model that knew no more than that day is carried over and compared with what
followed. All of it was known at the test cutoff.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from regulars.models.churn.calibration import Calibrator
from regulars.models.churn.ensemble import PROCESS_COLUMN, ChurnEnsemble
from regulars.models.extrapolation import ExtrapolationTest, choose_extrapolation_weight
from regulars.models.retention import feature_columns
from regulars.training.snapshots import Snapshots

if TYPE_CHECKING:
    from datetime import date

    from regulars.config import Settings
    from regulars.data.ledger import Ledger
    from regulars.features.cache import FeatureCache
    from regulars.models.churn.ensemble import Recipe
    from regulars.timeline import Timeline

# days below which a learnt horizon is mostly noise
SHORTEST_DAYS = 10
MOST_CUTOFFS = 3


def backtest_extrapolation(
    ledger: Ledger,
    timeline: Timeline,
    settings: Settings,
    recipe: Recipe,
    *,
    kind: str,
    features: FeatureCache | None = None,
) -> float:
    """Return how steadily silence goes on in this log."""
    if not timeline.is_extrapolated or not recipe.needs_fitting or not ledger.first_day:
        return 0.0
    # its calibration belongs to the horizon that it was chosen on
    plain = replace(recipe, calibrator=Calibrator().fit(np.zeros(1), np.zeros(1)))
    found = [
        _foreseen(ledger, line, settings, plain, kind, features)
        for line in extrapolation_timelines(timeline, ledger.first_day)
    ]
    return choose_extrapolation_weight([story for story in found if story is not None])


def extrapolation_timelines(
    timeline: Timeline, first_day: date
) -> tuple[Timeline, ...]:
    """Return the cuts of the history from which the same stretch can be foreseen."""
    known_at = timeline.test_cutoff or timeline.cutoff
    history = (known_at - first_day).days
    scaled = history * timeline.horizon_days // (history + timeline.horizon_days)
    days = {scaled, timeline.label_horizon_days}
    lines = (_line(timeline, known_at, n, first_day) for n in sorted(days)[::-1])
    return tuple(line for line in lines if line is not None)


def _line(
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
        refit_cutoffs=(),
    )


def _foreseen(
    ledger: Ledger,
    line: Timeline,
    settings: Settings,
    recipe: Recipe,
    kind: str,
    features: FeatureCache | None,
) -> ExtrapolationTest | None:
    cut = line.test_cutoff
    assert cut is not None
    time = settings.time.model_copy(update={"horizon_days": line.horizon_days})
    snapshots = Snapshots(
        ledger, line, settings.model_copy(update={"time": time}), features
    )
    snapshots.kind = kind
    rows = snapshots.stacked(line.training_cutoffs, known_at=cut)
    if rows is None or not snapshots.has_process(cut):
        return None
    columns = feature_columns(rows)
    model = ChurnEnsemble(recipe).fit(rows[columns], rows["churned"])
    short = snapshots.taught(cut, known_at=line.cutoff)
    long = snapshots.labelled(cut, known_at=line.cutoff)
    return ExtrapolationTest(
        learnt=model.predict(short[columns]),
        process_learnt=short[PROCESS_COLUMN].to_numpy(),
        process_asked=long[PROCESS_COLUMN].to_numpy(),
        stretch=line.horizon_days / line.label_horizon_days,
        churned=long["churned"].to_numpy(np.float64),
    )
