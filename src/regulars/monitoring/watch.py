"""Look at everything that is watched as of a cutoff, and say what rings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from regulars.monitoring.arrival import Lines, watch_arrival, watch_lateness
from regulars.monitoring.bands import watch_bands
from regulars.monitoring.checks import ring
from regulars.monitoring.drift import watch_drift
from regulars.monitoring.kept_scores import KeptScores
from regulars.monitoring.outcome import (
    Scored,
    evaluate_outcome,
    promise_of,
    watch_outcomes,
)
from regulars.monitoring.quality import (
    watch_categories,
    watch_missing,
    watch_set_aside,
)
from regulars.monitoring.scorers import Champion, Scorers
from regulars.monitoring.value import evaluate_value_outcome, watch_value
from regulars.results import (
    BacktestResult,
    MonitoringResult,
    read_result,
)
from regulars.results.monitoring import IntakeCount
from regulars.scoring.reference import TENURE_BAND_DAYS, Reference
from regulars.scoring.sinks.tables import kept_scores

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    import pandas as pd

    from regulars.config import Settings
    from regulars.kinds.kind import Kind, Watched
    from regulars.monitoring.checks import Watch
    from regulars.results.monitoring import (
        ColumnDrift,
        Outcome,
        Period,
        Room,
        ValueOutcome,
    )
    from regulars.scoring.distance import Distance
    from regulars.tracking import Store

    Step = Callable[[str], None]

# the share of customers of a known tenure below which inputs say nothing of the rest
FEWEST_COMPARED = 0.5
YEAR = timedelta(days=364)


def watch_champion(
    settings: Settings,
    work: Any,
    kind: Kind,
    store: Store,
    *,
    today: date | None = None,
) -> MonitoringResult:
    """Watch the champion as of the cutoff of a workspace."""
    champion = Champion.of(store)
    assert kind.watched is not None
    watched = kind.watched(work, champion.model)
    look = _Look(settings, watched, champion, store, work.cutoff, today)
    return look.result()


@dataclass(frozen=True, eq=False)
class _Look:
    """One look at one workspace."""

    settings: Settings
    watched: Watched
    champion: Champion
    store: Store
    cutoff: date | None
    today: date | None
    scorers: Scorers = field(init=False)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        kept = KeptScores(kept_scores(self.settings))
        scorers = Scorers(self.champion, self.store, self.watched.past, kept)
        object.__setattr__(self, "scorers", scorers)

    def result(self) -> MonitoringResult:
        """Gather all checks, and ring those beyond what is tolerated."""
        asked, outputs = self.settings.monitoring, self.settings.outputs_folder
        reference, champion = self._reference(), self.champion
        earlier = self._earlier_counts(reference)
        drift, columns, compared = self._drift(reference)
        months = [self.scorers.month(day) for day in self._days()]
        arrival, periods = self._arrival()
        outcomes, latest = self._outcomes()
        value = self._value()
        promise = promise_of(champion.card, _backtest(outputs))
        seed = self.settings.seed
        watches = [
            *drift,
            *watch_bands(months, asked),
            *arrival,
            *watch_set_aside(self.watched.past.rows_read, earlier, asked),
            *watch_outcomes(outcomes, latest, promise, asked, random_state=seed),
            *watch_value(value, asked),
        ]
        checks, alarms = ring(watches, asked.alarm_rate)
        return MonitoringResult(
            name=self.settings.name,
            kind=self.settings.churn.kind,
            cutoff=self.cutoff,
            model_version=champion.version,
            trained_at=champion.trained_at,
            currency=self.settings.source.currency,
            share_compared=compared,
            snapshots=reference.snapshots,
            notes=tuple(self.notes),
            alarms=alarms,
            checks=checks,
            inputs=columns["inputs"],
            scores=columns["scores"],
            score_months=tuple(months),
            periods=periods,
            outcomes=tuple(outcomes),
            value=value,
            promise=promise,
            intake=(*earlier, *self._counts()),
        )

    def _reference(self) -> Reference:
        """Return what was written at the training, or rebuild it from the data."""
        found, version = self.champion.reference, self.champion.version
        if found is not None:
            return found
        if self.watched.window_days is None:
            self.notes.append(
                f"Version {version} was registered without the rows it had learnt "
                "from: drift cannot be told. Train again."
            )
            return Reference({}, {}, 1.0)
        self.notes.append(
            f"Version {version} was registered without its snapshots: "
            "they were built anew from the data as of its training cutoffs."
        )
        days = self.champion.learnt_at
        past = replace(self.watched.past, learnt_at=days)
        return Reference.of(self.champion.model, past)

    def _days(self) -> list[date]:
        """Return the cutoff and earlier ones back to the training, earliest first."""
        if self.cutoff is None:
            return []
        days, asked = [self.cutoff], self.settings.monitoring
        since, step = self.champion.trained_at, timedelta(days=asked.step_days)
        if self.watched.window_days is None:
            # rows with labels of their own: there is no other day to look back from
            return days
        while len(days) <= asked.outcomes and since and days[-1] - step >= since:
            days.append(days[-1] - step)
        return days[::-1]

    def _drift(
        self, reference: Reference
    ) -> tuple[list[Watch], dict[Room, tuple[ColumnDrift, ...]], float | None]:
        days: list[date | None] = [*self._days()] or [None]
        rows = {day: self._rows(reference, day) for day in days}
        latest = rows[days[-1]]
        known = reference.compared(latest)
        compared = float(known.mean()) if known.size else None
        if reference.columns and (compared or 0.0) < FEWEST_COMPARED:
            self.notes.append(
                f"Only {compared or 0:.0%} of the customers are of a tenure that the "
                "training saw: drift of inputs and scores says nothing of the others. "
                "Train again."
            )
        by_day = {day: reference.distances(each) for day, each in rows.items()}
        watches, columns = watch_drift(
            reference,
            by_day,
            self._season(reference),
            {each.feature: each.meaning for each in self.champion.importance},
            self.settings.monitoring,
        )
        return watches, columns, compared

    def _season(self, reference: Reference) -> dict[str, Distance]:
        """Return how far last year's customers of this season were."""
        begins, trained = reference.begins, self.champion.trained_at
        if self.cutoff is None or begins is None or trained is None:
            return {}
        day = self.cutoff - YEAR
        first = date.fromisoformat(begins) + timedelta(days=TENURE_BAND_DAYS)
        if not first < day <= trained:
            return {}
        # what was written anew since, such as all amounts in cents, is no season
        learnt = date.fromisoformat(max(reference.snapshots))
        again = reference.distances(self._rows(reference, learnt))
        psi, columns = self.settings.monitoring.psi, reference.columns
        return {
            name: each
            for name, each in reference.distances(self._rows(reference, day)).items()
            if again[name].psi <= psi + columns[name].psi_among_snapshots
        }

    def _rows(self, reference: Reference, day: date | None) -> pd.DataFrame:
        past = replace(self.watched.past, customers=self.scorers.customers)
        score = self.scorers.by_champion
        return reference.rows(self.champion.model, past, day, score)

    def _arrival(self) -> tuple[list[Watch], tuple[Period, ...]]:
        table, first = self.watched.lines, self.watched.first_day
        if table is None or first is None or self.cutoff is None:
            return [], ()
        lines, asked = Lines(table, self.cutoff, first), self.settings.monitoring
        watches, periods = watch_arrival(lines, asked)
        late = watch_lateness(lines, self.today or self.cutoff, asked)
        quality = [*watch_categories(lines, asked), *watch_missing(lines, asked)]
        return [*late, *watches, *quality], periods

    def _outcomes(self) -> tuple[list[Outcome], Scored | None]:
        """Return the outcomes of earlier cutoffs, and the rows of the latest."""
        days = self._due_days()
        scored = [each for each in map(self._scored, days) if each is not None]
        seed = self.settings.seed
        pairs = [(s, evaluate_outcome(s, random_state=seed)) for s in scored]
        known = [(s, figures) for s, figures in pairs if figures is not None]
        if not known:
            self.notes.append(self._no_outcome(bool(scored)))
            return [], None
        return [figures for _, figures in known], known[-1][0]

    def _due_days(self) -> list[date]:
        """Return the cutoffs whose outcome is known, earliest first."""
        window, asked = self.watched.window_days, self.settings.monitoring
        if self.cutoff is None or self.watched.outcome is None:
            return []
        if window is None:
            return [self.cutoff]
        step = timedelta(days=asked.step_days)
        latest = self.cutoff - timedelta(days=window)
        steps = [latest - k * step for k in range(asked.outcomes)]
        # scores that were given weigh more than those that would have been
        days = [self.scorers.kept.near(day, step) for day in steps]
        return [day for day in reversed(days) if self.scorers.has_served(day)]

    def _scored(self, day: date) -> Scored | None:
        assert self.watched.outcome is not None
        known = self.watched.outcome(day, self.champion.trained_at)
        if known is None or not len(known.churned):
            return None
        version, scores = self.scorers.scores(day, known.customers)
        is_known = np.isfinite(known.churned)
        expected = scores["expected_spend"].to_numpy(np.float64)
        return Scored(
            day,
            version,
            scores["churn_probability"].to_numpy(np.float64)[is_known],
            known.churned[is_known],
            None if known.spend is None else expected[is_known],
            None if known.spend is None else known.spend[is_known],
        )

    def _value(self) -> ValueOutcome | None:
        """Return the value of the scores whose whole time is over."""
        terms, margin = self.champion.model.horizon, self.watched.margin
        if self.cutoff is None or margin is None:
            return None
        step = timedelta(days=self.settings.monitoring.step_days)
        latest = self.cutoff - timedelta(days=terms.clv_horizon_days)
        day = self.scorers.kept.near(latest, step)
        if not self.scorers.has_served(day):
            return None
        version, scores = self.scorers.scores(day, self.scorers.customers(day))
        return evaluate_value_outcome(
            day,
            version,
            scores["clv"].to_numpy(np.float64),
            margin(day, terms.clv_horizon_days),
            terms,
            random_state=self.settings.seed,
        )

    def _no_outcome(self, has_rows: bool) -> str:
        if has_rows:
            return (
                "The outcomes that are known hold too few customers who churned or "
                "who stayed to say anything of the scores."
            )
        window, trained = self.watched.window_days, self.champion.trained_at
        if window is None or trained is None:
            return (
                "No outcome can be told: no row with a known label is later than the "
                "training."
            )
        due = trained + timedelta(days=window)
        return (
            f"No outcome is known yet: the first scores of a model of {trained} can be "
            f"compared with what happened from {due} on."
        )

    def _counts(self) -> list[IntakeCount]:
        return [
            IntakeCount(
                cutoff=self.cutoff,
                table=table,
                rows_in=rows_in,
                rows_set_aside=set_aside,
            )
            for table, (rows_in, set_aside) in self.watched.past.rows_read.items()
        ]

    def _earlier_counts(self, reference: Reference) -> list[IntakeCount]:
        """Return the rows read by the training and by runs of the watch since then."""
        path = self.settings.outputs_folder / MonitoringResult.file
        trained = self.champion.trained_at
        counts = [
            IntakeCount(
                cutoff=trained, table=table, rows_in=rows_in, rows_set_aside=set_aside
            )
            for table, (rows_in, set_aside) in reference.rows_read.items()
        ]
        if path.is_file():
            before = read_result(MonitoringResult, path)
            if before.model_version == self.champion.version:
                counts = [*before.intake]
        # a run of the same cutoff is made again, not added
        return [
            each
            for each in counts
            if each.cutoff is None or self.cutoff is None or each.cutoff < self.cutoff
        ]


def _backtest(outputs: Path) -> BacktestResult | None:
    path = outputs / BacktestResult.file
    return read_result(BacktestResult, path) if path.is_file() else None
