"""The stages of contractual churn: train, backtest, score, figures.

A workspace comes in; files in the outputs folder and a model in the registry are there
afterwards, as `regulars.pipeline` leaves them for a purchase log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.errors import NotEnoughHistoryError
from regulars.evaluation.backtest import roll_back
from regulars.features.dated_tables import words_in
from regulars.kinds.contractual.past import Past, has_both
from regulars.kinds.contractual.snapshot import KEYS, snapshot
from regulars.kinds.contractual.workspace import open_contracts
from regulars.kinds.contractual.worth import survival_of, worth_at
from regulars.kinds.kind import Kind
from regulars.kinds.non_contractual.workspace import check_tables
from regulars.scoring.sinks import write_json
from regulars.scoring.tabular_scores import ToScore, score_and_write
from regulars.training.tabular_backtest import backtest_splits
from regulars.training.tabular_promote import ModelDescription
from regulars.training.tabular_register import register_attributes
from regulars.training.tabular_train import learn

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from regulars.kinds.contractual.workspace import ContractWorkspace
    from regulars.models.tabular.model import AttributeModel
    from regulars.training.dataset import Dataset, Split
    from regulars.training.register import Pages

    Step = Callable[[str], None]


def train_contracts(
    work: ContractWorkspace, step: Step, pages: Pages
) -> dict[str, Any]:
    """Train, test forward in time, register; write ``training.json``.

    Parameters
    ----------
    work : ContractWorkspace
        Tables and cutoffs.
    step : callable
        Called with the name of each step as it begins.
    pages : callable
        Writes the card's pages into a folder.

    Returns
    -------
    dict
        What ``train --json`` ends with (design section 7).
    """
    step("features")
    line = work.timeline
    past = Past(work, [line])
    split = past.split(line)
    _refuse_if_too_few(past.cases, split, "test")
    training = learn(
        past.cases,
        [split],
        split.pairs,
        work.settings,
        step=step,
        notes=[*work.notes, *_price_notes(past.cases)],
        learn_from=past.rows_at(line.refit_cutoffs),
    )
    step("register")
    claim = ModelDescription(
        kind="contractual",
        question=f"cancels within {line.horizon_days} days after {line.gap_days}",
        fingerprint=work.fingerprint(),
        cutoff=line.cutoff,
    )
    more = {
        "horizon_days": line.horizon_days,
        "gap_days": line.gap_days,
        "timeline": {
            "first_order": work.spells["started"].min().date(),
            "last_order": _last_day(work),
            "cutoff": line.cutoff,
            "label_horizon_days": line.label_horizon_days,
            "test_cutoff": line.test_cutoff,
            "validation_cutoff": line.validation_cutoff,
            "training_cutoffs": line.training_cutoffs,
            "refit_cutoffs": line.refit_cutoffs,
        },
        "survival": survival_of(work.spells, line.cutoff),
    }
    return register_attributes(
        training, past.cases, work.settings, claim, pages, more=more
    )


def backtest_contracts(
    work: ContractWorkspace, step: Step
) -> tuple[dict[str, Any], dict[str, dict[str, float]]]:
    """Learn and test as of several earlier days.

    Parameters
    ----------
    work : ContractWorkspace
        Tables and cutoffs.
    step : callable
        Called with ``"window 1/4"`` and so on.

    Returns
    -------
    result : dict
        The content of ``backtest.json``.
    metrics : dict of str to dict
        Figures of each window by its cutoff, for MLflow.

    Raises
    ------
    NotEnoughHistoryError
        The contracts leave no window.
    """
    settings, asked = work.settings, work.settings.backtest
    first = work.spells["started"].min().date()
    lines = [
        line
        for line in roll_back(settings.time, asked, work.timeline.cutoff, first)
        if line.folds and not line.is_extrapolated
    ]
    past = Past(work, lines)
    splits = [split for split in map(past.split, lines) if split.pairs]
    splits = [s for s in splits if has_both(past.cases, s)]
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
    result, figures = backtest_splits(past.cases, splits, settings, step, notes=notes)
    result["horizon_days"] = settings.time.horizon_days
    result["step_days"] = asked.step_days or settings.time.horizon_days
    return result, figures


def _refuse_if_too_few(cases: Dataset, split: Split, name: str) -> None:
    if split.pairs and has_both(cases, split):
        return
    churned = cases.churned
    msg = (
        f"The training windows hold {int(churned[split.train].sum())} cancellations of "
        f"{len(split.train)} running contracts and the {name} window "
        f"{int(churned[split.test].sum())} of {len(split.test)}; both kinds are needed "
        "in each of them, and in a window before to choose by. Set a longer "
        "time.horizon_days, or read more history."
    )
    raise NotEnoughHistoryError(msg)


def _price_notes(cases: Dataset) -> list[str]:
    if cases.value is None:
        return [
            "The contracts have no monthly_amount: what customers are worth, and what "
            "an offer would earn, is not worked out."
        ]
    missing = float(np.isnan(cases.value).mean())
    if not missing:
        return []
    return [
        f"{missing:.1%} of the contracts have no monthly_amount: left out of the money."
    ]


def _last_day(work: ContractWorkspace) -> date:
    known = pd.concat([work.spells["started"], work.spells["ended"].dropna()])
    last: date = known.max().date()
    return last


def score_contracts(
    work: ContractWorkspace, step: Step, *, version: str | None = None
) -> dict[str, Any]:
    """Score every customer with a running contract; write the table.

    Parameters
    ----------
    work : ContractWorkspace
        Tables and cutoffs.
    step : callable
        Called with the name of the step as it begins.
    version : str, optional
        Version in the registry that scores in place of the champion.

    Returns
    -------
    dict
        ``scores`` (path), ``n_customers``, ``model_version``, ``cutoff``.
    """
    step("score")
    cutoff = work.timeline.cutoff

    def choose(model: AttributeModel) -> ToScore:
        # contracts that end on a day already known are no forecast, but stay listed
        rows = snapshot(work, cutoff, words_in(model.encoder_.kinds_))
        return ToScore(
            rows["customer_id"].tolist(),
            rows.drop(columns=KEYS),
            cutoff,
            worth_at(rows, work.spells, cutoff, work.settings.value),
        )

    return score_and_write(work.settings, choose, version=version)


def kpis_of_contracts(
    work: ContractWorkspace, step: Step, *, no_scores: str | None = None
) -> dict[str, Any]:
    """Work out survival and hazard by tenure; write ``kpis.json``.

    Parameters
    ----------
    work : ContractWorkspace
        Tables and cutoffs.
    step : callable
        Called with the name of the step as it begins.
    no_scores : str, optional
        Why there are no scores; contracts have their figures with or without.

    Returns
    -------
    dict
        ``n_spells``, ``n_ended`` and ``median_days``.
    """
    step("kpis")
    found = survival_of(work.spells, work.timeline.cutoff)
    settings = work.settings
    write_json(
        {
            "name": settings.name,
            "kind": "contractual",
            "currency": settings.source.currency,
            "survival": found,
        },
        settings.outputs_folder / "kpis.json",
    )
    return {key: found[key] for key in ("n_spells", "n_ended", "median_days")}


CONTRACTUAL = Kind(
    name="contractual",
    open=open_contracts,
    open_figures=open_contracts,
    check=lambda settings, step: check_tables(settings, step)[1],
    train=train_contracts,
    backtest=backtest_contracts,
    score=score_contracts,
    kpis=kpis_of_contracts,
)
