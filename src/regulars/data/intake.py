"""Read every configured table: map it, check it, and account for every row.

`normalise` applies the same rules to a history that comes from elsewhere,
such as a request to the model endpoint.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis

from regulars.data.contract import TABLES, TableContract, day_name
from regulars.data.engine import readable_errors, remote_of
from regulars.data.formats import check_time_format, find_time_format
from regulars.data.mapping import Mapping, map_columns
from regulars.data.margins import margin_notices
from regulars.data.order_lines import count_orders_once
from regulars.data.preparing import complete_rows
from regulars.data.quality import (
    MALFORMED,
    ReasonCount,
    TableCounts,
    is_fault,
    label,
)
from regulars.data.quarantine import write_rows
from regulars.data.queries import count_rows, first_row
from regulars.data.reading import RawTable, read_raw
from regulars.data.reconciliation import assert_whole
from regulars.data.staging import Rules, Staged, apply_rules, stage
from regulars.data.validation_errors import refuse_if_bad
from regulars.errors import ConfigError, DataError

if TYPE_CHECKING:
    from regulars.config import Settings, TableSettings
    from regulars.data.cluster_sample import Sample


@dataclass(frozen=True)
class Intake:
    """Clean tables and the account of how they came to be.

    Attributes
    ----------
    tables : dict of str to ibis.Table
        The clean tables by canonical name, in the engine. Transactions have
        ``customer_id`` (text of a csv file, else the source's type), ``order_time``
        (timestamp without zone, in UTC), ``order_date`` (the calendar day in the
        configured zone), ``amount`` (float64), ``is_return`` (boolean) and the
        optional columns that the source has. Other times get a day likewise:
        ``opened_at`` and ``opened_date``.
    counts : dict of str to TableCounts
    cutoff : datetime.date
        The stated cutoff, or the day after the last transaction.
    quarantine_path : Path or None
        Where `write_quarantine` wrote.
    parts : dict of str to Part
        How each table was read.
    sample : Sample or None
        Of a cluster: which of its customers these are.

    Examples
    --------
    >>> from regulars.config import parse_settings
    >>> from regulars.data.engine import connect
    >>> settings = parse_settings('''
    ... name: cdnow
    ... source:
    ...   transactions:
    ...     path: package:lifetimes/datasets/CDNOW_master.txt
    ...     columns: {order_time: date, amount: dollar_value, quantity: number_of_cds}
    ... ''')
    >>> intake = read_tables(settings, connect())
    >>> counts = intake.counts["transactions"]
    >>> counts.rows_in, counts.rows_kept, counts.reasons[0].label
    (69659, 69404, 'exact copy of an earlier row')
    """

    tables: dict[str, Any]
    counts: dict[str, TableCounts]
    cutoff: date
    quarantine_path: Path | None = None
    parts: dict[str, Part] = field(default_factory=dict, repr=False)
    sample: Sample | None = field(default=None, repr=False)

    def summary(self) -> dict[str, Any]:
        """Return the account as plain values, ready for JSON.

        Returns
        -------
        dict
            ``tables`` (counts, reasons, columns and facts by table), ``cutoff``.
        """
        return {
            "tables": {name: each.summary() for name, each in self.counts.items()},
            "cutoff": self.cutoff.isoformat(),
        }

    def write_quarantine(self, path: str | Path) -> Intake:
        """Write the rows that were set aside, each with reason, file and row.

        Parameters
        ----------
        path : str or Path
            Ends in ``.csv`` or ``.parquet``. With several tables, those other than
            transactions get their name before the ending.

        Returns
        -------
        Intake
            The same, with `quarantine_path`. Written even when empty, so that an old
            file is never taken for a new one.
        """
        for name, part in self.parts.items():
            part.write(_path_of_table(Path(path), name))
        return replace(self, quarantine_path=Path(path))


class Scratch:
    """A folder that goes when nobody needs it any more."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="regulars-"))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)


@dataclass(frozen=True)
class Part:
    """How one table was read: for its quarantine file, and to ask about it."""

    raw: RawTable
    staged: Staged
    connection: Any
    # Rewritten files live as long as the quarantine may need them.
    scratch: Scratch

    def write(self, path: Path) -> None:
        """Write the rows that were set aside."""
        write_rows(self.raw, self.staged, self.connection, path)


def _path_of_table(path: Path, name: str) -> Path:
    if name == "transactions":
        return path
    return path.with_name(f"{path.stem}-{name}{path.suffix}")


def read_tables(
    settings: Settings,
    connection: Any,
    *,
    today: date | None = None,
    quarantine: str | Path | None = None,
) -> Intake:
    """Read, map and check every configured table.

    Parameters
    ----------
    settings : Settings
    connection : ibis.backends.BaseBackend
        From `regulars.data.engine.connect`.
    today : datetime.date, optional
        Without a stated cutoff, rows dated more than a day later are faulty; default:
        the clock's day.
    quarantine : str or Path, optional
        Write the quarantine file here, also when the run then stops.

    Returns
    -------
    Intake

    Raises
    ------
    ConfigError
        A path, a table, a column name or an expression makes no sense.
    DataError
        The data cannot be used: columns are missing, too many rows are faulty, no row
        is left.

    Notes
    -----
    A row is set aside for the first reason that applies, in this order: no customer,
    what is wrong with its other required columns, on or after the cutoff, exact copy of
    an earlier row. Only faults count towards ``max_bad_share``; rows without a
    customer, rows after the cutoff and copies do not.

    Examples
    --------
    See `Intake`.
    """
    tables: dict[str, Any] = {}
    counts: dict[str, TableCounts] = {}
    parts: dict[str, Part] = {}
    for name, contract in TABLES.items():
        table_settings = getattr(settings.source, name)
        if table_settings is None:
            continue
        part, counted = _read_table(
            contract, table_settings, settings, connection, today or date.today()
        )
        if quarantine is not None:
            part.write(_path_of_table(Path(quarantine), name))
        refuse_if_bad(part.raw, part.staged, counted, contract, table_settings)
        tables[name], counts[name], parts[name] = part.staged.clean, counted, part
    if (remote := remote_of(connection)) is not None:
        remote.close()
    if not tables:
        msg = "source names no table. Give at least source.transactions."
        raise ConfigError(msg)
    path = None if quarantine is None else Path(quarantine)
    return Intake(tables, counts, _cutoff(settings, counts), path, parts)


def _cutoff(settings: Settings, counts: dict[str, TableCounts]) -> date:
    if settings.time.cutoff is not None:
        return settings.time.cutoff
    main = counts.get("transactions") or next(iter(counts.values()))
    last = main.facts.get("last_order") or main.facts.get("last_time")
    return date.fromisoformat(last) + timedelta(days=1) if last else date.today()


def _read_table(
    contract: TableContract,
    table_settings: TableSettings,
    settings: Settings,
    connection: Any,
    today: date,
) -> tuple[Part, TableCounts]:
    scratch = Scratch()
    raw = read_raw(contract.name, table_settings, connection, scratch.folder)
    where = f"source.{contract.name}"
    with readable_errors(raw.label):
        whole, notices = complete_rows(
            raw, table_settings, connection, scratch.folder, where
        )
        mapping = map_columns(whole, contract, table_settings, connection)
        if table_settings.amount_of == "order":
            mapping, more = count_orders_once(mapping, raw, where)
            notices += more
        formats, more = time_formats(raw, mapping, contract, table_settings)
        notices += more
        rules = Rules(
            time_zone=settings.source.time_zone,
            formats=formats,
            cutoff=settings.time.cutoff,
            today=today,
            drop_duplicates=table_settings.duplicates == "set_aside",
            guest_ids=table_settings.guest_ids,
        )
        staged, reasons = stage(whole, mapping, contract, rules, connection)
        counts = _count(raw, mapping, staged, contract, reasons)
    notices += notices_of(staged, drop_duplicates=rules.drop_duplicates)
    if contract.name == "transactions":
        facts = transaction_facts(staged.clean, settings.source.currency)
        notices += margin_notices(staged.clean, settings.value.margin)
    else:
        facts = _plain_facts(staged.clean, contract)
    notices = [*raw.notices, *counts.notices, *notices]
    counts = replace(counts, facts=facts, notices=tuple(notices))
    return Part(whole, staged, connection, scratch), counts


def time_formats(
    raw: RawTable, mapping: Mapping, contract: TableContract, settings: TableSettings
) -> tuple[dict[str, str | None], list[str]]:
    """Return how the times of a table are written, and what was found out of it."""
    formats: dict[str, str | None] = {}
    notices = []
    if settings.time_format is not None:
        check_time_format(settings.time_format, f"source.{contract.name}.time_format")
    for name, source in mapping.sources.items():
        column = mapping.table[source]
        if contract.column(name).kind != "time" or not column.type().is_string():
            continue
        formats[name] = settings.time_format
        if settings.time_format is None:
            where = f"{raw.label}: column '{mapping.described[name]}'"
            setting = f"source.{contract.name}.time_format"
            formats[name] = find_time_format(column, where, setting).format
            if formats[name] is not None:
                notices.append(f"{name} was read as '{formats[name]}'.")
    return formats, notices


def notices_of(staged: Staged, *, drop_duplicates: bool) -> list[str]:
    """Return what a reader has to know of the rows of a table."""
    notices = []
    if staged.n_duplicates:
        done = "set aside" if drop_duplicates else "kept, as 'duplicates' says"
        notices.append(
            f"Exact copies of earlier rows: {staged.n_duplicates:,}, {done}."
        )
    if staged.n_flipped:
        notices.append(
            f"Flagged returns with a positive amount, made negative: "
            f"{staged.n_flipped:,}."
        )
    for guest in staged.guests:
        notices.append(
            f"Customer '{guest.id}' has {guest.n_orders:,} of {guest.n_all:,} orders "
            f"({guest.share:.0%}): no person, but many (guests). Its rows are set "
            "aside as anonymous; if it is a customer, set "
            "source.transactions.guest_ids to []."
        )
    for name, count in staged.lost.items():
        notices.append(f"Values of {name} that cannot be read, left empty: {count:,}.")
    return notices


def _count(
    raw: RawTable,
    mapping: Mapping,
    staged: Staged,
    contract: TableContract,
    reasons: list[str],
) -> TableCounts:
    kept = count_rows(staged.clean)
    bad = staged.bad
    by_reason = bad.group_by("reason").aggregate(rows=bad.count()).to_pyarrow()
    n_bad = {row["reason"]: row["rows"] for row in by_reason.to_pylist()}
    rows_in = kept + sum(n_bad.values())
    lines_notice = assert_whole(raw, staged, rows_in, n_bad.get(MALFORMED, 0))
    listed = [
        ReasonCount(
            reason=reason,
            label=label(reason),
            rows=n_bad[reason],
            share=n_bad[reason] / rows_in,
            is_fault=is_fault(reason, contract.id_column),
            examples=_examples(bad, reason),
        )
        for reason in reasons
        if reason in n_bad
    ]
    listed.sort(key=lambda each: -each.rows)
    return TableCounts(
        rows_in=rows_in,
        rows_kept=kept,
        rows_set_aside=rows_in - kept,
        reasons=tuple(listed),
        columns=dict(mapping.described),
        notices=lines_notice,
    )


def _examples(bad: Any, reason: str) -> tuple[str, ...]:
    rows = bad.filter(bad.reason == reason)
    first = rows.order_by("file", "row").limit(50).select("id", "row").to_pyarrow()
    texts = [
        row["id"] if row["id"] is not None else f"row {row['row']}"
        for row in first.to_pylist()
    ]
    return tuple(dict.fromkeys(texts))[:5]


def transaction_facts(clean: Any, currency: str) -> dict[str, Any]:
    """Return what the clean transactions amount to."""
    if "order_id" in clean.columns:
        key = clean.order_id.cast("string")
    else:
        key = clean.customer_id.cast("string") + " " + clean.order_date.cast("string")
    row = clean.aggregate(
        first_order=clean.order_date.min(),
        last_order=clean.order_date.max(),
        n_customers=clean.customer_id.nunique(),
        n_orders=key.nunique(),
        revenue=clean.amount.sum(),
        n_returns=clean.is_return.sum(),
        returns_amount=-clean.amount.sum(where=clean.is_return),
        n_zero_amount=(clean.amount == 0).sum(),
    )
    facts = first_row(row)
    for name in ("first_order", "last_order"):
        facts[name] = facts[name].isoformat() if facts[name] else None
    for name in ("revenue", "returns_amount"):
        # Thousandths, which some currencies have, are exact enough for people and do
        # not depend on the order of adding.
        facts[name] = round(float(facts[name] or 0.0), 3) + 0.0
    facts["n_returns"] = int(facts["n_returns"] or 0)
    facts["n_zero_amount"] = int(facts["n_zero_amount"] or 0)
    return {**facts, "currency": currency}


def _plain_facts(clean: Any, contract: TableContract) -> dict[str, Any]:
    facts = {"n_customers": clean[contract.id_column].nunique()}
    if contract.time_column is not None:
        day = clean[day_name(contract.time_column)]
        facts |= {"first_time": day.min(), "last_time": day.max()}
    row = first_row(clean.aggregate(**facts))
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in row.items()
    }


def normalise(
    table: Any,
    name: str = "transactions",
    *,
    time_zone: str = "UTC",
    with_fault: bool = False,
) -> Any:
    """Bring a table with canonical column names into the clean form.

    The rules are those of `read_tables`, for rows that do not come from a configured
    source; `name` is that of the table's contract.
    """
    contract = TABLES[name]
    missing = [column for column in contract.required if column not in table.columns]
    if missing:
        msg = (
            f"The {name} have no {', '.join(missing)}. Each needs "
            f"{', '.join(contract.required)}; given are {', '.join(table.columns)}."
        )
        raise DataError(msg)
    known = table.columns if contract.open_ended else contract.names
    sources = {column: column for column in known if column in table.columns}
    rules = Rules(time_zone, {}, None, date.max - timedelta(days=2), False)
    reading = apply_rules(table, sources, contract, rules)
    cases = [(where.fill_null(False), reason) for reason, where in reading.faults]
    fault = ibis.cases(*cases, else_=ibis.null("string"))
    rows = reading.table.select(**reading.columns, fault=fault)
    return rows if with_fault else rows.filter(rows.fault.isnull()).drop("fault")
