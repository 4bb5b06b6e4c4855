"""What a person sees of a run in a terminal: progress, tables, sentences.

Progress goes to standard error and results to standard output, so that a pipe gets
results only; nothing moves where there is no terminal.
"""

from __future__ import annotations

import os
import sys
import webbrowser
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed
from rich.table import Table
from rich.text import Text

from regulars.kpis.catalogue import CATALOGUE
from regulars.results.base import PURCHASES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from regulars.results import (
        BacktestResult,
        CheckResult,
        KpiResult,
        ListsResult,
        MonitoringResult,
        ReadoutResult,
        TargetResult,
        TrainingSummary,
    )
    from regulars.results.check import FindingSummary
    from regulars.results.kpis import KpiFigure
    from regulars.results.measures import Gap
    from regulars.results.readout import Estimate

STEP_WORDS = {
    "look": "Looking at the columns",
    "propose": "Reading the file with what was found",
    "check": "Reading and checking the log",
    "target": "Choosing whom to offer what",
    "lists": "Putting customers on lists",
    "readout": "Measuring the campaign",
    "features": "Building features",
    "selection": "Choosing the churn model",
    "spend": "Choosing the spend model",
    "test": "Testing on the last window",
    "refit": "Refitting with every window",
    "window": "Training as of an earlier day: window",
    "monitor": "Watching data, drift and outcomes",
    "compare": "Comparing the windows",
    "register": "Registering the model",
    "score": "Scoring customers",
    "kpis": "Working out the figures",
    "report": "Drawing the report",
}


@contextmanager
def progress(steps: Sequence[str], *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show a bar over named steps; nothing where there is no terminal."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda step: None
        return
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        Elapsed(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=len(steps))

        def begin(step: str) -> None:
            name, _, detail = step.partition(" ")
            words = STEP_WORDS.get(name, name)
            done = steps.index(name) if name in steps else None
            bar.update(task, description=f"{words} {detail}".rstrip(), completed=done)

        yield begin


def checked(result: CheckResult) -> Table:
    """Return the table that ``regulars check`` prints."""
    table = Table(title="What was read", title_justify="left")
    for name in ("Table", "Rows", "Share", "What"):
        table.add_column(name, justify="right" if name in ("Rows", "Share") else "left")
    for name, read in result.tables.items():
        rows = max(read.rows_in, 1)
        table.add_row(name, f"{read.rows_in:,}", "", "read")
        for reason in read.reasons:
            examples = ", ".join(reason.examples)
            words = reason.label + (f" (such as {examples})" if examples else "")
            table.add_row(
                "",
                f"{reason.rows:,}",
                f"{reason.rows / rows:.2%}",
                # the user's own values: brackets in them are no markup
                Text(f"set aside: {words}"),
            )
        kept = read.rows_kept
        table.add_row("", f"{kept:,}", f"{kept / rows:.2%}", "kept", end_section=True)
    return table


def questions(findings: Sequence[FindingSummary]) -> Iterator[tuple[Text, str]]:
    """Return what the check asks, each with what to do and the line to write."""
    if not findings:
        yield Text("Nothing to ask about these data."), ""
        return
    yield Text(f"To ask before anything is trained: {len(findings)}"), ""
    for finding in findings:
        is_warning = finding.severity == "warning"
        mark = "Warning" if is_warning else "Question"
        table = "" if finding.table == "transactions" else f" ({finding.table})"
        name = f"\n{mark}: {finding.key.replace('_', ' ')}{table}\n"
        setting, advice = finding.setting, finding.advice
        if setting:
            inline = f"`{setting.line}` under `{setting.under}`"
            below = f"the line below under `{setting.under}`"
            advice = advice.replace(inline, below)
        # the user's own values: brackets in them are no markup
        text = Text(name, "bold red" if is_warning else "bold")
        text.append(Text(f"{finding.seen}\n{advice}", "not bold default"))
        yield text, setting.line if setting else ""


def compared(summary: TrainingSummary, labels: Mapping[str, str]) -> Table | None:
    """Return the model beside its baselines, or None without a test window."""
    if summary.test is None:
        return None
    table = Table(title=_test_title(summary), title_justify="left")
    table.add_column("")
    heads = {
        "roc_auc": "ROC AUC",
        "average_precision": "Avg. precision",
        "top_decile_lift": "Lift, top 10%",
        "log_loss": "Log loss",
        "ece": "ECE",
    }
    for head in heads.values():
        table.add_column(head, justify="right")
    rows = {"model": summary.test, **summary.baselines}
    for name, figures in rows.items():
        label = "regulars" if name == "model" else labels.get(name, name)
        cells = [_figure(getattr(figures, metric)) for metric in heads]
        table.add_row(label, *cells, style="bold" if name == "model" else None)
    return table


def backtested(result: BacktestResult, labels: Mapping[str, str]) -> Table:
    """Return the windows of a backtest, the model beside each best baseline."""
    overall = result.overall
    table = Table(
        title=f"{overall.n_windows} test windows: better than the best baseline "
        f"beyond chance in {overall.n_better}, worse in {overall.n_worse}",
        title_justify="left",
        caption="Difference: log loss less that of the best baseline; below 0 is "
        "better.",
        caption_justify="left",
    )
    table.add_column("Cutoff", no_wrap=True)
    for head in ("AUC", "Log loss", "ECE"):
        table.add_column(head, justify="right")
    table.add_column("Best baseline")
    table.add_column("Difference (95%)", justify="right", no_wrap=True)
    for window in result.windows:
        own, rival = window.metrics["model"], window.best_baseline
        table.add_row(
            window.cutoff,
            *(_figure(figure) for figure in (own.roc_auc, own.log_loss, own.ece)),
            labels.get(rival, rival) if rival else "-",
            _gap(window.differences.get("log_loss")),
        )
    return table


TOLD_BELOW = ("no_programme", "no_what_if")


def monitored(result: MonitoringResult) -> Iterator[str]:
    """Say what rings, the surest first, and what could not be watched."""
    rung, n_checks = len(result.alarms), len(result.checks)
    alarms = "1 alarm" if rung == 1 else f"{rung or 'no'} alarms"
    yield (
        f"Version {result.model_version} as of {result.cutoff or 'the table'}: "
        f"{alarms} of {n_checks:,} checks."
    )
    for alarm in result.alarms:
        yield f"Alarm ({alarm.room}): {alarm.sentence}"
    for note in result.notes:
        yield f"Note: {note}"


def targeted(result: TargetResult) -> Iterator[Table | str]:
    """Return what a campaign proposes, and what simple rules would, by offer."""
    currency, mark = result.currency or "", f" ({result.heading})"
    yield (
        f"{result.n_sent:,} customers are sent an offer, {result.n_control:,} are kept "
        f"as control, {result.n_holdout:,} held out: cost {result.cost:,.0f} "
        f"{currency}, expected gain {result.gain:,.0f} {currency}{mark}."
    )
    yield result.verdict.sentence
    offers = Table(title=f"Offers{mark}", title_justify="left")
    for name in ("Offer", "May have it", "Sent", "Control", "Cost", "Gain"):
        offers.add_column(name, justify="left" if name == "Offer" else "right")
    for each in result.offers:
        numbers = (each.n_allowed, each.n_sent, each.n_control, each.cost, each.gain)
        offers.add_row(Text(each.name), *(f"{n:,.0f}" for n in numbers))
    yield offers
    rules = Table(title=f"With the same budget{mark}", title_justify="left")
    for name in ("", "Customers", "Cost", "Gain", "Profit"):
        rules.add_column(name, justify="right" if name else "left")
    for rival in result.rivals:
        figures = (rival.n_contacts, rival.cost, rival.gain, rival.profit)
        rules.add_row(rival.label, *(f"{n:,.0f}" for n in figures))
    yield rules
    yield f"One more {currency or 'unit'} of budget adds {result.price_of_budget:.2f}."
    for note in result.notes:
        yield f"Note: {note}"


def listed(result: ListsResult) -> Table:
    """Return how many customers each rule lists."""
    table = Table(title=f"Lists as of {result.cutoff}", title_justify="left")
    for name in ("Rule", "Holds for", "Cooling down", "Too many", "Listed"):
        table.add_column(name, justify="left" if name == "Rule" else "right")
    table.add_column("Due", no_wrap=True)
    table.add_column("")
    for each in result.lists:
        counts = (each.n_matching, each.n_cooling, each.n_beyond, each.n_listed)
        due = "" if each.due is None else each.due.isoformat()
        told = each.note or each.action
        table.add_row(each.rule, *(f"{n:,}" for n in counts), due, Text(told))
    return table


def read_out(result: ReadoutResult) -> Iterator[str]:
    """Say what a campaign brought, what was learned, and what next."""
    yield result.verdict.sentence
    for each in result.effects:
        if each.name in ("retention", "margin"):
            yield (
                f"{each.meaning.capitalize()}: {each.offer_mean:.4g} with the offer, "
                f"{each.control_mean:.4g} without; adjusted {_bounds(each.adjusted)}, "
                f"plain {_bounds(each.plain)}."
            )
    yield from result.lessons
    for offer in result.learned:
        if offer.yaml:
            yield f"Measured, to be pasted:\n{offer.yaml.rstrip()}"
    for step in result.next_steps:
        yield f"Next: {step}"
    for note in result.notes:
        yield f"Note: {note}"


def _bounds(found: Estimate) -> str:
    if found.value is None or found.low is None or found.high is None:
        return "not determined"
    return f"{found.value:+.4g} ({found.low:+.4g} to {found.high:+.4g})"


def kpi_summary(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line a figure of the whole data, and the notes on them."""
    for name, value in summary.items():
        # the tables below say why there is no programme and no what-if
        is_reason = name.startswith("no_") and (value is None or name in TOLD_BELOW)
        if is_reason or isinstance(value, list | dict):
            continue
        shown: object = value
        if isinstance(value, float):
            shown = f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:,.4g}"
        words = "not known yet" if value is None else shown
        yield f"{name.replace('_', ' ')}: {words}"
    for note in summary.get("notes", ()):
        yield f"Note: {note}"


def kpi_tables(result: KpiResult) -> Iterator[Table | str]:
    """Yield the KPIs of a period: everybody's, then a table a segment, then notes."""
    if result.period is None:
        return
    by_segment: dict[str, list[KpiFigure]] = {}
    for figure in result.figures:
        by_segment.setdefault(figure.segment.partition("=")[0], []).append(figure)
    period = result.period
    for name, figures in by_segment.items():
        title = f"{period.start} to {period.end}"
        if name:
            yield _segment_table(f"{title}, by {name}", figures)
        else:
            yield _kpi_table(title, figures)
    yield from _contract_tables(result)
    yield from _economics(result)
    for note in period.notes:
        yield f"Note: {note}"
    reasons: dict[str, list[str]] = {}
    for each in result.absent:
        reasons.setdefault(each.why, []).append(CATALOGUE[each.kpi].label)
    for why, labels in reasons.items():
        yield f"Not shown: {', '.join(labels)}. {why}"


def _contract_tables(result: KpiResult) -> Iterator[Table]:
    """Yield how the revenue of contracts changed, and how long cohorts stay."""
    from regulars.report.kpi_charts import STEP_WORDS as WORDS

    if result.survival is None:
        return
    if result.waterfall:
        rows = [
            (WORDS[s.step], f"{s.n_customers:,}", f"{s.revenue:,.2f}")
            for s in result.waterfall
        ]
        heads = ("Customers", "A month")
        yield _words_table("Contract revenue, from start to end", heads, rows)
    yield from _after_experiences(result)
    if result.cohorts is None:
        return
    table = result.cohorts
    cells = zip(table.cohorts, table.sizes, table.retention, strict=True)
    shown = [
        (name, f"{size:,}", *(_share_at(kept, age) for age in COHORT_MONTHS))
        for name, size, kept in cells
    ]
    ages = [f"{age} mo." for age in COHORT_MONTHS]
    title = "Still with a contract, months after that of the first start"
    yield _words_table(title, ("Customers", *ages), shown[-COHORTS_SHOWN:])


def _after_experiences(result: KpiResult) -> Iterator[Table]:
    from regulars.report.kpi_section import EXPERIENCE_WORDS

    support = result.support
    if support is None or not support.experiences:
        return
    rows = [
        (
            EXPERIENCE_WORDS[gap.experience],
            f"{gap.n_customers:,}",
            f"{gap.rate:.1%}",
            f"{gap.rate_compared:.1%}",
            "" if gap.low is None else f"{gap.low:+.1%} to {gap.high:+.1%}",
        )
        for gap in support.experiences
    ]
    yield _words_table(
        f"Without a contract {support.after_days} days after (no cause)",
        ("Customers", "Share", "Comparable", "Difference, 95%"),
        rows,
    )


def _share_at(kept: Sequence[float | None], age: int) -> str:
    value = kept[age] if age < len(kept) else None
    return "" if value is None else f"{value:.0%}"


def _economics(result: KpiResult) -> Iterator[Table | str]:
    """Yield what the programme brings and what one more point would be worth."""
    from regulars.report.programme_section import programme_section, what_if_section

    programme, worth = programme_section(result), what_if_section(result)
    if programme is not None:
        if programme["why"]:
            yield f"Not shown: what the programme brings. {programme['why']}"
        if programme.get("rows"):
            yield _words_table(
                "Members of the programme beside comparable customers (no cause)",
                ("Members", "Comparable", "Difference", "95% interval", "Naive"),
                [tuple(row.values()) for row in programme["rows"]],
            )
        if programme.get("money"):
            heads = ("Value", "95% interval")
            yield _words_table("The programme's money", heads, programme["money"])
        for note in programme.get("notes", ()):
            yield f"Note: {note}"
    if worth is not None and worth["rows"]:
        names = ("label", "now", "margin", "interval")
        yield _words_table(
            f"What one more point would be worth in a year, from {worth['year']}",
            ("Now", "Margin", "95% interval"),
            [tuple(row[name] for name in names) for row in worth["rows"]],
        )
    elif worth is not None and worth["why"]:
        yield f"Not shown: what one more point would be worth. {worth['why']}"
    for note in (worth or {}).get("notes", ()):
        yield f"Note: {note}"


def _words_table(
    title: str, heads: Sequence[str], rows: Sequence[tuple[str, ...]]
) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def _kpi_table(title: str, figures: Sequence[KpiFigure]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for head in ("Figure", "95% interval", "Change", "Customers"):
        table.add_column(head, justify="right", no_wrap=True)
    for figure in figures:
        table.add_row(CATALOGUE[figure.kpi].label, *_kpi_cells(figure))
    return table


# a terminal has no room for all of them: the table of --csv has
COHORT_MONTHS, COHORTS_SHOWN = (1, 3, 6, 12, 24), 24
SEGMENT_KPIS = (
    "customers",
    "retention_rate",
    "repeat_purchase_rate",
    "purchase_frequency",
    "aov",
    "revenue",
    "nps",
)
SEGMENT_KPIS_OF_CONTRACTS = (
    "contract_customers",
    "contract_retention_rate",
    "contract_revenue",
    "net_contract_revenue_retention",
    "nps",
)


def _segment_table(title: str, figures: Sequence[KpiFigure]) -> Table:
    """Return a row a segment with its main figures."""
    rows: dict[str, dict[str, KpiFigure]] = {}
    for figure in figures:
        value = figure.segment.partition("=")[2]
        rows.setdefault(value, {})[figure.kpi] = figure
    has_purchases = any("customers" in row for row in rows.values())
    wanted = SEGMENT_KPIS if has_purchases else SEGMENT_KPIS_OF_CONTRACTS
    shown = [kpi for kpi in wanted if any(kpi in row for row in rows.values())]
    table = Table(
        title=title,
        title_justify="left",
        caption="Intervals, changes and the other figures: --csv FILE.",
        caption_justify="left",
    )
    table.add_column("Segment")
    for kpi in shown:
        table.add_column(CATALOGUE[kpi].label, justify="right")
    for value, row in rows.items():
        cells = (row.get(kpi) for kpi in shown)
        words = ["" if cell is None else _of_unit(cell.value, cell) for cell in cells]
        table.add_row(Text(value), *words)
    return table


def _kpi_cells(figure: KpiFigure) -> tuple[str, str, str, str]:
    ends = [figure.low, figure.high]
    interval = "" if None in ends else " to ".join(_of_unit(e, figure) for e in ends)
    change = "" if figure.change is None else _of_unit(figure.change, figure, sign=True)
    n = "" if figure.n is None else f"{figure.n:,}"
    return _of_unit(figure.value, figure), interval, change, n


def _of_unit(value: float | None, figure: KpiFigure, *, sign: bool = False) -> str:
    """Write a figure with as many digits as its unit deserves."""
    if value is None:
        return ""
    plus = "+" if sign else ""
    if figure.unit == "share":
        text = f"{100 * value:{plus}.1f}"
        # a change of a share is in points of a hundred
        return text + (" pts" if sign else "%")
    digits = {"count": 0, "days": 0, "points": 1, "number": 2}.get(figure.unit)
    if digits is None:
        digits = 2 if abs(value) < 1e4 else 0
    return f"{value:{plus},.{digits}f}"


def page_address(page: str) -> str:
    """Return the address under which a browser on this machine opens a page."""
    return Path(page).resolve().as_uri()


def open_page(address: str) -> bool:
    """Open a page in the browser; return whether there was a screen and a browser."""
    # without a screen, a text browser would take the terminal
    screens = ("DISPLAY", "WAYLAND_DISPLAY")
    has_screen = sys.platform in ("darwin", "win32") or any(map(os.getenv, screens))
    return has_screen and webbrowser.open(address)


def _gap(gap: Gap | None) -> str:
    if gap is None or gap.difference is None:
        return "-"
    ends = [f"{end:+.4f}" for end in (gap.low, gap.high) if end is not None]
    return f"{gap.difference:+.4f} ({', '.join(ends)})"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _test_title(summary: TrainingSummary) -> str:
    """Say what was tested: a window of a log, or rows of a table."""
    test, n_splits = summary.test, len(summary.test_splits)
    if test is None:
        return ""
    who = f"{test.n_customers:,} customers, {test.churn_rate:.1%}"
    if test.cutoff:
        left = "did not buy again" if summary.kind == PURCHASES else "left"
        return f"Test window from {test.cutoff}: {who} {left}"
    if n_splits > 1:
        return f"Mean of {n_splits} tests: {who} churned"
    return f"Test on rows kept apart: {who} churned"
