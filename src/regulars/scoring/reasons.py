"""Why a customer's risk is what it is, in words that a campaign team reads."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from regulars.scoring import attribute_words
from regulars.scoring.purchase_words import THEMES, theme_of, themes

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from regulars.models.retention import RetentionModel

    Floats = NDArray[np.float64]
    Sentences = NDArray[np.object_]
    # position of a reason and the customers who give it, to a sentence a customer
    Words = Callable[[int, NDArray[np.bool_]], Sentences]

N_REASONS = 3
# what the purchase process goes by, where it stands alone
OF_PROCESS = ("silence", "process", "orders")
# below every reason, above none: said only where there is room
LAST = -1e9


def explain(
    model: RetentionModel, features: pd.DataFrame, churn_probability: Floats
) -> list[list[str]]:
    """Return the strongest reasons of each customer.

    Parameters
    ----------
    model : RetentionModel
        Fitted model.
    features : DataFrame of shape (n_customers, n_features)
        The features of the model's `fit`.
    churn_probability : array of shape (n_customers,)
        The scores that are explained: customers above the mean get reasons that raise
        the risk, the others reasons that lower it.

    Returns
    -------
    list of list of str
        Up to three sentences a customer, strongest first; at least one.

    Examples
    --------
    >>> import pandas as pd
    >>> from regulars.models.churn import Recipe
    >>> from regulars.models.horizon import Horizon
    >>> from regulars.models.retention import RetentionModel
    >>> from regulars.models.tabular.encoding import TabularEncoder
    >>> terms = Horizon(horizon_days=None, margin=0.3, discount_rate_annual=0.1,
    ...                 clv_horizon_days=365, risk_bands=(0.4, 0.7))
    >>> rows = pd.DataFrame({"calls_a_day": np.arange(60.0) % 30})
    >>> model = RetentionModel(terms, Recipe({"logistic": 1.0}),
    ...     encoder=TabularEncoder()).fit(rows, rows["calls_a_day"] < 10)
    >>> explain(model, rows[:1], model.predict_churn(rows[:1]))
    [['calls a day 0: lower than 98% of customers']]
    """
    rises = churn_probability >= model.base_rate_
    contributions = model.contributions(features)
    encoder, profile = model.encoder, model.profile_
    if encoder is None or profile is None:
        rows = model.with_process(features)
        return by_theme(rows, contributions, rises, model.horizon.currency)
    assert contributions is not None
    strength = _towards(contributions.to_numpy(), rises)
    words = partial(attribute_words.sentences, encoder.typed(features), profile)
    # somebody asks why: the strongest is always said
    return strongest(strength, strength.argmax(axis=1), words)


def by_theme(
    rows: pd.DataFrame,
    contributions: pd.DataFrame | None,
    rises: NDArray[np.bool_],
    currency: str,
) -> list[list[str]]:
    """Return the strongest reasons of customers of a purchase log.

    Themes of a positive share of the log-odds are reasons where the risk rises, those
    of a negative share where it does not; the silence is always said.
    """
    sentences = np.column_stack([theme.sentences(rows) for theme in themes(currency)])
    strength = _theme_strength(len(rows), contributions)
    if contributions is not None:
        strength = _towards(strength, rises)
    # a theme may have nothing to say of a customer
    strength = np.where(sentences != "", strength, -np.inf)
    silence = np.zeros(len(rows), dtype=np.intp)
    return strongest(strength, silence, lambda theme, who: sentences[who, theme])


def _theme_strength(n_rows: int, contributions: pd.DataFrame | None) -> Floats:
    strength = np.zeros((n_rows, len(THEMES)))
    if contributions is None:
        names = [theme.name for theme in THEMES]
        for rank, name in enumerate(OF_PROCESS):
            strength[:, names.index(name)] = N_REASONS - rank
        return strength
    for column in contributions.columns:
        theme = theme_of(column)
        if theme is not None:
            strength[:, theme] += contributions[column].to_numpy()
    return strength


def _towards(strength: Floats, rises: NDArray[np.bool_]) -> Floats:
    """Return how strongly each reason pulls the customer's own way."""
    return np.where(rises[:, None], strength, -strength)


def strongest(
    strength: Floats, always: NDArray[np.intp], words: Words
) -> list[list[str]]:
    """Return the sentences of the strongest reasons, strongest first.

    `always` is the position of the reason that each customer has in any case; of the
    others those with a strength above 0 are said.
    """
    everyone = np.arange(len(strength))
    ranked = np.where(strength > 0, strength, -np.inf)
    ranked[everyone, always] = np.maximum(ranked[everyone, always], LAST)
    order = np.argsort(-ranked, axis=1, kind="stable")[:, :N_REASONS]
    is_said = np.isfinite(np.take_along_axis(ranked, order, axis=1))
    sentences = np.full(order.shape, "", dtype=object)
    for position in np.unique(order[is_said]):
        hit = (order == position) & is_said
        sentences[hit] = words(int(position), hit.any(axis=1))
    return [row[said].tolist() for row, said in zip(sentences, is_said, strict=True)]
