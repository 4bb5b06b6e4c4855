"""Write a guessed configuration as commented YAML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from regulars.data.config_text import beside, sql_of, text_of, time_lines
from regulars.data.number_columns import NumberSource, left_out_lines, number_lines

if TYPE_CHECKING:
    from regulars.config import FillDownSettings, JoinSettings, SqlExpression


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
    number_choices : dict of str to tuple of NumberSource
        Canonical column -> ways to read its numbers between which they do not decide:
        the user must.
    joins : tuple of JoinSettings
        Files that belong to the log.
    fill_down : FillDownSettings or None
        How the lines after an order's first leave its fields blank.
    amount_of : {'line', 'order'}
    where : str or None
        Which rows to read.
    tables : dict of str to str
        Other tables of ours -> their files.

    Examples
    --------
    >>> from regulars.init import guess_config
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
    number_choices: dict[str, tuple[NumberSource, ...]] = field(default_factory=dict)
    joins: tuple[JoinSettings, ...] = ()
    fill_down: FillDownSettings | None = None
    amount_of: Literal["line", "order"] = "line"
    where: str | None = None
    tables: dict[str, str] = field(default_factory=dict)


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
    >>> from regulars.config import parse_settings
    >>> from regulars.init import guess_config
    >>> guess = guess_config("package:lifetimes/datasets/CDNOW_master.txt")
    >>> parse_settings(render_config(guess)).time.horizon_days
    90
    """
    notes = guess.notes
    columns = "\n".join(
        f"      {line}"
        for name, source in guess.columns.items()
        for line in (
            f"{name}: {_source(source)}{beside(notes, f'columns.{name}')}",
            *number_lines(name, guess.number_choices.get(name, ())),
        )
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
        *_join_lines(guess),
        *_fill_lines(guess),
        *_where_lines(guess),
        "    columns:  # our name: the file's column, or {sql: expression}",
        columns,
        *(f"      {line}" for line in left_out_lines(notes)),
        *_amount_lines(guess),
        *time_lines(guess.time_choices, guess.time_format),
        f"    anonymous: set_aside{beside(notes, 'anonymous')}",
        f"    duplicates: {guess.duplicates}{beside(notes, 'duplicates')}",
        f"    max_bad_share: 0.05{beside(notes, 'max_bad_share')}",
        *_table_lines(guess),
        "time:",
        f"  horizon_days: {guess.horizon_days}{beside(notes, 'horizon_days')}",
        "  gap_days: 0  # days between the cutoff and the horizon",
        "  lookback_days: null  # null: all the history",
        f"  cutoff: null{beside(notes, 'cutoff')}",
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
    return f"{{sql: {sql_of(source.sql)}}}"


def _join_lines(guess: GuessedConfig) -> list[str]:
    if not guess.joins:
        return []
    lines = ["    join:  # files that belong to it: rows are looked up by a key"]
    for number, join in enumerate(guess.joins):
        keys = ", ".join(f"{text_of(a)}: {text_of(b)}" for a, b in join.keys.items())
        on = text_of(join.on) if isinstance(join.on, str) else f"{{{keys}}}"
        note = beside(guess.notes, f"join.{number}")
        lines.append(f"      - {{path: {text_of(join.path or '')}, on: {on}}}{note}")
    return lines


def _fill_lines(guess: GuessedConfig) -> list[str]:
    if guess.fill_down is None:
        return []
    columns = ", ".join(text_of(name) for name in guess.fill_down.columns)
    return [
        f"    fill_down:{beside(guess.notes, 'fill_down')}",
        f"      by: {text_of(guess.fill_down.by)}",
        f"      columns: [{columns}]",
    ]


def _where_lines(guess: GuessedConfig) -> list[str]:
    """Return the rows to read; what is to be said of other rows stands below."""
    lines = []
    if guess.where is not None:
        note = beside(guess.notes, "where")
        sql = sql_of(guess.where)
        lines = [f"    where: {sql}{note}"]
        if "\\" in sql:
            # a block needs no quotes, and can still bear a comment
            lines = [f"    where: >-{note}", f"      {guess.where}"]
    more = [note for key, note in guess.notes.items() if key.startswith("where.")]
    return [*lines, *(f"    # {note}" for note in more)]


def _amount_lines(guess: GuessedConfig) -> list[str]:
    note = beside(guess.notes, "amount_of")
    if guess.amount_of == "order":
        return [f"    amount_of: order{note}"]
    if note:
        return [f"    # amount_of: order{note}"]
    return []


def _table_lines(guess: GuessedConfig) -> list[str]:
    return [
        line
        for name, path in guess.tables.items()
        for line in (f"  {name}:", f"    path: {text_of(path)}")
    ]
