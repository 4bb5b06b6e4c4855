"""The spend model: the mean of some members is expected, that of others typical.

The purchase process is a member like the others: its expectation is a column of the
features, so it has nothing to fit.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import lightgbm
import numpy as np

from regulars.models.folds import side_by_side
from regulars.models.inputs import Numbers, numbers_of
from regulars.models.spend.intervals import SpendBands
from regulars.models.spend.level import SpendLevel
from regulars.models.spend.regressor import (
    HEADS,
    PROCESS,
    PROCESS_COLUMN,
    SpendRegressor,
    base_column,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SpendRecipe:
    """Which members expected and typical spend are the means of.

    Attributes
    ----------
    members : tuple of str
        Of expected spend: of ``process`` and the kinds of `SpendRegressor`; at least
        one.
    n_trees : mapping of str to int
        Trees of the boosted members.
    random_state : int
        Seed.
    bands : SpendBands or None
        Prediction intervals, from windows that the members had not seen.
    typical : tuple of str
        Members of typical spend; none where no window was there to choose them on.
    level : SpendLevel
        What expected spend is multiplied by.
    """

    members: tuple[str, ...] = (PROCESS,)
    n_trees: Mapping[str, int] | None = None
    random_state: int = 0
    bands: SpendBands | None = None
    typical: tuple[str, ...] = ()
    level: SpendLevel = field(default_factory=SpendLevel)

    @property
    def boosted(self) -> tuple[str, ...]:
        """Members that learn from labels, each once."""
        every = dict.fromkeys((*self.members, *self.typical))
        return tuple(name for name in every if name != PROCESS)

    @property
    def needs_fitting(self) -> bool:
        """Whether any member learns from labels."""
        return bool(self.boosted)

    def standing_at(self, season_gap: float | None) -> SpendRecipe:
        """Return the recipe for a day by what last year's season says of it.

        Parameters
        ----------
        season_gap : float or None
            Of the window that begins there, as `regulars.models.season` gives it.

        Returns
        -------
        SpendRecipe
        """
        return replace(self, level=replace(self.level, season_gap=season_gap or 0.0))


class SpendForecast(NamedTuple):
    """What customers spend in the horizon, by a spend model.

    Attributes
    ----------
    expected : array of shape (n_rows,)
        The mean, in the log's currency; >= 0.
    typical : array of shape (n_rows,)
        The median, within the bounds; NaN where no window was there to choose it on.
    bounds : array of shape (n_rows, 2)
        Prediction interval of a customer; NaN likewise.
    """

    expected: Floats
    typical: Floats
    bounds: Floats


class SpendEnsemble:
    """A spend recipe fitted to rows.

    Parameters
    ----------
    recipe : SpendRecipe
        Members.

    Attributes
    ----------
    features_ : list of str
        Columns that the members read.
    members_ : dict of str to SpendRegressor
        The fitted members; the process has nothing to fit.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"btyd_expected_spend": [3.0, 0.0]})
    >>> SpendEnsemble(SpendRecipe()).fit(rows, [2.0, 0.0]).predict(rows).tolist()
    [3.0, 0.0]
    """

    def __init__(self, recipe: SpendRecipe) -> None:
        self.recipe = recipe

    def fit(self, features: pd.DataFrame, spend: ArrayLike) -> Self:
        """Fit the members.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            Features.
        spend : array-like of shape (n_rows,)
            Net spend in the window.

        Returns
        -------
        self
        """
        self.features_ = list(features.columns)

        def fitted(kind: str) -> SpendRegressor:
            return SpendRegressor(
                kind,
                n_trees=(self.recipe.n_trees or {})[kind],
                base=base_column(features, kind),
                random_state=self.recipe.random_state,
            ).fit(features, spend)

        kinds = self.recipe.boosted
        self.members_ = dict(zip(kinds, side_by_side(fitted, kinds), strict=True))
        return self

    def predict(self, features: pd.DataFrame) -> Floats:
        """Return expected spend in the horizon.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            Features, with ``btyd_expected_spend``.

        Returns
        -------
        array of shape (n_rows,)
            In the log's currency; >= 0.
        """
        return self.forecast(features).expected

    def forecast(self, features: pd.DataFrame | Numbers) -> SpendForecast:
        """Return the mean, the median and the bounds of spend in the horizon.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features) or Numbers
            Features, with ``btyd_expected_spend``.

        Returns
        -------
        SpendForecast
        """
        by_member = {PROCESS: np.asarray(features[PROCESS_COLUMN], np.float64)}
        if self.members_:
            read = numbers_of(features, self.features_)
            by_member |= {k: each.expected(read) for k, each in self.members_.items()}
        level = self.recipe.level
        expected = level.of() * mean_of(by_member, self.recipe.members)
        bounds = self.predict_interval(expected)
        typical = np.full(len(expected), np.nan)
        if self.recipe.typical:
            typical = level.season() * mean_of(by_member, self.recipe.typical)
            # no bound is NaN here: both are learnt where either is
            typical = np.clip(typical, bounds[:, 0], bounds[:, 1])
        return SpendForecast(expected, typical, bounds)

    def predict_interval(self, expected: ArrayLike) -> Floats:
        """Return the prediction interval of customers by their expected spend.

        Parameters
        ----------
        expected : array-like of shape (n_rows,)
            As `predict` gives it.

        Returns
        -------
        array of shape (n_rows, 2)
            Lower and upper bound; NaN where no window was there to learn them from.
        """
        if self.recipe.bands is None:
            return np.full((len(np.asarray(expected)), 2), np.nan)
        return self.recipe.bands.predict(expected)

    def to_dict(self) -> dict[str, Any]:
        """Return all but the trees, as JSON-safe data.

        Returns
        -------
        dict
        """
        return {
            "members": list(self.recipe.members),
            "typical": list(self.recipe.typical),
            "level": asdict(self.recipe.level),
            "n_trees": dict(self.recipe.n_trees or {}),
            "random_state": self.recipe.random_state,
            "features": self.features_,
            "means": {kind: m.mean_ for kind, m in self.members_.items()},
            "floors": {kind: m.floor_ for kind, m in self.members_.items()},
            "trees": sorted(self.trees()),
            "bands": self.recipe.bands.to_dict() if self.recipe.bands else None,
        }

    def trees(self) -> dict[str, str]:
        """Return the trees of each head of each member as LightGBM's text.

        Returns
        -------
        dict of str to str
            By ``member_head``.
        """
        return {
            f"{kind}_{head}": booster.model_to_string()
            for kind, member in self.members_.items()
            for head, booster in member.heads_.items()
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], trees: Mapping[str, str]) -> Self:
        """Return the model that `to_dict` and `trees` described.

        Parameters
        ----------
        data : mapping
            As `to_dict` gives it.
        trees : mapping of str to str
            As `trees` gives it.

        Returns
        -------
        SpendEnsemble
        """
        recipe = SpendRecipe(
            tuple(data["members"]),
            data["n_trees"],
            data["random_state"],
            SpendBands.from_dict(data["bands"]) if data["bands"] else None,
            tuple(data["typical"]),
            SpendLevel(**data["level"]),
        )
        model = cls(recipe)
        model.features_ = list(data["features"])
        model.members_ = {k: _restored(k, data, trees) for k in recipe.boosted}
        return model


def mean_of(by_member: Mapping[str, Floats], members: Sequence[str]) -> Floats:
    """Return the mean of the forecasts of some members."""
    mean: Floats = np.mean([by_member[name] for name in members], axis=0)
    return mean


def _restored(
    kind: str, data: Mapping[str, Any], trees: Mapping[str, str]
) -> SpendRegressor:
    features = list(data["features"])
    # the base is found by its column, as it was in training
    with_base = kind == "ratio" and PROCESS_COLUMN in features
    member = SpendRegressor(
        kind,
        n_trees=data["n_trees"][kind],
        base=features.index(PROCESS_COLUMN) if with_base else None,
        random_state=data["random_state"],
    )
    member.heads_ = {
        head: lightgbm.Booster(model_str=trees[f"{kind}_{head}"])
        for head in HEADS[kind]
        if f"{kind}_{head}" in trees
    }
    member.mean_ = float(data["means"][kind])
    member.floor_ = float(data["floors"][kind])
    member.n_features_in_ = len(features)
    member.feature_names_in_ = np.array(features, dtype=object)
    return member
