"""Why a customer may leave, and what speaks for staying, in words of a campaign team.

Who is likely to leave is held against those who stay, who is likely to stay against
those who leave: the difference is what there is to explain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import pandas as pd

from regulars.features.signals import as_attributes, owner_of
from regulars.scoring import attribute_words
from regulars.scoring.purchase_words import SILENCE, THEMES, Facts, one_fact, theme_of
from regulars.scoring.signal_words import signals_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from regulars.models.contrast import Contrast
    from regulars.models.profile import Profile
    from regulars.models.reading import Reading
    from regulars.models.retention import RetentionModel

    Floats = NDArray[np.float64]
    Sentences = NDArray[np.object_]
    # of each customer, by `REASONS`
    Told = dict[str, list[list[str]]]

REASONS = ("risk_reasons", "stay_reasons")
N_REASONS = 3
# log-odds that a reason must move: a tenth of the odds
LEAST = 0.1


def explain(
    model: RetentionModel,
    features: pd.DataFrame | Reading,
    churn_probability: Floats,
) -> pd.DataFrame:
    """Return what speaks for each customer's leaving, and what for staying.

    Parameters
    ----------
    model : RetentionModel
        Fitted model.
    features : DataFrame of shape (n_customers, n_features) or Reading
        The features of the model's `fit`.
    churn_probability : array of shape (n_customers,)
        The scores that are explained.

    Returns
    -------
    DataFrame of shape (n_customers, 2)
        ``risk_reasons`` and ``stay_reasons``: lists of up to three sentences, strongest
        first; empty where nothing speaks.

    Notes
    -----
    All members of the model contribute, as they are blended. What a theme (the silence,
    the orders, the spend) adds to the log-odds is held against the mean of those who
    stay where a customer is likely to leave, and against the mean of those who leave
    where the customer is likely to stay. The sign of the difference says on which side
    the theme speaks, and it speaks once. It says nothing where it moves the odds by
    less than a tenth, or where its figures do not say what it is there for.

    Examples
    --------
    >>> from regulars.models.churn import Recipe
    >>> from regulars.models.horizon import Horizon
    >>> from regulars.models.retention import RetentionModel
    >>> from regulars.models.tabular.encoding import TabularEncoder
    >>> terms = Horizon(horizon_days=None, margin=0.3, discount_rate_annual=0.1,
    ...                 clv_horizon_days=365, risk_bands=(0.4, 0.7))
    >>> rows = pd.DataFrame({"calls_a_day": np.arange(60.0) % 30})
    >>> model = RetentionModel(terms, Recipe({"logistic": 1.0}),
    ...     encoder=TabularEncoder()).fit(rows, rows["calls_a_day"] < 10)
    >>> few, many = rows[:1], rows[29:30]
    >>> explain(model, few, model.predict_churn(few))["risk_reasons"].tolist()
    [['calls a day 0: lower than 98% of customers']]
    >>> explain(model, many, model.predict_churn(many))["stay_reasons"].tolist()
    [['calls a day 29: higher than 98% of customers']]
    """
    reading = model.read(features)
    told = reasons_of(model, reading, churn_probability)
    return pd.DataFrame(told, reading.features.index, dtype=object)


def reasons_of(
    model: RetentionModel, reading: Reading, churn_probability: Floats
) -> Told:
    """Return what `explain` does, as lists."""
    strength = strength_of(
        model.contributions(reading), churn_probability, model.contrast_
    )
    encoder, profile = model.encoder, model.profile_
    rows = reading.features if encoder is None else encoder.typed(reading.features)
    usual = model.contrast_.stay.usual, model.contrast_.leave.usual
    facts = Facts(rows, *usual, model.horizon.currency)
    if encoder is not None and profile is not None:
        return strongest([of_tables(facts, strength, rows, profile)])
    if profile is None:
        return strongest([of_purchases(facts, strength)])
    beside = [name for name in model.beside_purchases if name in strength]
    attributes = as_attributes(rows, beside)
    moved = strength[beside].rename(columns=owner_of)
    return strongest(
        [
            of_purchases(facts, strength.drop(columns=beside)),
            of_tables(facts, moved, attributes, profile),
        ]
    )


class Sayings(Protocol):
    """What one reason can say of each customer."""

    @property
    def speaks(self) -> NDArray[np.bool_]:
        """Whether there is anything to say."""

    def texts(self, places: NDArray[np.intp]) -> Sentences:
        """Return the sentences of some customers: only what is chosen is written."""


class Voices(NamedTuple):
    """What can speak of each customer, how strongly, and in which words."""

    # one column each
    strength: Floats
    warnings: Sequence[Sayings]
    comforts: Sequence[Sayings]


def of_purchases(facts: Facts, strength: pd.DataFrame) -> Voices:
    """Return the themes of a purchase log."""
    words = [theme.words(facts) for theme in THEMES]
    return Voices(
        _of_themes(strength, one_fact(facts)),
        [each.warning for each in words],
        [each.comfort for each in words],
    )


def of_tables(
    facts: Facts, strength: pd.DataFrame, attributes: pd.DataFrame, profile: Profile
) -> Voices:
    """Return what dated tables say, by signals, and all else attribute by attribute."""
    signals = signals_in(strength.columns)
    told = {name for signal in signals for name in signal.features}
    rest = [name for name in attributes if name not in told]
    # a category has a column a word: they are added up
    alone = [strength[[name]] for name in rest]
    moved = [*(strength[[*signal.features]] for signal in signals), *alone]
    words = [signal.words(facts) for signal in signals]
    plain = attribute_words.sentences(attributes[rest], profile)
    summed = np.zeros((len(strength), len(moved)))
    for place, each in enumerate(moved):
        summed[:, place] = each.to_numpy().sum(axis=1)
    return Voices(
        summed,
        [*(each.warning for each in words), *plain],
        [*(each.comfort for each in words), *plain],
    )


def strength_of(
    contributions: pd.DataFrame, churn: Floats, contrast: Contrast
) -> pd.DataFrame:
    """Return how far each column sets customers off from the other kind.

    Who is likely to leave is held against those who stay, who is likely to stay against
    those who leave, and in between against both. The odds are squared: at 2 to 1 for
    leaving, those who stay count four times.
    """
    stay, leave = (
        side.shares_of(contributions.columns)
        for side in (contrast.stay, contrast.leave)
    )
    leaves = (churn**2 / (churn**2 + (1.0 - churn) ** 2))[:, None]
    apart = contributions.to_numpy() - (leaves * stay + (1.0 - leaves) * leave)
    return pd.DataFrame(apart, contributions.index, contributions.columns, copy=False)


def _of_themes(strength: pd.DataFrame, same: NDArray[np.bool_]) -> Floats:
    """Add up the columns of each theme; what is one fact with the silence joins it."""
    total, moved = np.zeros(same.shape), strength.to_numpy()
    for place, column in enumerate(strength.columns):
        theme = theme_of(str(column))
        if theme is not None:
            total[:, theme] += moved[:, place]
    silence = [theme.name for theme in THEMES].index(SILENCE)
    total[:, silence] += np.where(same, total, 0.0).sum(axis=1)
    return np.where(same, 0.0, total)


def strongest(voices: Sequence[Voices]) -> Told:
    """Return the sentences of the strongest reasons on either side."""
    strength = np.hstack([each.strength for each in voices])
    warnings = [saying for each in voices for saying in each.warnings]
    comforts = [saying for each in voices for saying in each.comforts]
    sides = (_strongest(strength, warnings), _strongest(-strength, comforts))
    return dict(zip(REASONS, sides, strict=True))


def _strongest(strength: Floats, sayings: Sequence[Sayings]) -> list[list[str]]:
    speaks = np.zeros(strength.shape, bool)
    for place, each in enumerate(sayings):
        speaks[:, place] = each.speaks
    ranked = np.where((strength >= LEAST) & speaks, strength, -np.inf)
    order = np.argsort(-ranked, axis=1, kind="stable")[:, :N_REASONS]
    is_said = np.isfinite(np.take_along_axis(ranked, order, axis=1))
    chosen = np.full(order.shape, "", dtype=object)
    for number, each in enumerate(sayings):
        mine = is_said & (order == number)
        chosen[mine] = each.texts(np.nonzero(mine)[0])
    return [row[said].tolist() for row, said in zip(chosen, is_said, strict=True)]
