"""The contractual kind: churn is a cancellation in the horizon."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.errors import NotEnoughHistoryError
from regulars.evaluation.backtest import roll_back
from regulars.features.dated_tables import words_in
from regulars.kinds.contractual.figures import contract_data
from regulars.kinds.contractual.past import PastSnapshots, has_both
from regulars.kinds.contractual.snapshot import KEYS, snapshot
from regulars.kinds.contractual.spells import cancelled
from regulars.kinds.contractual.value import survival_of, value_at
from regulars.kinds.contractual.workspace import open_contracts, span_of
from regulars.kinds.kind import Kind, Known, Watched
from regulars.kinds.kpi_inputs import scores_at
from regulars.kinds.tables import check_tables
from regulars.kpis.contract_study import (
    contract_cohorts,
    contract_study,
)
from regulars.kpis.contracts import contract_waterfall
from regulars.kpis.spans import KpiQuestion, asked_span
from regulars.kpis.study import kpi_study
from regulars.results import KpiResult, as_result, write_result
from regulars.scoring.batch import Customers
from regulars.scoring.population import HeldCustomers
from regulars.scoring.reference import Past
from regulars.training.backtest import BacktestPlan
from regulars.training.tabular import (
    BASELINE_LABELS,
    TabularWindow,
    example_row,
)
from regulars.training.terms import horizon_of, timeline_record
from regulars.training.window import ModelDescription, Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from regulars.kinds.contractual.workspace import ContractWorkspace
    from regulars.models.retention import RetentionModel
    from regulars.scoring.history_rows import ServingContext
    from regulars.training.dataset import Dataset, Split
    from regulars.training.window import Training

    Step = Callable[[str], None]


def contract_problem(work: ContractWorkspace, step: Step) -> Problem:
    """Lay out what is learnt and tested at the timeline's cutoffs."""
    step("features")
    timeline, settings = work.timeline, work.settings
    assert timeline.final is not None
    past = PastSnapshots(work, [timeline, timeline.final])
    dataset, split = past.dataset, past.split(timeline)
    _refuse_if_too_few(dataset, split)
    horizon = horizon_of(settings)
    tested = TabularWindow(dataset, split, horizon)
    final = TabularWindow(dataset, past.final_split(timeline.final), horizon)

    def notes(training: Training) -> list[str]:
        return [
            *work.notes,
            *_price_notes(dataset),
            f"The best single column is '{tested.best_column}'.",
        ]

    return Problem(
        settings=settings,
        description=ModelDescription(
            kind="contractual",
            question=(
                f"cancels within {timeline.horizon_days} days after {timeline.gap_days}"
            ),
            fingerprint=work.fingerprint(),
            cutoff=timeline.cutoff,
        ),
        windows=[tested],
        final=final,
        notes=notes,
        details=lambda training: _details(work),
        example=example_row(dataset.features),
        inputs=["customer_id", *map(str, dataset.features.columns)],
        past=lambda model: past_of_contracts(work, model),
    )


def _details(work: ContractWorkspace) -> dict[str, Any]:
    timeline, (first, last) = work.timeline, span_of(work.spells)
    return {
        "horizon_days": timeline.horizon_days,
        "gap_days": timeline.gap_days,
        "timeline": {
            # the card has one name for these days, whatever the kind
            "first_order": first,
            "last_order": last,
            **timeline_record(timeline),
        },
        "baseline_labels": BASELINE_LABELS,
        "survival": survival_of(work.spells, timeline.cutoff),
    }


def contract_backtest(work: ContractWorkspace) -> BacktestPlan:
    """Roll the windows of the settings back over the contracts."""
    settings, asked = work.settings, work.settings.backtest
    first, _ = span_of(work.spells)
    timelines = [
        timeline
        for timeline in roll_back(settings.time, asked, work.timeline.cutoff, first)
        if timeline.folds and not timeline.is_extrapolated
    ]
    # one data set for all windows: they share snapshots
    past = PastSnapshots(work, timelines)
    splits = [split for split in map(past.split, timelines) if split.pairs]
    splits = [split for split in splits if has_both(past.dataset, split)]
    if not splits:
        msg = (
            f"None of the {asked.windows} windows of the backtest holds cancellations "
            "on both sides of its cutoff and a window before it to choose by. Read "
            "more history, or set another time.horizon_days."
        )
        raise NotEnoughHistoryError(msg)
    notes = []
    if len(splits) < asked.windows:
        notes = [
            f"The history leaves {len(splits)} of the {asked.windows} test windows "
            "asked for."
        ]
    horizon = horizon_of(settings)
    return BacktestPlan(
        settings=settings,
        windows=lambda: [
            TabularWindow(past.dataset, split, horizon) for split in splits
        ],
        n_windows=len(splits),
        baseline_labels=BASELINE_LABELS,
        notes=lambda by_window: notes,
        details={
            "horizon_days": settings.time.horizon_days,
            "step_days": asked.step_days or settings.time.horizon_days,
        },
    )


def _refuse_if_too_few(dataset: Dataset, split: Split) -> None:
    if split.pairs and has_both(dataset, split):
        return
    churned = dataset.churned
    msg = (
        f"The training windows hold {int(churned[split.train].sum())} cancellations of "
        f"{len(split.train)} running contracts and the test window "
        f"{int(churned[split.test].sum())} of {len(split.test)}; both kinds are needed "
        "in each of them, and in a window before to choose by. Set a longer "
        "time.horizon_days, or read more history."
    )
    raise NotEnoughHistoryError(msg)


def _price_notes(dataset: Dataset) -> list[str]:
    if dataset.value is None:
        return [
            "The contracts have no monthly_amount: what customers are worth, and what "
            "an offer would earn, is not worked out."
        ]
    missing = float(np.isnan(dataset.value).mean())
    if not missing:
        return []
    return [
        f"{missing:.1%} of the contracts have no monthly_amount: left out of the money."
    ]


def customers_of_contracts(
    work: ContractWorkspace, model: RetentionModel, learnt: ServingContext | None
) -> HeldCustomers:
    """Return every customer with a running contract at the cutoff."""
    customers = _customers_at(work, model, work.timeline.cutoff)
    return HeldCustomers(customers, work.fingerprint())


def _customers_at(
    work: ContractWorkspace, model: RetentionModel, cutoff: date
) -> Customers:
    encoder = model.encoder
    # contracts that end on a day already known are no forecast, but stay listed
    rows = snapshot(work, cutoff, words_in(encoder.kinds_) if encoder else None)
    return Customers(
        rows.drop(columns=KEYS),
        rows["customer_id"].tolist(),
        cutoff,
        value_at(rows, work.spells, cutoff, work.settings),
    )


def past_of_contracts(work: ContractWorkspace, model: RetentionModel) -> Past:
    """Return the customers with a running contract as of any day."""

    def customers(day: date | None) -> Customers:
        assert day is not None
        return _customers_at(work, model, day)

    timeline = work.timeline
    days = (*sorted(timeline.refit_cutoffs), timeline.cutoff)
    return Past(customers, days, tenure="tenure_days")


def watched_contracts(work: ContractWorkspace, model: RetentionModel) -> Watched:
    """Return what the watch over a model sees of contracts."""
    past, terms = past_of_contracts(work, model), model.horizon
    timeline = replace(work.timeline, horizon_days=terms.days, gap_days=terms.gap_days)

    def outcome(day: date, since: date | None) -> Known:
        customers = past.customers(day)
        ids = pd.Series(customers.customer_id)
        return Known(customers, cancelled(work.spells, timeline, ids, day))

    watched = Watched(past, outcome, window_days=timeline.window_days)
    if work.ledger is None:
        return watched
    lines, first_day = work.ledger.transactions, work.ledger.first_day
    return replace(watched, lines=lines, first_day=first_day)


def kpis_of_contracts(
    work: ContractWorkspace,
    step: Step,
    *,
    no_scores: str | None = None,
    question: KpiQuestion | None = None,
) -> dict[str, Any]:
    """Work out survival, and the figures of a period; write ``kpis.json``.

    Contracts have their figures with scores or without.
    """
    step("kpis")
    cutoff, settings = work.timeline.cutoff, work.settings
    survival = survival_of(work.spells, cutoff)
    scores = None if no_scores else scores_at(settings.outputs_folder, cutoff)
    data = contract_data(work, cutoff, scores)
    question = question or KpiQuestion()
    span = asked_span(question.start, question.end, data.first_day, cutoff)
    if data.has_purchases:
        study = kpi_study(data, span, question.by)
        study["waterfall"] = contract_waterfall(data, span)
    else:
        study = contract_study(data, span, question.by)
    result = as_result(
        KpiResult,
        {
            "name": settings.name,
            "kind": "contractual",
            "currency": settings.source.currency,
            "survival": survival,
            "cohorts": contract_cohorts(work.spells, cutoff),
            **study,
        },
    )
    write_result(result, settings.outputs_folder / "kpis.json")
    summary = {key: survival[key] for key in ("n_spells", "n_ended", "median_days")}
    return {**summary, **study}


CONTRACTUAL = Kind(
    name="contractual",
    check=check_tables,
    open=open_contracts,
    open_for_kpis=None,
    lay_out=None,
    problem=contract_problem,
    backtest=contract_backtest,
    customers=customers_of_contracts,
    kpis=kpis_of_contracts,
    has_periods=True,
    watched=watched_contracts,
)
