"""The training problem, the backtest and the customers of a purchase log."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.clv.process import BY_VALUE
from regulars.clv.process_diagnostics import process_diagnostics
from regulars.data.closures import shut_days
from regulars.data.contract import TABLES, day_name
from regulars.data.margins import own_margins
from regulars.data.strays import bulk_begins
from regulars.errors import DataError, NotEnoughHistoryError
from regulars.evaluation.backtest import roll_back
from regulars.evaluation.holdout import drift_notes
from regulars.features.dated_tables import NOT_USED
from regulars.features.matrix import FEATURES
from regulars.features.signals import Vocabulary
from regulars.findings.rules import other_id_advice
from regulars.kinds.kind import Known, Watched
from regulars.kinds.non_contractual.customers import LogCustomers
from regulars.kinds.non_contractual.notes import tested_otherwise
from regulars.kinds.non_contractual.slices import one_kind_of_cohort
from regulars.kinds.non_contractual.snapshots import Snapshots
from regulars.kinds.non_contractual.value_check import value_check
from regulars.kinds.non_contractual.window import PurchaseWindow
from regulars.kinds.tables import rows_read
from regulars.labels.purchases import build_labels
from regulars.models.churn import baselines
from regulars.models.memo import Memo
from regulars.scoring.batch import Customers
from regulars.scoring.histories import FIELDS
from regulars.scoring.history_rows import HistoryRows, ServingContext
from regulars.scoring.reference import Past
from regulars.training.backtest import BacktestPlan
from regulars.training.card import spend_choice, tuning_choices
from regulars.training.promotion import silence_question
from regulars.training.terms import timeline_record
from regulars.training.window import ModelDescription, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from regulars.config import Settings
    from regulars.kinds.non_contractual.workspace import LogWorkspace
    from regulars.models.retention import RetentionModel
    from regulars.timeline import Timeline
    from regulars.training.window import Training

    Step = Callable[[str], None]

PROCESS_MEANINGS = {
    "p_alive": "Probability of still being a customer, by the purchase process",
    "btyd_no_purchase_probability": "Probability of no purchase in the horizon, by "
    "the purchase process",
    "btyd_expected_purchases": "Expected purchases in the horizon, by the purchase "
    "process",
    "btyd_order_value": "Expected spend of a purchase, net of returns, by the spend "
    "process",
    "btyd_expected_spend": "Expected spend in the horizon, by both processes",
}


def purchase_problem(work: LogWorkspace, step: Step) -> Problem:
    """Lay out what is learnt and tested at the timeline's cutoffs.

    Parameters
    ----------
    work : LogWorkspace
        As `open_workspace` gives it.
    step : callable
        Called with ``"features"`` as it begins.

    Returns
    -------
    Problem

    Raises
    ------
    NotEnoughHistoryError
        Hardly anybody bought twice.
    """
    step("features")
    settings, timeline = work.settings, work.timeline
    assert timeline.final is not None
    # fitted to a day's past, a process is the same for every window
    memo = Memo()

    def window(each: Timeline, *, is_final: bool = False) -> PurchaseWindow:
        snapshots = Snapshots.of(work.ledger, each, settings, work.features, memo)
        return PurchaseWindow.of(work, snapshots, is_final=is_final)

    tested, final = window(timeline), window(timeline.final, is_final=True)
    _refuse_without_process(work, final)

    def notes(training: Training) -> list[str]:
        (trial,) = training.trials
        return [
            *training.final.notes(training.choices, None, None),
            *work.notes,
            *tested_otherwise(timeline, final.timeline),
            *drift_notes(trial.churn_test, trial.value_test),
            *final.snapshots.final_warnings(),
        ]

    return Problem(
        settings=settings,
        description=ModelDescription(
            kind="non_contractual",
            question=silence_question(final.snapshots.horizon),
            fingerprint=work.fingerprint(),
            cutoff=timeline.cutoff,
        ),
        windows=[tested],
        final=final,
        notes=notes,
        meanings={**FEATURES, **PROCESS_MEANINGS},
        details=lambda training: _details(work, tested, training),
        example=example_request(work),
        serving=serving_context(work),
        past=lambda model: past_of_log(work, model),
    )


def _refuse_without_process(work: LogWorkspace, window: PurchaseWindow) -> None:
    """Refuse a log in which hardly anybody bought twice, before the long work.

    If another column may name the person, say which.
    """
    try:
        window.snapshots.process(work.timeline.cutoff)
    except NotEnoughHistoryError as error:
        advice = other_id_advice(work.intake, work.settings)
        if not advice:
            raise
        msg = f"{error} {advice}"
        raise NotEnoughHistoryError(msg) from error


def _details(
    work: LogWorkspace, window: PurchaseWindow, training: Training
) -> dict[str, Any]:
    """Return what the card says of a model of purchases beside what all cards say."""
    timeline, process = work.timeline, training.model.process
    spend = training.model.spend
    assert process is not None
    assert spend is not None
    return {
        "horizon_days": timeline.horizon_days,
        "gap_days": timeline.gap_days,
        "timeline": {
            "first_order": work.ledger.first_day,
            "last_order": work.ledger.last_day,
            **timeline_record(timeline),
        },
        "value_model": "+".join(spend.members),
        "tuning": tuning_choices(training),
        **spend_choice(training),
        "baseline_labels": baselines.labels(),
        "processes": window.process_figures,
        "diagnostics": _diagnostics(work, window.snapshots),
        "process": {
            "model": process.kind,
            "params": process.purchases_.params_ | process.spend_.params_,
            "log_likelihood": process.purchases_.log_likelihood_,
            "shares": process.shares_.to_dict(),
        },
        "margin": _margin(work),
        "value_check": value_check(work, window.snapshots.kind),
    }


def _diagnostics(work: LogWorkspace, snapshots: Snapshots) -> dict[str, dict[str, Any]]:
    """Return how the process of the test cutoff compares with what happened."""
    cutoff = work.timeline.test_cutoff
    # the figures have no axis for order value: of the purchase model without it
    snapshots = snapshots.with_process(snapshots.kind.removesuffix(BY_VALUE))
    if cutoff is None or not snapshots.has_process(cutoff):
        return {}
    # with a lookback the process does not speak about everybody in the ledger
    is_whole = work.settings.time.lookback_days is None
    return process_diagnostics(
        snapshots.process(cutoff),
        snapshots.labelled(cutoff, known_at=work.timeline.cutoff),
        work.ledger.days if is_whole else None,
        cutoff=cutoff,
        end=work.timeline.cutoff,
    )


def _margin(work: LogWorkspace) -> dict[str, Any]:
    """Return the margin of value, and how many lines carry their own."""
    own = own_margins(work.ledger.transactions)
    return {"rate": work.settings.value.margin, "own": asdict(own) if own else None}


def purchase_backtest(work: LogWorkspace) -> BacktestPlan:
    """Roll the windows of the settings back over the log.

    Parameters
    ----------
    work : LogWorkspace
        As `open_workspace` gives it.

    Returns
    -------
    BacktestPlan

    Raises
    ------
    DataError
        The log holds no purchase.
    """
    settings, asked = work.settings, work.settings.backtest
    if work.ledger.first_day is None:
        msg = "The log holds no purchase. Read more of it."
        raise DataError(msg)
    timelines = roll_back(
        settings.time,
        asked,
        work.timeline.cutoff,
        work.ledger.first_day,
        shut=shut_days(work.ledger),
        begins=bulk_begins(work.ledger.days.day, work.ledger.first_day),
    )

    def windows() -> Iterator[PurchaseWindow]:
        # windows share days: what was fitted to a day's past is the same for all
        memo = Memo()
        for timeline in timelines:
            snapshots = Snapshots.of(
                work.ledger, timeline, settings, work.features, memo
            )
            yield PurchaseWindow.of(work, snapshots)

    def notes(by_window: Sequence[Sequence[str]]) -> list[str]:
        missing = (
            f"The history leaves {len(by_window)} of the {asked.windows} test windows "
            "asked for."
        )
        # the same is true of many windows; silent days are news of the log
        every = dict.fromkeys(note for notes in by_window for note in notes)
        news = [note for note in every if note.startswith("The log")]
        return [missing, *news] if len(by_window) < asked.windows else news

    return BacktestPlan(
        settings=settings,
        windows=windows,
        align_slices=one_kind_of_cohort,
        n_windows=len(timelines),
        baseline_labels=baselines.labels(),
        notes=notes,
        details={
            "horizon_days": settings.time.horizon_days,
            "step_days": asked.step_days or settings.time.horizon_days,
        },
    )


def customers_of_log(
    work: LogWorkspace, model: RetentionModel, learnt: ServingContext | None
) -> LogCustomers:
    """Return every customer at the cutoff, to be worked out block by block."""
    rows = HistoryRows.of(model, serving_context(work))
    people = LogCustomers(work, rows)
    people.refuse_missing(model, learnt)
    return people


def past_of_log(work: LogWorkspace, model: RetentionModel) -> Past:
    """Return the customers of a log as of any day."""
    words = Vocabulary.in_names(model.reference_.index)

    def customers(day: date | None) -> Customers:
        assert day is not None
        found = work.features.by_cutoff([day], words)
        # nobody had bought anything by then
        rows = found.get(day, pd.DataFrame(columns=["customer_id", "T_days"]))
        return Customers(rows, cutoff=day)

    timeline, first_day = work.timeline, work.ledger.first_day
    assert first_day is not None
    return Past(
        customers,
        (*sorted(timeline.refit_cutoffs), timeline.cutoff),
        tenure="T_days",
        first_day=bulk_begins(work.ledger.days.day, first_day)(timeline.cutoff),
        rows_read=rows_read(work.intake),
    )


def watched_log(work: LogWorkspace, model: RetentionModel) -> Watched:
    """Return what the watch over a model sees of a log."""
    past, terms = past_of_log(work, model), model.horizon
    timeline = replace(work.timeline, horizon_days=terms.days, gap_days=terms.gap_days)

    def outcome(day: date, since: date | None) -> Known:
        customers = past.customers(day)
        labels = build_labels(
            work.ledger, timeline, customers.features, known_at=work.cutoff
        )
        churned, spend = labels["churned"], labels["spend"]
        return Known(
            customers, churned.to_numpy(np.float64), spend.to_numpy(np.float64)
        )

    def margin(day: date, days: int) -> NDArray[np.float64]:
        rows = past.customers(day).features
        whole = replace(timeline, horizon_days=days, gap_days=0)
        labels = build_labels(work.ledger, whole, rows, known_at=work.cutoff)
        assert model.process is not None
        share = model.process.shares_.margin_share(rows, terms.margin)
        return labels["spend"].to_numpy(np.float64) * share

    return Watched(
        past,
        outcome,
        margin,
        window_days=timeline.window_days,
        lines=work.ledger.transactions,
        first_day=past.first_day,
    )


def serving_context(work: LogWorkspace) -> ServingContext:
    """Return what the endpoint needs to know of the training log."""
    tables = {"transactions": work.ledger.columns} | {
        name: work.intake.tables[name].columns for name in work.signals.tables
    }
    begins = {name: day.date() for name, day in work.signals.begins.items()}
    assert work.ledger.first_day is not None
    return context_of(work.settings, work.ledger.first_day, tables, begins)


def context_of(
    settings: Settings,
    first_day: date,
    tables: Mapping[str, Collection[str]],
    begins: Mapping[str, date],
) -> ServingContext:
    """Return the context of clean tables by their columns and first days."""
    features = settings.features
    columns = {*tables["transactions"]} - {"order_time", "amount"}
    return ServingContext(
        time_zone=settings.source.time_zone,
        first_day=str(first_day),
        lookback_days=settings.time.lookback_days,
        groups=None if features.groups is None else list(features.groups),
        extra=list(features.extra),
        columns=[name for name in FIELDS if name in columns],
        tables={name: _sent(name, tables[name]) for name in begins},
        begins={name: str(day) for name, day in begins.items()},
    )


def _sent(table: str, columns: Collection[str]) -> list[str]:
    """Return the columns of a table that a request has, as far as the log had them."""
    contract = TABLES[table]
    unused = {contract.id_column, *NOT_USED.get(table, ())}
    days = {day_name(c.name) for c in contract.columns if c.kind == "time"}
    return [name for name in columns if name not in unused | days]


def example_request(work: LogWorkspace) -> pd.DataFrame:
    """Return one made-up customer with their raw history."""
    first = date(2024, 1, 5)
    sample = {
        "quantity": 1.0,
        "discount_amount": 0.0,
        "cost_amount": 8.0,
        "margin_rate": 0.3,
        "is_return": False,
    }
    context = serving_context(work)
    more = {name: sample.get(name, "1") for name in context.columns}
    history = [
        {
            "order_time": (first + timedelta(days=gap)).isoformat(),
            "amount": amount,
            **more,
        }
        for gap, amount in ((0, 20.0), (14, 35.5), (40, 12.0))
    ]
    beside = {
        name: [_example_rows(name, columns)] for name, columns in context.tables.items()
    }
    return pd.DataFrame({"customer_id": ["c1"], "transactions": [history], **beside})


def _example_rows(table: str, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return one made-up row of a table."""
    made_up = {"time": "2024-01-20", "number": 5.0, "flag": False}
    contract = TABLES[table]
    return [{name: made_up.get(contract.column(name).kind, "1") for name in columns}]
