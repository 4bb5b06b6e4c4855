"""The command line: one command a stage; it parses, calls and prints.

Exit status 0; 2 for a fault in the data or the configuration, told in a sentence; 3 for
a crossed threshold of `monitor`; 1 for anything else. Results go to standard output
(with ``--json`` the last line is one JSON object), progress and faults to standard
error.
"""

from __future__ import annotations

import inspect
import json
import sys
import warnings
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from regulars import __version__
from regulars.config import Settings, load_settings, parse_settings
from regulars.errors import ConfigError, RegularsError, RegularsWarning
from regulars.results import (
    BacktestResult,
    CheckResult,
    RunSummary,
    TrainingSummary,
    as_result,
)
from regulars.results.base import PURCHASES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

app = typer.Typer(
    name="regulars",
    help="Keep your regular customers: churn, value and reasons from purchases.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

# exit status where a threshold of the watch was crossed
CROSSED = 3

ConfigPath = Annotated[Path, typer.Argument(help="Configuration file (YAML).")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY.SUB=VALUE", help="Override a setting."),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="End with one line of JSON on stdout.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print no messages.")]


@dataclass(frozen=True)
class Asked:
    """What all commands with a configuration are given."""

    config: Path
    settings: Settings
    quiet: bool


def _command(do: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Register a command: its own options between the configuration and the shared.

    A result with ``alarms`` ends with a status that a scheduler can act on.
    """

    def call(
        config: Path,
        overrides: list[str] | None,
        as_json: bool,
        quiet: bool,
        **more: Any,
    ) -> None:
        settings = load_settings(config, overrides or ())
        result = do(Asked(config, settings, quiet), **more)
        _finish(as_json, result)
        if result.get("alarms"):
            raise typer.Exit(CROSSED)

    # Typer reads the options of a command off its signature
    kind = inspect.Parameter.KEYWORD_ONLY
    _, *own = inspect.signature(do, eval_str=True).parameters.values()
    options = [
        inspect.Parameter("config", kind, annotation=ConfigPath),
        *(option.replace(kind=kind) for option in own),
        inspect.Parameter("overrides", kind, annotation=Overrides, default=None),
        inspect.Parameter("as_json", kind, annotation=AsJson, default=False),
        inspect.Parameter("quiet", kind, annotation=Quiet, default=False),
    ]
    call.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    call.__annotations__ = {option.name: option.annotation for option in options}
    app.command(do.__name__, help=do.__doc__)(call)
    return do


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
    from regulars.results.writing import write_text

    places = [locate_log(file) for file in files]
    with look.progress(STEPS, quiet=quiet) as step:
        proposal = propose([path for path, _ in places], label, step)
    target = out or Path(f"{proposal.name}.yaml")
    if target.exists() and not force:
        msg = f"'{target}' is there already. Pass --force to replace it, or --out."
        raise ConfigError(msg)
    write_text(proposal.text, target)
    console = _console(quiet)
    for path, others in places:
        if others:
            shown = ", ".join(others[:10]) + ", ..." * (len(others) > 10)
            console.print(f"Read {path}; passed over {shown}.", soft_wrap=True)
    console.print(
        f"Wrote {target}. Read it through, then: regulars run {target}", soft_wrap=True
    )
    _finish(as_json, {"config": str(target), "kind": proposal.kind})


@_command
def check(asked: Asked) -> dict[str, Any]:
    """Read the tables, set bad rows aside, and say what was found."""
    from regulars import pipeline
    from regulars import terminal as look

    settings = asked.settings
    with look.progress(("check",), quiet=asked.quiet) as step:
        summary = pipeline.check(settings, step)
    result = as_result(CheckResult, summary)
    console = _console(asked.quiet)
    console.print(look.checked(result))
    for text, line in look.questions(result.findings):
        console.print(text)
        if line:
            console.print(f"    {line}", soft_wrap=True)
    for name, table in result.tables.items():
        for notice in table.notices if result.kind != PURCHASES else ():
            console.print(f"Note on {name}: {notice}")
    for name, table in result.tables.items():
        plain = name == "transactions" or table.n_labelled is not None
        file = "quarantine.csv" if plain else f"quarantine-{name}.csv"
        quarantine = settings.outputs_folder / file
        console.print(f"Rows set aside: {quarantine}", soft_wrap=True)
    return summary


@_command
def train(asked: Asked) -> dict[str, Any]:
    """Choose, test and register a model."""
    from regulars import pipeline

    result = _stage(asked, pipeline.train_model, pipeline.STEPS[:7])
    _print_training(_console(asked.quiet), as_result(TrainingSummary, result))
    return result


@_command
def backtest(asked: Asked) -> dict[str, Any]:
    """Repeat the training as of earlier days, and test each time."""
    from regulars import pipeline
    from regulars import terminal as look
    from regulars.models.churn.baselines import labels

    steps = ("check", "window", "compare", "register")
    content = _stage(asked, pipeline.backtest, steps)
    result, console = as_result(BacktestResult, content), _console(asked.quiet)
    console.print(look.backtested(result, labels() | {**result.baseline_labels}))
    for note in result.notes:
        console.print(f"Note: {note}")
    target = asked.settings.outputs_folder / result.file
    console.print(f"Windows, slices and staleness: {target}", soft_wrap=True)
    return content


@_command
def rollback(
    asked: Asked,
    to: Annotated[
        str | None,
        typer.Option(help="Version to go back to; default: the champion before."),
    ] = None,
) -> dict[str, Any]:
    """Give the champion's place back to an earlier version."""
    from regulars import pipeline

    result = pipeline.rollback(asked.settings, to)
    _console(asked.quiet).print(
        f"Version {result['after']} of '{result['name']}' is the champion again, "
        f"instead of version {result['before']}. Score with it: regulars score "
        f"{asked.config}",
        soft_wrap=True,
    )
    return result


@_command
def relocate(asked: Asked) -> dict[str, Any]:
    """Write into a moved store where its models are now, for MLflow's own commands."""
    from regulars import pipeline

    result = pipeline.relocate(asked.settings)
    n_changed = result["n_changed"]
    changed = f"{n_changed:,} locations changed" if n_changed else "nothing to change"
    _console(asked.quiet).print(f"{result['store']}: {changed}.", soft_wrap=True)
    return result


@_command
def score(asked: Asked) -> dict[str, Any]:
    """Score every customer with the champion."""
    from regulars import pipeline

    steps = ("check", "score")
    result = _stage(asked, pipeline.score, steps, opening=pipeline.open_for_scores)
    console = _console(asked.quiet)
    console.print(
        f"{result['n_customers']:,} customers scored as of "
        f"{result['cutoff'] or 'the table'} by "
        f"version {result['model_version']}: {result['scores']}",
        soft_wrap=True,
    )
    if result["table"]:
        console.print(f"Table: {result['table']}", soft_wrap=True)
    if result["n_risen"] is not None:
        console.print(
            f"The risk of {result['n_risen']:,} customers rose since "
            f"{result['cutoff_before']}: {result['risk_rose']}",
            soft_wrap=True,
        )
    for rule, n_listed in result.get("lists", {}).items():
        console.print(f"List '{rule}': {n_listed:,} customers")
    for notice in result.get("notices", ()):
        console.print(f"Note: {notice}")
    return result


@_command
def monitor(
    asked: Asked,
    today: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="DAY",
            help="Day up to which the log should reach; default: time.cutoff, or "
            "today's date.",
        ),
    ] = None,
) -> dict[str, Any]:
    """Watch data, drift and outcomes; exit status 3 where a threshold is crossed."""
    from regulars import pipeline
    from regulars import terminal as look
    from regulars.results import MonitoringResult

    day = today.date() if today else None

    def stage(work: Any, step: Any) -> dict[str, Any]:
        return pipeline.monitor(work, step, today=day)

    content = _stage(asked, stage, ("check", "monitor", "register"))
    result, console = as_result(MonitoringResult, content), _console(asked.quiet)
    for line in look.monitored(result):
        console.print(line, soft_wrap=True)
    target = asked.settings.outputs_folder / result.file
    console.print(f"All checks: {target}", soft_wrap=True)
    return content


@_command
def kpis(
    asked: Asked,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            formats=["%Y-%m-%d"],
            metavar="DAY",
            help="First day of the period; default: the last complete months.",
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            "--to",
            formats=["%Y-%m-%d"],
            metavar="DAY",
            help="First day after the period.",
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SEGMENT",
            help="Cut by cohort, rfm, loyalty_map, channel, tier or an attribute of "
            "customers; may be given several times.",
        ),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write all KPIs as a table.")
    ] = None,
) -> dict[str, Any]:
    """Work out retention, loyalty and value of a period, by segment."""
    from regulars import pipeline
    from regulars import terminal as look
    from regulars.kpis import tidy_kpis
    from regulars.kpis.spans import KpiQuestion
    from regulars.results import KpiResult, read_result
    from regulars.results.writing import write_text

    start, end = (day.date() if day else None for day in (since, until))
    question = KpiQuestion(start, end, tuple(dict.fromkeys(by or ())))

    def stage(work: Any, step: Any) -> dict[str, Any]:
        return pipeline.kpis(work, step, question=question)

    steps = ("check", "kpis")
    summary = _stage(asked, stage, steps, opening=pipeline.open_for_kpis)
    console = _console(asked.quiet)
    for line in look.kpi_summary(summary):
        console.print(line)
    result = read_result(KpiResult, asked.settings.outputs_folder / KpiResult.file)
    for part in look.kpi_tables(result):
        console.print(part)
    if csv is not None:
        write_text(tidy_kpis(result).to_csv(index=False), csv)
        console.print(f"All KPIs: {csv}", soft_wrap=True)
    return summary


@_command
def target(
    asked: Asked,
    budget: Annotated[
        float | None,
        typer.Option(
            metavar="AMOUNT", help="What it may cost; default: campaign.budget."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of the campaign; default: campaigns/NAME in the outputs.",
        ),
    ] = None,
) -> dict[str, Any]:
    """Choose whom to offer what, within a budget, with a control group."""
    from regulars import pipeline
    from regulars import terminal as look
    from regulars.results import TargetResult, read_result

    def stage(work: Any, step: Any) -> dict[str, Any]:
        return pipeline.target(work, step, budget=budget, out=out)

    content = _stage(asked, stage, ("check", "target"))
    folder, console = Path(content["folder"]), _console(asked.quiet)
    for part in look.targeted(read_result(TargetResult, folder / TargetResult.file)):
        console.print(part, soft_wrap=True)
    console.print(f"Campaign: {folder}", soft_wrap=True)
    console.print(f"Page: {content['page']}", soft_wrap=True)
    return content


@_command
def lists(
    asked: Asked,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count; change nothing.")
    ] = False,
) -> dict[str, Any]:
    """Put customers on the lists of the rules, by the latest scores."""
    from regulars import pipeline
    from regulars import terminal as look
    from regulars.results import ListsResult, as_result

    def stage(work: Any, step: Any) -> dict[str, Any]:
        return pipeline.lists(work, step, dry_run=dry_run)

    content = _stage(asked, stage, ("check", "lists"))
    console = _console(asked.quiet)
    console.print(look.listed(as_result(ListsResult, content)))
    if dry_run:
        console.print("A dry run: nothing was written.")
    else:
        folder = asked.settings.outputs_folder / "lists"
        console.print(f"Lists: {folder}", soft_wrap=True)
    return content


@_command
def readout(
    asked: Asked,
    campaign: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder that 'regulars target' wrote."),
    ],
) -> dict[str, Any]:
    """Measure what a campaign brought against its control group."""
    from regulars import pipeline
    from regulars import terminal as look
    from regulars.results import ReadoutResult, read_result

    with look.progress(("check", "readout"), quiet=asked.quiet) as step:
        content = pipeline.readout(asked.settings, campaign, step)
    console = _console(asked.quiet)
    for line in look.read_out(read_result(ReadoutResult, campaign / "readout.json")):
        console.print(line, soft_wrap=True)
    console.print(f"Page: {content['page']}", soft_wrap=True)
    return content


@_command
def report(asked: Asked) -> dict[str, Any]:
    """Draw the page from the results that are there."""
    from regulars import pipeline
    from regulars import terminal as look

    with look.progress(("report",), quiet=asked.quiet) as step:
        page = pipeline.report(asked.settings, step)
    _console(asked.quiet).print(f"Report: {page}", soft_wrap=True)
    return {"report": str(page)}


@_command
def run(asked: Asked) -> dict[str, Any]:
    """Do the main job: check, train, score, kpis, report."""
    return _run(asked.settings, quiet=asked.quiet)


@_command
def serve(
    asked: Asked,
    host: Annotated[
        str,
        typer.Option(help="Address to listen at; other machines' need an API key."),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes.")] = 1,
    version: Annotated[
        str | None,
        typer.Option(help="Version to serve for good; default: the champion."),
    ] = None,
) -> dict[str, Any]:
    """Answer scores over HTTP, as MLflow does, behind keys and limits."""
    from regulars.serving import serve as serve_scores

    console = Console(stderr=True, quiet=asked.quiet, highlight=False, markup=False)
    serve_scores(
        asked.settings,
        host,
        port,
        workers=workers,
        version=version,
        tell=lambda text: console.print(text, soft_wrap=True),
    )
    return {"host": host, "port": port}


keys = typer.Typer(help="Make, list and revoke the API keys of the endpoint.")
app.add_typer(keys, name="keys", no_args_is_help=True)


@keys.command("add")
def add_key(
    config: ConfigPath,
    name: Annotated[str, typer.Argument(help="Who will use it.")],
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make a key and show it, once."""
    from regulars.serving import KeyFile

    secret = KeyFile.of(load_settings(config, overrides or ())).add(name)
    if not as_json:
        typer.echo(secret)
    if not quiet:
        sys.stderr.write(
            f"The key of '{name}', shown this once: only its hash is kept. Send it as "
            "'Authorization: Bearer KEY'.\n"
        )
    _finish(as_json, {"name": name, "key": secret})


@keys.command("list")
def list_keys(
    config: ConfigPath,
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """List the names of the keys, and since when they are there."""
    from regulars.serving import KeyFile

    found = KeyFile.of(load_settings(config, overrides or ())).read()
    for key in () if as_json or quiet else found:
        typer.echo(f"{key.name}\t{key.created_at}")
    dated = [{"name": key.name, "created_at": key.created_at} for key in found]
    _finish(as_json, {"keys": dated})


@keys.command("revoke")
def revoke_key(
    config: ConfigPath,
    name: Annotated[str, typer.Argument(help="Of the key to take back.")],
    overrides: Overrides = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Take a key back; a running server refuses it at once."""
    from regulars.serving import KeyFile

    KeyFile.of(load_settings(config, overrides or ())).revoke(name)
    if not quiet:
        sys.stderr.write(f"The key of '{name}' is no longer valid.\n")
    _finish(as_json, {"revoked": name})


@app.command()
def demo(
    overrides: Overrides = None,
    open_page: Annotated[
        bool,
        typer.Option("--open", help="Open the report in the browser afterwards."),
    ] = False,
    company: Annotated[
        bool,
        typer.Option("--company", help="On a simulated company with every table."),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run the main job on the CDNOW log that a dependency ships."""
    from importlib.resources import files

    from regulars import terminal as look

    if company:
        from regulars.datasets.company import CONFIG, write_company

        settings = load_settings(
            write_company("data/company") / CONFIG, overrides or ()
        )
    else:
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
    customers: Annotated[
        int | None, typer.Option(min=1, help="How many; 10,000, of a company 2,500.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed.")] = 0,
    company: Annotated[
        bool, typer.Option("--company", help="Every table of a company.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write the purchases of simulated customers with known parameters."""
    if company:
        from regulars.datasets.company import CONFIG, write_company

        size = customers or 2_500
        write_company(out, size, seed=seed)
        told = f"{size:,} customers, every table: {out}. To read it: {out / CONFIG}"
        result = {"path": str(out), "n_customers": size, "config": str(out / CONFIG)}
    else:
        from regulars.datasets.simulate import write_simulation

        done = write_simulation(out, customers or 10_000, seed=seed)
        told = f"{done.n_customers:,} customers, {done.n_lines:,} lines: {out}"
        result = json.loads(json.dumps(vars(done), default=str))
    _console(quiet).print(told, soft_wrap=True)
    _finish(as_json, result)


def _run(settings: Settings, *, quiet: bool) -> dict[str, Any]:
    from regulars import pipeline
    from regulars import terminal as look

    with look.progress(pipeline.STEPS, quiet=quiet) as step:
        result = pipeline.run(settings, step)
    summary, console = as_result(RunSummary, result), _console(quiet)
    _print_training(console, summary)
    console.print(f"Scores: {summary.scores}", soft_wrap=True)
    console.print(f"Report: {summary.report}", soft_wrap=True)
    return result


def _stage(
    asked: Asked,
    stage: Callable[..., dict[str, Any]],
    steps: Sequence[str],
    *,
    opening: Callable[..., Any] | None = None,
) -> dict[str, Any]:
    """Open the workspace and do one stage."""
    from regulars import pipeline
    from regulars import terminal as look

    with look.progress(steps, quiet=asked.quiet) as step:
        work = (opening or pipeline.open_work)(asked.settings, step)
        return stage(work, step)


def _print_training(console: Console, summary: TrainingSummary) -> None:
    from regulars import terminal as look
    from regulars.models.churn.baselines import labels

    table = look.compared(summary, labels() | {**summary.baseline_labels})
    if table is not None:
        console.print(table)
    for note in summary.notes:
        console.print(f"Note: {note}")
    place = "is now the champion" if summary.is_champion else "is not the champion"
    console.print(
        f"Version {summary.model_version} {place}: {summary.champion_reason}."
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
