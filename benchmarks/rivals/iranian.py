"""The labelled cell: churn of telecom customers, repeated splits, several seeds.

The table without duplicates comes in through the project's own reading; for each seed
the project's own training tests itself on five stratified splits, and plain LightGBM
learns and is tested on the very same rows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import lightgbm
import numpy as np

from regulars.kinds.labelled.problem import table_problem
from regulars.kinds.labelled.table import read_labelled
from regulars.kinds.labelled.workspace import TableWorkspace
from regulars.metrics import evaluate_churn
from regulars.training import train
from rivals.judging import profits

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from regulars.config import ProfitSettings, Settings
    from regulars.training import Training

    Floats = NDArray[np.float64]

MODEL, PLAIN = "model", "plain LightGBM"
# the value of a customer in the paper that the maximum profit measure is from
PAPER_CLV = 200.0
VALUE_COLUMN = "customer_value"


def measure(
    settings: Settings, seeds: int, step: Callable[[str], None]
) -> dict[str, Any]:
    """Train and test over several seeds, beside plain LightGBM.

    Parameters
    ----------
    settings : Settings
        Of kind ``labelled``.
    seeds : int
        Seeds 0, 1, ...; each has splits, trials and trees of its own.
    step : callable
        Called with the name of each step as it begins.

    Returns
    -------
    dict
        ``splits`` (figures of both by seed and split), ``by_seed`` (mean AUC),
        ``figures`` (means), ``difference`` of AUC with its interval, ``profit``.
    """
    table = read_labelled(settings)
    work = TableWorkspace(settings, table)
    rows, churned = table.attributes[table.known], table.churned[table.known]
    splits: list[dict[str, Any]] = []
    profit: dict[str, Any] = {}
    for seed in range(seeds):
        step(f"seed {seed + 1}/{seeds}")
        seeded = replace(work, settings=settings.model_copy(update={"seed": seed}))
        training = train(table_problem(seeded, _silent), _silent)
        for number, trial in enumerate(training.trials):
            test = trial.churn_test
            forecasts = {
                MODEL: test.forecasts[MODEL],
                PLAIN: _plain(rows, churned, trial.window.split.test, seed),
            }
            y = test.churned
            found = {name: evaluate_churn(y, p) for name, p in forecasts.items()}
            splits.append({"seed": seed, "split": number, **found})
        # one seed's splits test about as many rows as there are: more would only
        # repeat them and make the intervals look narrower than they are
        profit = profit or _profit(training, rows, churned, settings.profit)
    return {
        "n_rows": len(rows),
        "n_set_aside": len(table.set_aside),
        "splits": splits,
        "by_seed": _by_seed(splits, seeds),
        "figures": {
            name: {
                key: float(np.mean([split[name][key] for split in splits]))
                for key in ("roc_auc", "log_loss", "ece")
            }
            for name in (MODEL, PLAIN)
        },
        "difference": corrected_difference(
            np.array([s[MODEL]["roc_auc"] - s[PLAIN]["roc_auc"] for s in splits]),
            test_share=len(training.trials[0].window.split.test) / len(rows),
        ),
        "profit": profit,
    }


def _silent(step: str) -> None:
    """Say nothing: the seeds are the steps."""


def corrected_difference(differences: Floats, *, test_share: float) -> dict[str, Any]:
    """Return the mean difference over repeated splits and a 95% interval.

    Splits share training rows, so that their differences vary less than those of new
    data would; the variance is corrected for it (Nadeau and Bengio, 2003).

    Parameters
    ----------
    differences : array of shape (n_splits,)
        Of a figure.
    test_share : float
        Of the rows, that test.

    Returns
    -------
    dict
        ``difference``, ``interval``, ``n_ahead``, ``n_splits``.

    Examples
    --------
    >>> corrected_difference(np.array([0.1, 0.3]), test_share=0.2)["difference"]
    0.2
    """
    count, mean = len(differences), float(differences.mean())
    share = 1 / count + test_share / (1 - test_share)
    half = 1.96 * float(np.sqrt(share * differences.var(ddof=1)))
    return {
        "difference": mean,
        "interval": [mean - half, mean + half],
        "n_ahead": int((differences > 0).sum()),
        "n_splits": count,
    }


def _plain(
    rows: pd.DataFrame, churned: Floats, test: NDArray[np.intp], seed: int
) -> Floats:
    learn = np.setdiff1d(np.arange(len(rows)), test)
    booster = lightgbm.LGBMClassifier(random_state=seed, n_jobs=1, verbosity=-1)
    booster.fit(rows.iloc[learn], churned[learn])
    found = np.asarray(booster.predict_proba(rows.iloc[test]))
    return found[:, 1]


def _by_seed(splits: list[dict[str, Any]], seeds: int) -> list[dict[str, float]]:
    return [
        {
            name: float(
                np.mean([s[name]["roc_auc"] for s in splits if s["seed"] == seed])
            )
            for name in (MODEL, PLAIN)
        }
        for seed in range(seeds)
    ]


def _profit(
    training: Training,
    rows: pd.DataFrame,
    churned: Floats,
    costs: ProfitSettings,
) -> dict[str, Any]:
    trials = training.trials
    test = np.concatenate([trial.window.split.test for trial in trials])
    chance = np.concatenate([trial.churn_test.forecasts[MODEL] for trial in trials])
    value = rows[VALUE_COLUMN].to_numpy(np.float64)[test]
    y, flat = churned[test], np.full(len(test), PAPER_CLV)
    return {
        f"a leaver worth {PAPER_CLV:.0f}": profits(y, chance, flat, costs),
        f"a leaver worth the mean {VALUE_COLUMN} of leavers": profits(
            y, chance, value, costs
        ),
    }
