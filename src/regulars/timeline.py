"""Plan the cutoffs of a run: scoring, test, validation and training.

A *cutoff* is the day on which we pretend to stand: features see the days before it,
labels ``[cutoff + gap, cutoff + gap + horizon)``. All intervals are half-open.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from regulars.errors import DataError, NotEnoughHistoryError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from regulars.config import TimeSettings

    Shut = Callable[[date], Sequence[tuple[date, date]]]

__all__ = [
    "Fold",
    "Timeline",
    "plan",
]


# validation windows: below the fewest they may overlap
FEWEST_FOLDS = 3
# the same season a year ago, on the same day of the week
YEAR = timedelta(days=364)
# cutoffs to learn from a step apart, and the steps between those before them
RECENT_CUTOFFS, THINNED = 6, 3
# a shorter horizon to learn on is neither noise nor a far cry from the one asked for
SHORTEST_LABEL_DAYS = 14
LONGEST_STRETCH = 6
# of a window: more days than this without an open door teach that customers leave
SPOILT_SHARE = 0.2


@dataclass(frozen=True)
class Fold:
    """A validation cutoff and the training cutoffs whose labels were known at it.

    Attributes
    ----------
    cutoff : date
        Validation cutoff.
    training_cutoffs : tuple of date
        Latest first; never empty.
    """

    cutoff: date
    training_cutoffs: tuple[date, ...]


@dataclass(frozen=True)
class Timeline:
    """The cutoffs of one run.

    Attributes
    ----------
    cutoff : date
        As-of date of the scores.
    horizon_days, gap_days : int
        Length of the predicted window and the days between it and its cutoff.
    label_horizon_days : int
        Length of the windows that models learn from and are chosen on: the horizon,
        or less where the history is too short for it, and then the scores are carried
        over to the horizon. The test window always has the full length.
    test_cutoff : date or None
        Cutoff of the last complete window; it is looked at once. None where the log
        is too short to have one.
    folds : tuple of Fold
        Validation cutoffs, latest first, whose labels were known at the test cutoff,
        each with the training cutoffs known at it in turn. All choices between
        models are made on them.
    training_cutoffs : tuple of date
        Cutoffs whose labels were known at the test cutoff, latest first.
    final : Timeline or None
        The same, laid out as of the cutoff: what the model that scores is chosen on
        and learns from. Its `test_cutoff` is the cutoff, and its test window lies in
        the future. None where there is nothing to be scored.
    """

    cutoff: date
    horizon_days: int
    gap_days: int
    label_horizon_days: int
    test_cutoff: date | None
    folds: tuple[Fold, ...]
    training_cutoffs: tuple[date, ...]
    final: Timeline | None = None

    @property
    def stands_at(self) -> date:
        """The day before which all is known that is learnt and chosen from."""
        return self.test_cutoff or self.cutoff

    @property
    def refit_cutoffs(self) -> tuple[date, ...]:
        """Cutoffs whose labels are known at the cutoff, latest first."""
        return self.final.training_cutoffs if self.final else ()

    @property
    def window_days(self) -> int:
        """Days from a cutoff to the end of its labels: gap + horizon."""
        return self.gap_days + self.horizon_days

    @property
    def teaching(self) -> Timeline:
        """The same cutoffs with the horizon that models learn on."""
        return replace(self, horizon_days=self.label_horizon_days)

    @property
    def is_extrapolated(self) -> bool:
        """Whether models learn on a shorter horizon than the one asked for."""
        return self.label_horizon_days < self.horizon_days

    @property
    def snapshots(self) -> tuple[date, ...]:
        """Every cutoff at which features are needed, earliest first."""
        days = {self.stands_at, *self.training_cutoffs}
        days.update(*((fold.cutoff, *fold.training_cutoffs) for fold in self.folds))
        return tuple(sorted(days))

    @property
    def validation_cutoff(self) -> date | None:
        """The latest validation cutoff, or None where there is none."""
        return self.folds[0].cutoff if self.folds else None

    def label_window(self, cutoff: date) -> tuple[date, date]:
        """Return the half-open window ``[start, end)`` of the labels of a cutoff.

        Parameters
        ----------
        cutoff : date
            The day on which we pretend to stand.

        Returns
        -------
        tuple of date
            First day of the window, and the day after its last.

        Examples
        --------
        >>> from regulars.config import TimeSettings
        >>> line = plan(TimeSettings(), date(1997, 1, 1), date(1998, 6, 30))
        >>> line.label_window(date(1998, 4, 2))
        (datetime.date(1998, 4, 2), datetime.date(1998, 7, 1))
        """
        start = cutoff + timedelta(days=self.gap_days)
        return start, start + timedelta(days=self.horizon_days)


def plan(
    settings: TimeSettings,
    first_day: date,
    last_day: date,
    *,
    shut: Shut | None = None,
    begins: Callable[[date], date] | None = None,
) -> Timeline:
    """Lay the cutoffs of a run over a log.

    A cutoff is used for learning only where at least one horizon of history lies
    before it: below that, "has not bought for a while" cannot be told from "has only
    just come". The test cutoff needs no more than customers: what the scores are worth
    with so little history is worth knowing too.

    Where the history holds no validation window with a training window before it,
    models learn on the longest shorter horizon for which it holds them, down to
    a sixth of the horizon and two weeks. Failing that, no cutoff is used for learning
    a classifier's choice and the purchase process stands alone.

    A window that lies by more than a fifth on days when the shop was shut would teach
    that everybody leaves. It is passed over for an earlier one, if there is any. The
    test window stays where it is.

    Parameters
    ----------
    settings : TimeSettings
        The ``time`` section of the configuration.
    first_day, last_day : date
        First and last day with a record.
    shut : callable, optional
        From a day to the half-open stretches ``(start, end)`` that were known by then
        to be without purchases (`regulars.data.closures`); default: there are none.
    begins : callable, optional
        From a day to where the log begins, as far as was known by then; default:
        `first_day`.

    Returns
    -------
    Timeline

    Raises
    ------
    DataError
        The cutoff lies before the first record, or so far behind the last one that
        a whole window would be read as silence.
    NotEnoughHistoryError
        There is a record of one day only.

    Examples
    --------
    >>> from regulars.config import TimeSettings
    >>> line = plan(TimeSettings(), date(1997, 1, 1), date(1998, 6, 30))
    >>> line.test_cutoff, line.validation_cutoff
    (datetime.date(1998, 4, 2), datetime.date(1998, 1, 2))
    >>> line.folds[0].training_cutoffs[0]
    datetime.date(1997, 10, 4)

    Eighteen months hold no two windows of nine months beside the one to be tested on:

    >>> line = plan(TimeSettings(horizon_days=273), date(1997, 1, 1), date(1998, 6, 30))
    >>> line.test_cutoff, line.label_horizon_days
    (datetime.date(1997, 10, 1), 91)
    """
    cutoff = settings.cutoff or last_day + timedelta(days=1)
    _check_cutoff(cutoff, first_day, last_day, settings)
    test = cutoff - timedelta(days=settings.gap_days + settings.horizon_days)
    begins = begins or (lambda _: first_day)
    final = stand_at(cutoff, settings, begins(cutoff), shut=shut)
    if test <= first_day:
        # nothing was known by then: there is no test
        return replace(
            final,
            cutoff=cutoff,
            test_cutoff=None,
            folds=(),
            training_cutoffs=(),
            final=final,
        )
    return replace(stand_at(test, settings, begins(test), shut=shut), final=final)


def stand_at(
    day: date,
    settings: TimeSettings,
    first_day: date,
    *,
    shut: Shut | None = None,
) -> Timeline:
    """Lay the cutoffs of a model that stands at a day; its test window follows.

    What was known by that day says where they lie, and nothing else: so the test as of
    a day and a user's training on that day are the same.
    """
    known = _Windows(settings, first_day, shut(day) if shut else ())
    label_days = known.longest_label(day)
    return Timeline(
        cutoff=day + timedelta(days=settings.gap_days + settings.horizon_days),
        horizon_days=settings.horizon_days,
        gap_days=settings.gap_days,
        label_horizon_days=label_days,
        test_cutoff=day,
        folds=known.folds(day, label_days),
        training_cutoffs=known.training(day, label_days),
    )


@dataclass(frozen=True)
class _Windows:
    """Where windows can lie in what was known on some day."""

    settings: TimeSettings
    first_day: date
    shut: Sequence[tuple[date, date]]

    def training(self, day: date, label_days: int) -> tuple[date, ...]:
        """Return the cutoffs to learn from on a day, latest first.

        As many as asked for, a step apart. `auto`: half a year of them, then fewer,
        until they reach a year and a window back: a season seen before can be known.
        """
        window = timedelta(days=self.settings.gap_days + label_days)
        step = timedelta(days=self.settings.step_days)
        recent = self._back(day - window, label_days, step)
        asked = self.settings.training_cutoffs
        if asked != "auto":
            return tuple(recent[:asked])
        recent = recent[:RECENT_CUTOFFS]
        if not recent:
            return ()
        older = self._back(recent[-1], label_days, THINNED * step)[1:]
        older = [each for each in older if each > day - YEAR - window - THINNED * step]
        season = day - YEAR
        is_usable = self._earliest(label_days) <= season <= recent[0]
        if is_usable and not self._is_spoilt(season, label_days):
            older.append(season)
        return tuple(sorted({*recent, *older}, reverse=True))

    def folds(self, test: date, label_days: int) -> tuple[Fold, ...]:
        """Return validation windows a horizon apart, one in last year's season."""
        apart = timedelta(days=label_days)
        latest = test - timedelta(days=self.settings.gap_days + label_days)
        most = self.settings.validation_windows
        fewest = min(FEWEST_FOLDS, most)
        chosen = self._folds(self._back(latest, label_days, apart), label_days, most)
        if len(chosen) < fewest:
            closer = min(apart, timedelta(days=self.settings.step_days))
            days = self._back(latest, label_days, closer)
            return self._folds(days, label_days, fewest)
        season = min(test - YEAR, latest)
        # it takes the place of the earliest of so many
        kept = chosen[: most - 1]
        if season > kept[-1].cutoff - apart or self._is_spoilt(season, label_days):
            return chosen
        found = self._folds([season], label_days, 1)
        return (*kept, *found) if found else chosen

    def _folds(
        self, days: Sequence[date], label_days: int, most: int
    ) -> tuple[Fold, ...]:
        folds = (Fold(day, self.training(day, label_days)) for day in days)
        return tuple(islice((fold for fold in folds if fold.training_cutoffs), most))

    def _earliest(self, label_days: int) -> date:
        return self.first_day + timedelta(days=label_days)

    def _back(self, latest: date, label_days: int, step: timedelta) -> list[date]:
        """Return days back from the latest that have a label horizon of history."""
        n_steps = (latest - self._earliest(label_days)) // step
        days = [latest - k * step for k in range(n_steps + 1)]
        return [day for day in days if not self._is_spoilt(day, label_days)] or days

    def longest_label(self, test: date) -> int:
        """Return the longest horizon, up to the one asked for, that gives a fold."""
        asked = self.settings.horizon_days
        shortest = max(SHORTEST_LABEL_DAYS, -(-asked // LONGEST_STRETCH))
        # a fold takes three of them: history, a window taught, and its own
        gaps = timedelta(days=2 * self.settings.gap_days)
        longest = min(asked, (test - self.first_day - gaps).days // 3)
        days = range(longest, min(shortest, asked) - 1, -1)
        return next((d for d in days if self.folds(test, d)), asked)

    def _is_spoilt(self, day: date, label_days: int) -> bool:
        start = day + timedelta(days=self.settings.gap_days)
        end = start + timedelta(days=label_days)
        shared = [(min(end, b) - max(start, a)).days for a, b in self.shut]
        return sum(days for days in shared if days > 0) > SPOILT_SHARE * label_days


def _check_cutoff(
    cutoff: date, first_day: date, last_day: date, settings: TimeSettings
) -> None:
    if last_day <= first_day:
        msg = (
            f"The log holds records of one day only ({first_day}). At least two days "
            "are needed to learn a rhythm; read more of the log."
        )
        raise NotEnoughHistoryError(msg)
    check_cutoff(cutoff, first_day, last_day, settings)


def check_cutoff(
    cutoff: date, first_day: date, last_day: date, settings: TimeSettings
) -> None:
    """Refuse a cutoff before the log begins, or a horizon and more after its end."""
    if cutoff <= first_day:
        msg = (
            f"time.cutoff {cutoff} is not after the first record ({first_day}). "
            "Pass a later cutoff."
        )
        raise DataError(msg)
    n_days = (cutoff - last_day).days - 1
    if n_days >= settings.horizon_days + settings.gap_days:
        msg = (
            f"time.cutoff {cutoff} is {n_days} days after the last record "
            f"({last_day}): every customer would look lost. Pass a cutoff no later "
            f"than {last_day + timedelta(days=1)}, or read a newer log."
        )
        raise DataError(msg)
