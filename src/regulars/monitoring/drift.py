"""Drift of inputs and scores against customers of like tenure where a model learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import kolmogorov

from regulars.monitoring.checks import Watch
from regulars.results.monitoring import ColumnDrift, Room

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from regulars.config import MonitoringSettings
    from regulars.scoring.distance import Distance
    from regulars.scoring.reference import ColumnReference, Reference

WHAT_TO_DO = {
    "inputs": "Look whether its source has changed; if the customers have, train again",
    "scores": "Look at the inputs that drifted and at the outcomes; if data are whole, "
    "train again",
}


def watch_drift(
    reference: Reference,
    by_day: Mapping[date | None, Mapping[str, Distance]],
    season: Mapping[str, Distance],
    meanings: Mapping[str, str],
    settings: MonitoringSettings,
) -> tuple[list[Watch], dict[Room, tuple[ColumnDrift, ...]]]:
    """Watch every column at the latest of some days; return how far each is as well.

    `season` is the distance of last year's customers: what a season does every year is
    tolerated, as is what the snapshots differ by among themselves.
    """
    today = list(by_day)[-1]
    watches: list[Watch] = []
    drifts: dict[Room, list[ColumnDrift]] = {"inputs": [], "scores": []}
    for name, found in by_day[today].items():
        room: Room = "scores" if name in reference.scores else "inputs"
        column = reference.columns[name]
        psi, ks = _tolerated(column, season.get(name))
        history = {day: each[name].psi for day, each in by_day.items() if name in each}
        limit = settings.psi + psi
        drifts[room].append(
            ColumnDrift(
                name=name,
                meaning=meanings.get(name, name),
                psi=found.psi,
                psi_among_snapshots=psi,
                ks=found.ks,
                missing=_known(found.missing),
                missing_before=_known(found.missing_before),
                psi_by_cutoff={str(day): each for day, each in history.items()},
            )
        )
        if found.n_effective > 0:
            since = _since(history, limit)
            watches.append(
                Watch(
                    room=room,
                    name=name,
                    value=found.psi,
                    expected=psi,
                    threshold=settings.psi,
                    p_value=_p_value(found, ks),
                    is_beyond=found.psi > limit,
                    since=since,
                    sentence=_sentence(name, found, limit, since, room),
                )
            )
    ordered: dict[Room, tuple[ColumnDrift, ...]] = {
        room: tuple(sorted(each, key=lambda column: -column.psi))
        for room, each in drifts.items()
    }
    return watches, ordered


def _tolerated(column: ColumnReference, season: Distance | None) -> tuple[float, float]:
    psi, ks = column.psi_among_snapshots, column.ks_among_snapshots
    if season is None or season.n_effective <= 0:
        return psi, ks
    return max(psi, season.psi), max(ks, season.ks)


def _p_value(found: Distance, tolerated: float) -> float:
    """Return the two-sample test's p value of the distance beyond what is tolerated."""
    excess = max(found.ks - tolerated, 0.0)
    return float(kolmogorov(np.sqrt(found.n_effective) * excess))


def _since(history: Mapping[date | None, float], limit: float) -> date | None:
    """Return the first day of those in a row up to the latest that are beyond."""
    since = None
    for day, psi in reversed([*history.items()]):
        if psi <= limit:
            break
        since = day
    return since


def _sentence(
    name: str, found: Distance, limit: float, since: date | None, room: Room
) -> str:
    what = "The score" if room == "scores" else "The input"
    gone = ""
    if found.missing - found.missing_before > 0.05:
        gone = (
            f"; it is missing for {found.missing:.0%} of the customers, for "
            f"{found.missing_before:.0%} before"
        )
    return (
        f"{what} '{name}' has drifted since {since or 'the training'}: PSI "
        f"{found.psi:.2f} against customers of like tenure where the model learnt, "
        f"{limit:.2f} is tolerated{gone}. {WHAT_TO_DO[room]}."
    )


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
