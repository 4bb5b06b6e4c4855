"""The scored table of customers with attributes, in the columns of every other.

Rows of attributes come in; the champion's probabilities, bands and reasons go out
beside what the customers are worth, in the table that a purchase log's scores have.
What only purchases can say (the process columns) is there and empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.models.tabular.model import AttributeModel
from regulars.scoring.batch import COLUMNS
from regulars.scoring.hindsight import refuse_hindsight
from regulars.scoring.sinks import write_scores
from regulars.scoring.tabular_pyfunc import score_rows
from regulars.tracking import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from regulars.config import Settings

    Floats = NDArray[np.float64]

TEXTS = ("rfm_segment", "cutoff", "expected_next_order")


@dataclass(frozen=True)
class ToScore:
    """Customers to be scored.

    Attributes
    ----------
    customer_id : sequence of shape (n_customers,)
        Their names.
    attributes : DataFrame of shape (n_customers, n_attributes)
        Every attribute that the model learnt from.
    cutoff : date or None
        As-of day of the scores.
    value : array of shape (n_customers,) or None
        What each is worth if kept, in the currency.
    """

    customer_id: Sequence[Any]
    attributes: pd.DataFrame
    cutoff: date | None = None
    value: Floats | None = None


def score_and_write(
    settings: Settings,
    choose: Callable[[AttributeModel], ToScore],
    *,
    version: str | None = None,
) -> dict[str, Any]:
    """Score customers with the champion; write the table.

    Parameters
    ----------
    settings : Settings
        Names the model, the store and the outputs.
    choose : callable
        Gives the customers, with the columns that the model passed to it learnt from.
    version : str, optional
        Version in the registry that scores in place of the champion.

    Returns
    -------
    dict
        ``scores`` (path), ``n_customers``, ``model_version``, ``cutoff``,
        ``mean_churn_probability``, ``value_at_risk``, ``notices``.
    """
    store = Store(settings.tracking.uri, settings.name)
    folder, registered = store.fetch(version)
    model = AttributeModel.load(folder)
    rows = choose(model)
    if rows.cutoff is not None:
        refuse_hindsight(store, registered.model_version, rows.cutoff)
    scores = score_table(model, rows)
    notices = unseen(model, rows.attributes)
    scores["model_version"] = registered.model_version
    scores["scored_at"] = pd.Timestamp(datetime.now(UTC))
    scores["run_id"] = registered.run_id
    path = write_scores(scores, settings.outputs_folder / "scores.parquet")
    if settings.scores.format == "csv":
        path = write_scores(scores, settings.outputs_folder / "scores.csv")
    cutoff = scores["cutoff"].iloc[0] if len(scores) else None
    at_risk = scores["value_at_risk"]
    return {
        "scores": str(path),
        "n_customers": len(scores),
        "model_version": registered.model_version,
        "cutoff": None if cutoff is None else cutoff.isoformat(),
        "mean_churn_probability": float(scores["churn_probability"].mean()),
        "notices": notices,
        "value_at_risk": None if at_risk.isna().all() else float(at_risk.sum()),
    }


def unseen(model: AttributeModel, attributes: pd.DataFrame) -> list[str]:
    """Say which categories the model has never seen.

    Parameters
    ----------
    model : AttributeModel
        Fitted model.
    attributes : DataFrame of shape (n_customers, n_attributes)
        Every attribute that the model learnt from.

    Returns
    -------
    list of str
        A sentence an attribute.

    Examples
    --------
    >>> from regulars.models.churn.ensemble import Recipe
    >>> plans = pd.DataFrame({"plan": ["s", "m"] * 30})
    >>> model = AttributeModel(Recipe({"logistic": 1.0})).fit(plans, [0, 1, 1, 0] * 15)
    >>> unseen(model, pd.DataFrame({"plan": ["xl"]}))[0]
    "'plan' holds categories that training never saw in 1 rows (xl): scored as ...
    """
    return [
        f"'{name}' holds categories that training never saw in {counts.sum():,} rows "
        f"({', '.join(map(str, counts.index[:5]))}): scored as none of the known ones."
        for name, counts in model.encoder_.unknown(attributes).items()
    ]


def score_table(model: AttributeModel, rows: ToScore) -> pd.DataFrame:
    """Return the scored table, provenance left empty.

    Parameters
    ----------
    model : AttributeModel
        Fitted model.
    rows : ToScore
        Customers.

    Returns
    -------
    DataFrame of shape (n_customers, n_columns)
        The columns of design section 7. Numbers that only purchases can tell are NaN,
        texts and days None.

    Examples
    --------
    >>> from regulars.models.churn.ensemble import Recipe
    >>> age = pd.DataFrame({"age": np.arange(60.0) % 30})
    >>> model = AttributeModel(Recipe({"logistic": 1.0})).fit(age, age["age"] > 15)
    >>> found = score_table(model, ToScore(["a"], age[:1], value=np.array([200.0])))
    >>> found[["customer_id", "clv", "rfm_segment"]].to_numpy().tolist()
    [['a', 200.0, None]]
    """
    attributes = rows.attributes.reset_index(drop=True)
    scores = score_rows(model, attributes, list(rows.customer_id))
    worth = np.full(len(scores), np.nan) if rows.value is None else rows.value
    scores["cutoff"] = rows.cutoff
    scores["clv"] = worth
    scores["value_at_risk"] = scores["churn_probability"] * worth
    for name in COLUMNS:
        if name not in scores:
            scores[name] = None if name in TEXTS else np.nan
    texts = {name: scores[name].astype(object) for name in TEXTS}
    return scores.assign(
        **{name: found.where(found.notna(), None) for name, found in texts.items()}
    )[list(COLUMNS)]
