"""The command line: one command a stage; it parses, calls and prints.

Exit status 0; 2 for a fault in the data or the configuration, told in a sentence; 1 for
anything else. Results go to standard output (with ``--json`` the last line is one JSON
object), progress and faults to standard error.
"""

from __future__ import annotations

import json
import sys
import warnings
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from regulars import __version__
from regulars.config import Settings, load_settings, parse_settings
from regulars.errors import ConfigError, RegularsError, RegularsWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

app = typer.Typer(
    name="regulars",
    help="Keep your regular customers: churn, value and reasons from purchases.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ConfigPath = Annotated[Path, typer.Argument(help="Configuration file (YAML).")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY.SUB=VALUE", help="Override a setting."),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="End with one line of JSON on stdout.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print no messages.")]


def main() -> None:
    """Run the command line; the entry point of the ``regulars`` script."""
    debug = "--debug" in sys.argv
    arguments = [word for word in sys.argv[1:] if word != "--debug"]
    warnings.showwarning = _show_warning
    try:
        app(arguments, standalone_mode=True)
    except RegularsError as error:
        if debug:
            raise
        _say_fault(error)
        raise SystemExit(2) from error
    except Exception as error:
        if debug:
            raise
        sys.stderr.write(
            f"regulars failed: {type(error).__name__}: {error}\n"
            "This is a fault of the program; --debug shows where.\n"
        )
        raise SystemExit(1) from error


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"regulars {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool,
        # eager: it is answered before a command is asked for
        typer.Option(
            "--version",
            help="Print the version and stop.",
            callback=_show_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    pass


@app.command()
def init(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Purchases, contracts, or a table with a label; or several files "
            "that belong together, such as orders, payments and customers.",
        ),
    ],
    label: Annotated[
        str | None,
        typer.Option(help="Column that says who has churned, in a table with one."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where to write; default: NAME.yaml here.")
    ] = None,
    force: Annotated[bool, typer.Option(help="Replace an existing file.")] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Look at files and write a configuration for what they hold."""
    from regulars import terminal as look
    from regulars.data.folders import locate_log
    from regulars.init.proposal import STEPS, propose
    from regulars.scoring.sinks import write_text

    places = [locate_log(file) for file in files]
    with look.progress(STEPS, quiet=quiet) as step:
        found = propose([path for path, _ in places], label, step)
    target = out or Path(f"{found.name}.yaml")
    if target.exists() and not force:
        msg = f"'{target}' is there already. Pass --force to replace it, or --out."
        raise ConfigError(msg)
    write_text(found.text, target)
    console = _console(quiet)
    for path, others in places:
        if others:
            shown = ", ".join(others[:10]) + ", ..." * (len(others) > 10)
            console.print(f"Read {path}; passed over {shown}.", soft_wrap=True)
    console.print(
        f"Wrote {target}. Read it through, then: regulars run {target}", soft_wrap=True
    )
    _finish(as_json, {"config": str(target), "kind": found.kind})


@app.command()
def check(
    config: ConfigPath,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Read the tables, set bad rows aside, and say what was found."""
    from regulars import pipeline
    from regulars import terminal as look

    settings = load_settings(config, overrides or ())
    with look.progress(("check",), quiet=quiet) as step:
        summary = pipeline.check(settings, step)
    console = _console(quiet)
    console.print(look.checked(summary))
    for text, line in look.asked(summary["findings"]):
        console.print(text)
        if line:
            console.print(f"    {line}", soft_wrap=True)
    for name, found in summary["tables"].items():
        for notice in found["notices"] if summary["kind"] != "non_contractual" else ():
            console.print(f"Note on {name}: {notice}")
    for name in summary["tables"]:
        plain = name == "transactions" or summary["kind"] == "labelled"
        file = "quarantine.csv" if plain else f"quarantine-{name}.csv"
        quarantine = settings.outputs_folder / file
        console.print(f"Rows set aside: {quarantine}", soft_wrap=True)
    _finish(as_json, summary)


@app.command()
def train(
    config: ConfigPath,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Choose, test and register a model."""
    from regulars import pipeline

    settings = load_settings(config, overrides or ())
    _stages(
        settings,
        lambda work, step: pipeline.train_model(work, step),
        pipeline.STEPS[:7],
        _tell_training,
        as_json=as_json,
        quiet=quiet,
    )


@app.command()
def backtest(
    config: ConfigPath,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Repeat the training as of earlier days, and test each time."""
    from regulars import pipeline
    from regulars import terminal as look
    from regulars.models.churn.baselines import labels

    settings = load_settings(config, overrides or ())

    def tell(console: Console, result: dict[str, Any]) -> None:
        words = labels() | result.get("baseline_labels", {})
        console.print(look.backtested(result, words))
        for note in result["notes"]:
            console.print(f"Note: {note}")
        target = settings.outputs_folder / "backtest.json"
        console.print(f"Windows, slices and staleness: {target}", soft_wrap=True)

    _stages(
        settings,
        lambda work, step: pipeline.backtest(work, step),
        ("check", "window", "compare", "register"),
        tell,
        as_json=as_json,
        quiet=quiet,
    )


@app.command()
def rollback(
    config: ConfigPath,
    to: Annotated[
        str | None,
        typer.Option(help="Version to go back to; default: the champion before."),
    ] = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Give the champion's place back to an earlier version."""
    from regulars import pipeline

    settings = load_settings(config, overrides or ())
    result = pipeline.rollback(settings, to)
    _console(quiet).print(
        f"Version {result['after']} of '{result['name']}' is the champion again, "
        f"instead of version {result['before']}. Score with it: regulars score "
        f"{config}",
        soft_wrap=True,
    )
    _finish(as_json, result)


@app.command()
def relocate(
    config: ConfigPath,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write into a moved store where its models are now, for MLflow's own commands."""
    from regulars import pipeline

    settings = load_settings(config, overrides or ())
    result = pipeline.relocate(settings)
    n_changed = result["n_changed"]
    changed = f"{n_changed:,} locations changed" if n_changed else "nothing to change"
    _console(quiet).print(f"{result['store']}: {changed}.", soft_wrap=True)
    _finish(as_json, result)


@app.command()
def score(
    config: ConfigPath,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Score every customer with the champion."""
    from regulars import pipeline

    settings = load_settings(config, overrides or ())

    def tell(console: Console, result: dict[str, Any]) -> None:
        console.print(
            f"{result['n_customers']:,} customers scored as of "
            f"{result['cutoff'] or 'the table'} by "
            f"version {result['model_version']}: {result['scores']}",
            soft_wrap=True,
        )
        for notice in result.get("notices", ()):
            console.print(f"Note: {notice}")

    _stages(
        settings,
        lambda work, step: pipeline.score(work, step),
        ("check", "score"),
        tell,
        as_json=as_json,
        quiet=quiet,
    )


@app.command()
def kpis(
    config: ConfigPath,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Work out retention, churn, cohorts and order figures."""
    from regulars import pipeline

    settings = load_settings(config, overrides or ())

    def tell(console: Console, result: dict[str, Any]) -> None:
        for name, value in result.items():
            if name == "notes":
                continue
            shown: object = value
            if isinstance(value, float):
                shown = f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:,.4g}"
            words = "not known yet" if value is None else shown
            console.print(f"{name.replace('_', ' ')}: {words}")
        for note in result.get("notes", ()):
            console.print(f"Note: {note}")

    _stages(
        settings,
        lambda work, step: pipeline.kpis(work, step),
        ("check", "kpis"),
        tell,
        opening=pipeline.open_for_kpis,
        as_json=as_json,
        quiet=quiet,
    )


@app.command()
def report(
    config: ConfigPath,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Draw the page from the results that are there."""
    from regulars import pipeline
    from regulars import terminal as look

    settings = load_settings(config, overrides or ())
    with look.progress(("report",), quiet=quiet) as step:
        page = pipeline.report(settings, step)
    _console(quiet).print(f"Report: {page}", soft_wrap=True)
    _finish(as_json, {"report": str(page)})


@app.command()
def run(
    config: ConfigPath,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Do the main job: check, train, score, kpis, report."""
    _finish(as_json, _run(load_settings(config, overrides or ()), quiet=quiet))


@app.command()
def demo(
    overrides: Overrides = None,
    open_page: Annotated[
        bool,
        typer.Option("--open", help="Open the report in the browser afterwards."),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run the main job on the CDNOW log that a dependency ships."""
    from importlib.resources import files

    from regulars import terminal as look

    text = files("regulars").joinpath("demo.yaml").read_text(encoding="utf-8")
    settings = parse_settings(text, overrides or (), origin="demo")
    result = _run(settings, quiet=quiet)
    address = look.page_address(result["report"])
    _console(quiet).print(f"In a browser: {address}", soft_wrap=True)
    _finish(as_json, {**result, "report_address": address})
    if open_page and not look.open_page(address):
        sys.stderr.write("regulars: no browser could be opened here.\n")


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    customers: Annotated[int, typer.Option(min=1, help="How many.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed.")] = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write the purchases of simulated customers with known parameters."""
    from regulars.datasets.simulate import write_simulation

    done = write_simulation(out, customers, seed=seed)
    result = json.loads(json.dumps(vars(done), default=str))
    _console(quiet).print(
        f"{customers:,} customers, {done.n_lines:,} lines: {out}", soft_wrap=True
    )
    _finish(as_json, result)


def _run(settings: Settings, *, quiet: bool) -> dict[str, Any]:
    from regulars import pipeline
    from regulars import terminal as look

    with look.progress(pipeline.STEPS, quiet=quiet) as step:
        result = pipeline.run(settings, step)
    console = _console(quiet)
    _tell_training(console, result)
    console.print(f"Scores: {result['scores']}", soft_wrap=True)
    console.print(f"Report: {result['report']}", soft_wrap=True)
    return result


def _stages(
    settings: Settings,
    stage: Callable[..., dict[str, Any]],
    steps: Sequence[str],
    tell: Callable[[Console, dict[str, Any]], None],
    *,
    as_json: bool,
    quiet: bool,
    opening: Callable[..., Any] | None = None,
) -> None:
    """Open the workspace, do one stage, tell the result."""
    from regulars import pipeline
    from regulars import terminal as look

    with look.progress(steps, quiet=quiet) as step:
        work = (opening or pipeline.open_work)(settings, step)
        result = stage(work, step)
    tell(_console(quiet), result)
    _finish(as_json, result)


def _tell_training(console: Console, result: dict[str, Any]) -> None:
    from regulars import terminal as look
    from regulars.models.churn.baselines import labels

    table = look.compared(result, labels() | result.get("baseline_labels", {}))
    if table is not None:
        console.print(table)
    for note in result["notes"]:
        console.print(f"Note: {note}")
    place = "is now the champion" if result["is_champion"] else "is not the champion"
    console.print(
        f"Version {result['model_version']} {place}: {result['champion_reason']}."
    )


def _console(quiet: bool) -> Console:
    # names and paths are the user's own: brackets in them are no markup
    return Console(quiet=quiet, highlight=False, markup=False)


def _finish(as_json: bool, result: dict[str, Any]) -> None:
    if as_json:
        typer.echo(json.dumps(result, default=_plain, allow_nan=False))


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)


def _say_fault(error: RegularsError) -> None:
    Console(stderr=True, highlight=False, markup=False).print(
        f"regulars: {error}", soft_wrap=True
    )


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: Any = None,
    line: str | None = None,
) -> None:
    """Show our own warnings as sentences; other libraries' are not for the user."""
    if issubclass(category, RegularsWarning):
        sys.stderr.write(f"regulars: {message}\n")
