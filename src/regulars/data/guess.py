"""Look at an unknown purchase log and propose a configuration that reads it.

A path comes in; a `GuessedConfig` goes out, and from it commented YAML. Names are
compared with those in common use and contents with what a column must hold. The guess
is then tried: the log is read with it, and the horizon follows from how often its
customers buy and how long it is. What cannot be found is asked for, not invented.
"""

from __future__ import annotations

import math
import re
import tempfile
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from regulars.config import SqlExpression, TableSettings, parse_settings
from regulars.data.config_text import beside, name_of, text_of, time_lines
from regulars.data.engine import connect
from regulars.data.intake import read_tables
from regulars.data.profile import ColumnProfile, profile_columns
from regulars.data.reading import RawTable, read_raw
from regulars.data.roles import guess_columns

_HORIZONS = (7, 14, 28, 60, 90, 180, 365)


@dataclass(frozen=True)
class GuessedConfig:
    """A proposed configuration and why.

    Parameters
    ----------
    name : str
        From the name of the file.
    path : str
        As given.
    columns : dict of str to (str or SqlExpression)
        Canonical column -> the file's column or an expression.
    time_format : str or None
    time_choices : tuple of str
        Formats between which the dates do not decide: the user must.
    currency : str
        ISO code.
    duplicates : {'set_aside', 'keep'}
    horizon_days, step_days : int
    notes : dict of str to str
        Setting -> the sentence that stands beside it.

    Examples
    --------
    >>> guess = guess_config("package:lifetimes/datasets/CDNOW_master.txt")
    >>> guess.columns["amount"], guess.columns["order_time"], guess.horizon_days
    ('dollar_value', 'date', 90)
    """

    name: str
    path: str
    columns: dict[str, str | SqlExpression]
    time_format: str | None
    time_choices: tuple[str, ...]
    currency: str
    duplicates: str
    horizon_days: int
    step_days: int
    notes: dict[str, str]


def guess_config(path: str | Path) -> GuessedConfig:
    """Propose a configuration for a purchase log.

    Parameters
    ----------
    path : str or Path
        csv, tsv or parquet file, a glob, or ``package:NAME/FILE``.

    Returns
    -------
    GuessedConfig

    Raises
    ------
    ConfigError
        No column can be the customer, the time or the amount.
    DataError
        The file cannot be read.

    Examples
    --------
    See `GuessedConfig`.
    """
    place = str(path)
    connection = connect()
    with tempfile.TemporaryDirectory(prefix="regulars-") as folder:
        raw = open_unknown(place, connection, Path(folder))
        profiles = profile_columns(raw)
        columns = guess_columns(profiles, raw)
    when = next(p for p in profiles if p.name == columns["order_time"])
    notes: dict[str, str] = {}
    currency = _currency(profiles, columns, notes)
    proposal = GuessedConfig(
        name=name_of(place),
        path=place,
        columns=columns,
        time_format=when.time_format,
        time_choices=when.time_choices,
        currency=currency,
        duplicates="set_aside",
        horizon_days=90,
        step_days=30,
        notes=notes,
    )
    return _tried(proposal, connection)


def open_unknown(path: str, connection: Any, folder: Path) -> RawTable:
    """Open a file whose columns nobody has named yet.

    Parameters
    ----------
    path : str
        As given.
    connection : ibis.backends.BaseBackend
        From `regulars.data.engine.connect`.
    folder : Path
        For files that have to be rewritten.

    Returns
    -------
    RawTable
        With numbered columns where there is no header.
    """
    raw = read_raw("transactions", TableSettings(path=path), connection, folder)
    if not raw.headless or _looks_like_header(raw):
        return raw
    numbered = TableSettings(path=path, columns={"customer_id": "column1"})
    return read_raw("transactions", numbered, connection, folder)


def _looks_like_header(raw: RawTable) -> bool:
    cells = raw.files[0].header
    numbers = [cell for cell in cells if re.fullmatch(r"[-+\d.,:/ ]+", cell)]
    return len(numbers) < len(cells) / 2


def _currency(
    profiles: list[ColumnProfile], columns: dict[str, Any], notes: dict[str, str]
) -> str:
    amount = next((p for p in profiles if p.name == columns["amount"]), None)
    text = "" if amount is None else f"{amount.name} {' '.join(amount.examples[:20])}"
    for sign, code in (("eur", "EUR"), ("€", "EUR"), ("gbp", "GBP"), ("£", "GBP")):
        if sign in text.lower():
            notes["currency"] = f"from '{sign}' in the amounts"
            return code
    if re.search(r"usd|dollar|\$", text.lower()):
        notes["currency"] = "from the amounts"
    else:
        notes["currency"] = "not told by the file: a label only, nothing is converted"
    return "USD"


def _tried(guess: GuessedConfig, connection: Any) -> GuessedConfig:
    """Read the log with the guess, and let what it holds settle the rest."""
    text = render_config(replace(guess, time_choices=(), time_format=_form(guess)))
    settings = parse_settings(text, ["source.transactions.max_bad_share=1.0"])
    intake = read_tables(settings, connection)
    counts, clean = intake.counts["transactions"], intake.tables["transactions"]
    facts = counts.facts
    first = date.fromisoformat(facts["first_order"])
    last = date.fromisoformat(facts["last_order"])
    n_days = (last - first).days + 1
    gap = _long_gap(clean)
    horizon = choose_horizon(gap, n_days)
    step = min(30, max(7, n_days // 12))
    notes = {
        **guess.notes,
        "rows": (
            f"{counts.rows_in:,} rows, {counts.rows_kept:,} of them usable: "
            f"{facts['n_customers']:,} customers from {first} to {last}"
        ),
        "horizon_days": _horizon_note(gap, n_days),
        "step_days": "days between training snapshots",
        "cutoff": f"null: the day after the last record ({intake.cutoff})",
    }
    bad = {each.reason: each for each in counts.reasons}
    if counts.n_faults > 0.05 * counts.rows_in:
        notes["max_bad_share"] = (
            f"{counts.n_faults / counts.rows_in:.1%} of the rows are faulty now: "
            "'regulars check' will say which"
        )
    if "missing_customer_id" in bad:
        share = bad["missing_customer_id"].share
        notes["anonymous"] = f"{share:.1%} of the rows name no customer"
    duplicates = guess.duplicates
    if "duplicate" in bad:
        rows = bad["duplicate"].rows
        notes["duplicates"] = f"{rows:,} rows repeat another in every column"
        if "order_id" not in guess.columns and _whole_days(clean):
            duplicates = "keep"
            notes["duplicates"] += (
                "; without order numbers and times of day they may well be purchases "
                "of their own: set_aside if not"
            )
    return replace(
        guess,
        duplicates=duplicates,
        horizon_days=horizon,
        step_days=step,
        notes=notes,
    )


def _form(guess: GuessedConfig) -> str | None:
    return guess.time_choices[0] if guess.time_choices else guess.time_format


def _whole_days(clean: Any) -> bool:
    timed = clean.order_time != clean.order_date.cast("timestamp")
    return not clean.aggregate(n=timed.sum()).to_pyarrow()[0][0].as_py()


def _long_gap(clean: Any) -> float | None:
    """Return the gap in days that nine of ten returns to the shop do not exceed."""
    days = clean.select("customer_id", "order_date").distinct()
    previous = days.order_date.lag().over(group_by="customer_id", order_by="order_date")
    gaps = days.mutate(gap=days.order_date.delta(previous, unit="day"))
    found = gaps.aggregate(gap=gaps.gap.quantile(0.9)).to_pyarrow()[0][0].as_py()
    return None if found is None else float(found)


def choose_horizon(long_gap_days: float | None, n_days: int) -> int:
    """Return a horizon that fits the rhythm of a log and its length.

    Parameters
    ----------
    long_gap_days : float or None
        The 90th percentile of the days between two purchases of a customer; None
        where nobody bought twice.
    n_days : int
        Length of the log.

    Returns
    -------
    int
        The first of 7, 14, 28, 60, 90, 180 and 365 days that is at least the gap, or
        the longest that leaves room for history, training, validation and test: a
        quarter of the log.

    Examples
    --------
    >>> choose_horizon(12, 365), choose_horizon(200, 546), choose_horizon(None, 20)
    (14, 90, 7)
    """
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


def render_config(guess: GuessedConfig) -> str:
    """Return a guess as commented YAML that `regulars.config.load_settings` reads.

    Parameters
    ----------
    guess : GuessedConfig

    Returns
    -------
    str

    Examples
    --------
    >>> guess = guess_config("package:lifetimes/datasets/CDNOW_master.txt")
    >>> from regulars.config import parse_settings
    >>> parse_settings(render_config(guess)).time.horizon_days
    90
    """
    notes = guess.notes
    columns = "\n".join(
        f"      {name}: {_source(source)}" for name, source in guess.columns.items()
    )
    lines = [
        "# Written by 'regulars init': look it over, then run 'regulars check' on it.",
        *([f"# {notes['rows']}."] if "rows" in notes else []),
        f"name: {text_of(guess.name)}",
        "source:",
        "  time_zone: UTC" + "  # zone of times without an offset, as Europe/Berlin",
        f"  currency: {guess.currency}{beside(notes, 'currency')}",
        "  transactions:",
        f"    path: {text_of(guess.path)}",
        "    columns:  # our name: the file's column, or {sql: expression}",
        columns,
        *time_lines(guess.time_choices, guess.time_format),
        f"    anonymous: set_aside{beside(notes, 'anonymous')}",
        f"    duplicates: {guess.duplicates}{beside(notes, 'duplicates')}",
        f"    max_bad_share: 0.05{beside(notes, 'max_bad_share')}",
        "time:",
        f"  horizon_days: {guess.horizon_days}{beside(notes, 'horizon_days')}",
        "  gap_days: 0  # days between the cutoff and the horizon",
        "  lookback_days: null  # null: all the history",
        f"  cutoff: null{beside(notes, 'cutoff')}",
        "  training_cutoffs: 6  # fewer are used where the log is too short",
        f"  step_days: {guess.step_days}{beside(notes, 'step_days')}",
        "value:",
        "  margin: 0.3  # your margin on each unit of spend: please set it",
        "  discount_rate_annual: 0.1",
        "  clv_horizon_days: 365",
        f"outputs: {text_of('out/' + guess.name)}",
        "seed: 0",
    ]
    return "\n".join(lines) + "\n"


def _source(source: str | SqlExpression) -> str:
    if isinstance(source, str):
        return text_of(source)
    return f"{{sql: {text_of(source.sql)}}}"
