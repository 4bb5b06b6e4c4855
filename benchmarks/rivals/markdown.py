"""Results of the cells as Markdown: what ``docs/quality.md`` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rivals.judging import MODEL, OWN, SIMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ECE_BOUND = 0.02
FORECASTS = (
    "| forecast | ROC AUC | log loss | ECE | MAE of spend | total |\n"
    "|---|---|---|---|---|---|"
)
VERDICTS = (
    "| figure | verdict | model | best rival | difference |\n|---|---|---|---|---|"
)
PROFITS = "| whom to contact | profit | contacted |\n|---|---|---|"
DIGITS = {"roc_auc": 4, "log_loss": 4, "mae": 2}
WORDS = {"roc_auc": "ROC AUC", "log_loss": "log loss", "mae": "MAE of spend"}


def cell_page(result: Mapping[str, Any]) -> str:
    """Return a cell of a purchase log.

    Parameters
    ----------
    result : mapping
        As ``quality.measure`` gives it.

    Returns
    -------
    str
    """
    lines = [
        f"### {result['title']}",
        "",
        f"Test window of {result['horizon_days']} days from {result['test_cutoff']}, "
        f"{result['n_customers']:,} customers, {result['churn_rate']:.1%} of whom did "
        "not buy.",
        *([] if not result["carried_from_days"] else [_carried(result)]),
        "",
        FORECASTS,
        *_forecast_rows(result),
        "",
        VERDICTS,
        *_verdict_rows(result),
        "",
        *_profit_block(result["profit"]),
        "",
        f"Chosen: {result['chosen']}. Seconds of processor: {result['cpu_seconds']}.",
    ]
    return "\n".join(lines)


def summary(cells: Mapping[str, Mapping[str, Any]]) -> str:
    """Return one row a cell: verdicts, and what the choices rested on.

    Parameters
    ----------
    cells : mapping of str to mapping
        As ``quality.measure`` gives each.

    Returns
    -------
    str
    """
    lines = [
        "| cell | ROC AUC | log loss | MAE of spend | ECE (at most 0.02) | chosen on |"
        " seen by |\n|---|---|---|---|---|---|---|"
    ]
    for found in cells.values():
        told = [_short(found, figure) for figure in found["verdicts"]]
        own = found["churn"][MODEL]["ece"]
        windows = f"{found['n_windows']} windows, {found['n_apart']} apart"
        ece = f"{own:.4f}: {_ece_verdict(found)}"
        row = [found["title"], *told, ece, windows, found["seen_by"]]
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def _short(result: Mapping[str, Any], figure: str) -> str:
    found, digits = result["verdicts"][figure], DIGITS[figure]
    own = result["spend" if figure == "mae" else "churn"][MODEL][figure]
    return (
        f"{own:.{digits}f}: {found['verdict']}, "
        f"{found['rival']} {found['rival_figure']:.{digits}f}"
    )


def labelled_page(result: Mapping[str, Any]) -> str:
    """Return the labelled cell.

    Parameters
    ----------
    result : mapping
        As ``rivals.iranian.measure`` gives it.

    Returns
    -------
    str
    """
    seeds = ", ".join(f"{seed[MODEL]:.4f}" for seed in result["by_seed"])
    plain = ", ".join(f"{seed['plain LightGBM']:.4f}" for seed in result["by_seed"])
    apart = result["difference"]
    low, high = apart["interval"]
    lines = [
        "### Iranian churn (labelled)",
        "",
        f"{result['n_rows']:,} rows; {result['n_set_aside']} that repeat another were "
        "set aside before splitting; "
        f"{apart['n_splits']} splits ({len(result['by_seed'])} seeds of five).",
        "",
        "| forecast | ROC AUC | log loss | ECE | AUC by seed |\n|---|---|---|---|---|",
        *(
            f"| {name} | {f['roc_auc']:.4f} | {f['log_loss']:.4f} | {f['ece']:.4f} | "
            f"{seeds if name == MODEL else plain} |"
            for name, f in result["figures"].items()
        ),
        "",
        "AUC, model less plain LightGBM on the same splits: "
        f"{apart['difference']:+.4f} ({low:+.4f} to {high:+.4f}); "
        f"ahead on {apart['n_ahead']} of {apart['n_splits']} splits.",
    ]
    for name, block in result["profit"].items():
        lines += ["", f"Profit, {name}:", "", *_profit_block(block)]
    lines += ["", f"Seconds of processor: {result['cpu_seconds']}."]
    return "\n".join(lines)


def _carried(result: Mapping[str, Any]) -> str:
    return (
        f"The history has no window of that length to learn from: learnt on "
        f"{result['carried_from_days']} days and carried over."
    )


def _forecast_rows(result: Mapping[str, Any]) -> Iterator[str]:
    for name, churn in result["churn"].items():
        ends = churn["intervals"]
        cells = [
            name,
            _with_ends(churn["roc_auc"], ends["roc_auc"], 4),
            _with_ends(churn["log_loss"], ends["log_loss"], 4),
            _with_ends(churn["ece"], ends["ece"], 4),
        ]
        spend = result["spend"].get(name)
        if spend:
            cells += [
                _with_ends(spend["mae"], spend["intervals"]["mae"], 2),
                f"{spend['total_ratio']:.3f}",
            ]
        else:
            cells += ["", ""]
        yield f"| {' | '.join(cells)} |"
    best = result["published"]
    yield (
        f"| best rival, measured elsewhere | {best['roc_auc']} | {best['log_loss']} | "
        f"| {best['mae']} | |"
    )


def _verdict_rows(result: Mapping[str, Any]) -> Iterator[str]:
    for figure, found in result["verdicts"].items():
        digits = DIGITS[figure]
        part = result["spend" if figure == "mae" else "churn"]
        low, high = found["interval"]
        yield (
            f"| {WORDS[figure]} | **{found['verdict']}** | "
            f"{part[MODEL][figure]:.{digits}f} | "
            f"{found['rival']} {found['rival_figure']:.{digits}f} | "
            f"{found['difference']:+.{digits}f} "
            f"({low:+.{digits}f} to {high:+.{digits}f}) |"
        )
    own = result["churn"][MODEL]
    low, high = own["intervals"]["ece"]
    yield (
        f"| ECE | **{_ece_verdict(result)}** {ECE_BOUND} | "
        f"{own['ece']:.4f} ({low:.4f} to {high:.4f}) | | |"
    )


def _ece_verdict(result: Mapping[str, Any]) -> str:
    """Return what the interval allows to say of the calibration error."""
    low, high = result["churn"][MODEL]["intervals"]["ece"]
    if high <= ECE_BOUND:
        return "within"
    return "above" if low > ECE_BOUND else "either side of"


def _profit_block(profit: Mapping[str, Any]) -> Iterator[str]:
    yield f"If a leaver who stays is worth {profit['leaver_value']:,.2f}:"
    yield ""
    yield PROFITS
    for name, found in profit["rules"].items():
        yield f"| {name} | {found['profit']:,.0f} | {found['n_contacted']:,} |"
    for own in OWN:
        yield ""
        parts = []
        for simple in SIMPLE:
            found = profit["against"][own][simple]
            low, high = found["interval"]
            parts.append(
                f"{found['verdict']} of '{simple}' by {found['difference']:+,.0f} "
                f"({low:+,.0f} to {high:+,.0f})"
            )
        yield f"{own.capitalize()}: {'; '.join(parts)}."


def _with_ends(value: float, ends: list[float], digits: int) -> str:
    low, high = ends
    return f"{value:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"
