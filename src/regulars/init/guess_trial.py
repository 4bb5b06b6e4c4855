"""Try a guessed configuration on its log, which settles what the guess left open."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from regulars.config import SqlExpression, parse_settings
from regulars.data.intake import read_tables
from regulars.data.quality import DUPLICATE, GUEST, LEFT_OUT
from regulars.data.queries import first_row, total
from regulars.data.strays import StrayDays, stray_days_of
from regulars.errors import DataError
from regulars.init.guess_text import GuessedConfig, render_config
from regulars.init.sample import column_sql

if TYPE_CHECKING:
    from regulars.data.quality import TableCounts
    from regulars.init.profile import ColumnProfile

_HORIZONS = (7, 14, 28, 60, 90, 180, 365)


@dataclass(frozen=True)
class _Trial:
    """What a guess reads: the account of its rows, and the rows of its usual days."""

    counts: TableCounts
    clean: Any  # without stray days
    cutoff: date
    strays: StrayDays | None

    @property
    def first(self) -> date:
        """First day of the log, without stray ones."""
        if self.strays is not None:
            return self.strays.first
        return date.fromisoformat(self.counts.facts["first_order"])

    @property
    def last(self) -> date:
        """Last day of the log, without stray ones."""
        if self.strays is not None:
            return self.strays.last
        return date.fromisoformat(self.counts.facts["last_order"])


def try_guess(
    guess: GuessedConfig, connection: Any, when: ColumnProfile
) -> GuessedConfig:
    """Read the log with a guess; return it with horizon, steps and notes.

    Stray days are left out where an expression for it can be written; where not, the
    user is asked, and nothing is based on them.
    """
    try:
        trial = _read(guess, connection)
    except DataError as error:
        if guess.amount_of == "line":
            raise
        # a total that is not the same on all lines, somewhere behind the sample
        note = f"was refused: {str(error).partition('. ')[0]}"
        line = replace(
            guess, amount_of="line", notes={**guess.notes, "amount_of": note}
        )
        return try_guess(line, connection, when)
    if trial.strays is not None:
        guess, trial = _without_strays(guess, trial, connection, when)
    return _settled(guess, trial)


def _read(guess: GuessedConfig, connection: Any) -> _Trial:
    decided = replace(
        guess,
        time_choices=(),
        time_format=_form(guess),
        columns={**guess.columns, **_first_choices(guess)},
        number_choices={},
    )
    settings = parse_settings(
        render_config(decided), ["source.transactions.max_bad_share=1.0"]
    )
    intake = read_tables(settings, connection)
    clean = intake.tables["transactions"]
    strays = stray_days_of(clean.order_date)
    if strays is not None:
        clean = clean.filter(clean.order_date.between(strays.first, strays.last))
    return _Trial(intake.counts["transactions"], clean, intake.cutoff, strays)


def _form(guess: GuessedConfig) -> str | None:
    return guess.time_choices[0] if guess.time_choices else guess.time_format


def _first_choices(guess: GuessedConfig) -> dict[str, SqlExpression]:
    return {
        name: SqlExpression(sql=choices[0].sql)
        for name, choices in guess.number_choices.items()
    }


def _without_strays(
    guess: GuessedConfig, trial: _Trial, connection: Any, when: ColumnProfile
) -> tuple[GuessedConfig, _Trial]:
    strays = trial.strays
    assert strays is not None
    note = strays.describe().rstrip(".")
    keep = strays.keep_sql(_time_sql(guess, when))
    where = keep if guess.where is None else f"{guess.where} AND {keep}"
    if not guess.time_choices:
        changed = replace(
            guess, where=where, notes={**guess.notes, "where.strays": note}
        )
        try:
            again = _read(changed, connection)
        except DataError:
            again = trial
        n_more = _rows_of(again, LEFT_OUT) - _rows_of(trial, LEFT_OUT)
        if again.strays is None and n_more == strays.n_rows:
            return changed, again
    asked = {"where.strays": f"{note}: leave out such rows if they are no sales"}
    return replace(guess, notes={**guess.notes, **asked}), trial


def _time_sql(guess: GuessedConfig, when: ColumnProfile) -> str:
    """Return the time of an order as an expression over the file's column."""
    name, form = column_sql(when.name), _form(guess)
    if when.time_sql is not None:
        return when.time_sql
    if form is not None:
        return f"strptime({name}, '{form}')"
    if all(re.fullmatch(r"\d{8}", text) for text in when.examples):
        text = name if when.is_text else f"CAST({name} AS VARCHAR)"
        return f"strptime({text}, '%Y%m%d')"
    return f"CAST({name} AS TIMESTAMP)"


def _rows_of(trial: _Trial, reason: str) -> int:
    return sum(each.rows for each in trial.counts.reasons if each.reason == reason)


def _settled(guess: GuessedConfig, trial: _Trial) -> GuessedConfig:
    n_days = (trial.last - trial.first).days + 1
    gap = _long_gap(trial.clean)
    notes = {
        **guess.notes,
        "rows": (
            f"{trial.counts.rows_in:,} rows, {trial.counts.rows_kept:,} of them "
            f"usable: {trial.counts.facts['n_customers']:,} customers from "
            f"{trial.first} to {trial.last}"
        ),
        "horizon_days": _horizon_note(gap, n_days),
        "step_days": "days between training snapshots",
        "cutoff": f"null: the day after the last record ({trial.cutoff})",
        **_notes_on_rows(trial),
    }
    n_out = _rows_of(trial, LEFT_OUT)
    if guess.where is not None:
        noun = "row" if n_out == 1 else "rows"
        why = f": {notes['where']}" if "where" in notes else ""
        notes["where"] = f"leaves out {n_out:,} {noun}{why}"
    duplicates = guess.duplicates
    if _rows_of(trial, DUPLICATE):
        rows = _rows_of(trial, DUPLICATE)
        notes["duplicates"] = f"{rows:,} rows repeat another in every column"
        if "order_id" not in guess.columns and _whole_days(trial.clean):
            duplicates = "keep"
            notes["duplicates"] += (
                "; without order numbers and times of day they may well be purchases "
                "of their own: set_aside if not"
            )
    return replace(
        guess,
        duplicates=duplicates,
        horizon_days=choose_horizon(gap, n_days),
        step_days=min(30, max(7, n_days // 12)),
        notes=notes,
    )


def _notes_on_rows(trial: _Trial) -> dict[str, str]:
    """Return what is to be said of faulty rows and of rows without a customer."""
    counts, notes = trial.counts, {}
    if counts.n_faults > 0.05 * counts.rows_in:
        listed = ", ".join(
            f"{each.label} {each.rows:,}" for each in counts.reasons if each.is_fault
        )
        notes["max_bad_share"] = (
            f"{counts.n_faults / counts.rows_in:.1%} of the rows are faulty now "
            f"({listed}), so 'regulars check' stops: mend them, or raise it"
        )
    bad = {each.reason: each for each in counts.reasons}
    anonymous = []
    if "missing_customer_id" in bad:
        share = bad["missing_customer_id"].share
        anonymous.append(f"{share:.1%} of the rows name no customer")
    if GUEST in bad:
        guests = bad[GUEST]
        anonymous.append(
            f"{guests.rows:,} rows ({guests.share:.1%}) have the customer "
            f"{' or '.join(guests.examples)}, which is no person but many (guests): "
            "'guest_ids: []' would keep them"
        )
    if anonymous:
        notes["anonymous"] = "; ".join(anonymous)
    return notes


def _whole_days(clean: Any) -> bool:
    timed = clean.order_time != clean.order_date.cast("timestamp")
    return not total(clean, timed)


def _long_gap(clean: Any) -> float | None:
    """Return the gap in days that nine of ten returns to the shop do not exceed."""
    days = clean.select("customer_id", "order_date").distinct()
    previous = days.order_date.lag().over(group_by="customer_id", order_by="order_date")
    gaps = days.mutate(gap=days.order_date.delta(previous, unit="day"))
    gap = first_row(gaps.aggregate(gap=gaps.gap.quantile(0.9)))["gap"]
    return None if gap is None else float(gap)


def choose_horizon(long_gap_days: float | None, n_days: int) -> int:
    """Return a horizon that fits the rhythm of a log and its length."""
    fitting = [days for days in _HORIZONS if days <= n_days / 4] or [_HORIZONS[0]]
    wanted = 90.0 if long_gap_days is None else long_gap_days
    return next((days for days in fitting if days >= wanted), fitting[-1])


def _horizon_note(gap: float | None, n_days: int) -> str:
    rhythm = (
        "nobody bought twice"
        if gap is None
        else f"nine of ten customers who return do so within {math.ceil(gap)} days"
    )
    return f"{rhythm}; the log is {n_days} days long"
