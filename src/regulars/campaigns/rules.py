"""Automation: who comes on which list, once, after each batch of scores.

A log of what fired is kept beside the lists. Who stands in it is listed again only when
the rule's cool-down is over. A second run at the same cutoff takes the place of the
first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from regulars.campaigns.conditions import evaluate
from regulars.errors import ConfigError, DataError
from regulars.results.files import write_result
from regulars.results.lists import ListsResult, RuleList
from regulars.results.writing import replacing
from regulars.scoring.sinks.files import write_csv_blocks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from numpy.typing import NDArray

    from regulars.campaigns.standing import Standing
    from regulars.config import Settings
    from regulars.config.campaign_sections import RuleSettings

FOLDER, LOG = "lists", "fired.parquet"
SHOWN = (
    "customer_id",
    "churn_probability",
    "risk_band",
    "band_before",
    "segment",
    "clv_if_kept",
    "value_at_risk",
    "risk_reasons",
)
"""Columns of every list; those that the condition uses stand beside them."""


@dataclass(frozen=True, eq=False)
class _Listed:
    """Customers of a rule: their rows in the standing, the most valuable first."""

    rows: NDArray[np.int64]
    used: tuple[str, ...]
    told: RuleList


def make_lists(
    standing: Standing, settings: Settings, *, dry_run: bool = False
) -> ListsResult:
    """Put customers on the lists of the rules; write lists and log."""
    if not settings.rules:
        msg = (
            "The configuration has no rules (rules.NAME.when), so that nobody comes "
            "on a list. Write one, as in docs/campaigns.md."
        )
        raise ConfigError(msg)
    folder = settings.outputs_folder / FOLDER
    log = _read_log(folder / LOG)
    found = {
        name: _listed(name, rule, standing, log, is_dry=dry_run)
        for name, rule in settings.rules.items()
    }
    result = ListsResult(
        name=settings.name,
        kind=settings.churn.kind,
        cutoff=standing.cutoff,
        is_dry_run=dry_run,
        lists=tuple(each.told for each in found.values()),
    )
    if not dry_run:
        for name in {*log["rule"].to_pylist()} - found.keys():
            # of a rule that was taken out: nobody is to work a list of some old day
            (folder / f"{name}.csv").unlink(missing_ok=True)
        for name, each in found.items():
            if each.told.file is not None:
                _write_list(each, standing, settings.rules[name], folder)
        # the log last: a run that is stopped before it lists the same customers again
        _write_log(log, found, standing, folder / LOG)
        write_result(result, folder / ListsResult.file)
    return result


def _listed(
    name: str, rule: RuleSettings, standing: Standing, log: pa.Table, *, is_dry: bool
) -> _Listed:
    """Return whom a rule lists."""
    # a condition that is none is told before the rule works, too
    held, used = evaluate(rule.when, standing.table, f"rules.{name}.when")
    starts = rule.start is None or rule.start <= standing.cutoff
    cooling = held & _is_cooling(name, rule, standing, log)
    rows = np.flatnonzero(held & ~cooling) if starts else np.array([], np.int64)
    rows = rows[np.argsort(-_value(standing)[rows], kind="stable")]
    kept = rows[: rule.at_most]
    days = rule.within_days
    told = RuleList(
        rule=name,
        when=rule.when,
        action=rule.action,
        due=None if days is None else standing.cutoff + timedelta(days=days),
        file=None if is_dry or not starts else f"{FOLDER}/{name}.csv",
        n_matching=int(held.sum()),
        n_cooling=int(cooling.sum()),
        n_beyond=len(rows) - len(kept),
        n_listed=len(kept),
        note=_note(rule, standing, used, starts=starts),
    )
    return _Listed(kept, used, told)


def _note(
    rule: RuleSettings, standing: Standing, used: tuple[str, ...], *, starts: bool
) -> str:
    if not starts:
        return f"works from {rule.start} on"
    empty = [n for n in used if standing.table[n].null_count == len(standing)]
    if empty:
        return f"{', '.join(empty)} is not known of any customer yet"
    return ""


def _is_cooling(
    name: str, rule: RuleSettings, standing: Standing, log: pa.Table
) -> NDArray[np.bool_]:
    """Return who was listed by a rule within its cool-down, before this cutoff."""
    ids = standing.table["customer_id"].combine_chunks()
    first = standing.cutoff - timedelta(days=rule.cool_down_days)
    days = log["cutoff"]
    recent = pc.and_(
        pc.and_(pc.greater(days, _day(first)), pc.less(days, _day(standing.cutoff))),
        pc.equal(log["rule"], name),
    )
    who = log.filter(recent)["customer_id"].combine_chunks()
    # one run's ids may be numbers where another's were texts
    found = pc.is_in(ids.cast(pa.string()), value_set=who.cast(pa.string()))
    return np.asarray(found.to_numpy(zero_copy_only=False), np.bool_)


def _day(day: date) -> pa.Scalar[Any]:
    return pa.scalar(day, pa.date32())


def _value(standing: Standing) -> NDArray[np.float64]:
    """Return what puts customers in order: value, or risk where none is known."""
    value = standing.number("clv_if_kept")
    if not np.isfinite(value).any():
        value = standing.number("churn_probability")
    return np.nan_to_num(value, nan=-np.inf)


def _write_list(
    listed: _Listed, standing: Standing, rule: RuleSettings, folder: Path
) -> None:
    names = list(dict.fromkeys((*SHOWN, *listed.used)))
    frame = standing.table.select(names).take(pa.array(listed.rows)).to_pandas()
    frame.insert(1, "action", rule.action)
    frame.insert(2, "due", None if listed.told.due is None else str(listed.told.due))
    with replacing(folder / f"{listed.told.rule}.csv") as temporary:
        write_csv_blocks([frame], temporary)


def _read_log(path: Path) -> pa.Table:
    """Return what fired so far."""
    if not path.is_file():
        return pa.table(
            {
                "rule": pa.array([], pa.string()),
                "cutoff": pa.array([], pa.date32()),
                "customer_id": pa.array([], pa.string()),
                "due": pa.array([], pa.date32()),
            }
        )
    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        msg = (
            f"The log of the lists in '{path}' cannot be read "
            f"({str(error).splitlines()[0]}), so that nobody can tell who was listed "
            "not long ago. Put back a whole one, or delete it to begin anew."
        )
        raise DataError(msg) from error


def _write_log(
    log: pa.Table, found: Mapping[str, _Listed], standing: Standing, path: Path
) -> None:
    """Write the log with what fired now in place of an earlier run's of this cutoff."""
    ids = standing.table["customer_id"].cast(pa.string())
    kept = log.filter(pc.not_equal(log["cutoff"], _day(standing.cutoff)))
    parts = [kept]
    for name, each in found.items():
        n = len(each.rows)
        parts.append(
            pa.table(
                {
                    "rule": pa.repeat(name, n),
                    "cutoff": pa.repeat(_day(standing.cutoff), n),
                    "customer_id": ids.take(pa.array(each.rows)).combine_chunks(),
                    "due": pa.array([each.told.due] * n, pa.date32()),
                }
            )
        )
    with replacing(path) as temporary:
        pq.write_table(pa.concat_tables(parts), temporary, compression="zstd")
