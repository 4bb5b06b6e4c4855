"""What a person sees of a run: progress, tables, sentences.

Results come in, text goes to the terminal. Progress and messages go to standard error,
results to standard output, so that a pipe gets results only; nothing moves where there
is no terminal.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

STEP_WORDS = {
    "check": "Reading and checking the log",
    "features": "Building features",
    "selection": "Choosing the churn model",
    "spend": "Choosing the spend model",
    "test": "Testing on the last window",
    "refit": "Refitting with every window",
    "register": "Registering the model",
    "score": "Scoring customers",
    "kpis": "Working out the figures",
    "report": "Drawing the report",
}


@contextmanager
def progress(steps: Sequence[str], *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show a bar over named steps; nothing where there is no terminal.

    Parameters
    ----------
    steps : sequence of str
        Names in order.
    quiet : bool
        Show nothing.

    Yields
    ------
    callable
        To be called with the name of each step as it begins; ``"name 3/30"`` also
        shows how far inside the step it is.
    """
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


def checked(summary: dict[str, Any]) -> Table:
    """Return the table that ``regulars check`` prints.

    Parameters
    ----------
    summary : dict
        Content of ``check.json``.

    Returns
    -------
    rich.table.Table
    """
    table = Table(title="What was read", title_justify="left")
    for name in ("Table", "Rows", "Share", "What"):
        table.add_column(name, justify="right" if name in ("Rows", "Share") else "left")
    for name, found in summary["tables"].items():
        rows = max(found["rows_in"], 1)
        table.add_row(name, f"{found['rows_in']:,}", "", "read")
        for reason in found["reasons"]:
            examples = ", ".join(map(str, reason.get("examples", [])))
            told = reason["label"] + (f" (such as {examples})" if examples else "")
            table.add_row(
                "",
                f"{reason['rows']:,}",
                f"{reason['rows'] / rows:.2%}",
                # the user's own values: brackets in them are no markup
                Text(f"set aside: {told}"),
            )
        kept = found["rows_kept"]
        table.add_row("", f"{kept:,}", f"{kept / rows:.2%}", "kept", end_section=True)
    return table


def compared(result: dict[str, Any], labels: dict[str, str]) -> Table | None:
    """Return the model beside its baselines, or None without a test window.

    Parameters
    ----------
    result : dict
        What ``train --json`` ends with.
    labels : dict of str to str
        Words for the baselines.

    Returns
    -------
    rich.table.Table or None
    """
    if not result["test"]:
        return None
    table = Table(
        title=f"Test window from {result['test']['cutoff']}: "
        f"{result['test']['n_customers']:,} customers, "
        f"{result['test']['churn_rate']:.1%} did not buy again",
        title_justify="left",
    )
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
    rows = {"model": result["test"], **result["baselines"]}
    for name, found in rows.items():
        label = "regulars" if name == "model" else labels.get(name, name)
        cells = [_figure(found[metric]) for metric in heads]
        table.add_row(label, *cells, style="bold" if name == "model" else None)
    return table


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
