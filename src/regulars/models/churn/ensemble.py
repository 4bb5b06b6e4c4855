"""The churn model: members, the weight of each, and a calibration.

The purchase process is a member like the others: its probability is a column of the
features, so it has nothing to fit.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

import numpy as np
import pandas as pd

from regulars.models.churn.calibration import Calibrator
from regulars.models.churn.members import (
    PROCESS,
    READ_LEVELS,
    make_member,
    read_member,
)
from regulars.models.churn.pooling import Pool, combine, pulls
from regulars.models.churn.snapshot_ranks import SnapshotRanks, ranked_by_snapshot
from regulars.models.folds import side_by_side
from regulars.models.inputs import Numbers, numbers_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from regulars.models.churn.members import Member

    Floats = NDArray[np.float64]
    # of members, by column
    Shares = Mapping[str, Mapping[str, Floats]]


class Encoder(Protocol):
    """Encodes columns of any kind as the columns of numbers that members read."""

    # number or category, of each column that is read
    kinds_: dict[str, Any]
    # encoded column to the column it comes from
    owners_: dict[str, str]

    def fit(self, columns: pd.DataFrame) -> Self:
        """Learn from training rows."""

    def transform(self, columns: pd.DataFrame) -> pd.DataFrame:
        """Return columns of float64."""

    def to_dict(self) -> dict[str, Any]:
        """Return what was learnt as JSON-safe data."""


@dataclass(frozen=True)
class Recipe:
    """How to build a churn model.

    Attributes
    ----------
    weights : mapping of str to float
        Member (``process``, ``rfm_logistic``, ``logistic``, ``lightgbm``,
        ``extra_trees``) to its share; the shares add up to 1 and a member without a
        share is not fitted.
    settings : mapping of str to mapping of str to number
        Settings of each member that has any.
    pool : {'probability', 'log_odds'}, default='probability'
        What the shares are taken of.
    calibrator : Calibrator
        Fitted on predictions for windows that the members had not seen.
    left_out : mapping of str to sequence of str
        Groups of features that the members do not read, with their columns.
    ranked : sequence of str
        Features that the members read as ranks within the snapshot; the regression on
        four columns and the process read them as they are.
    season_share : float
        How much of a season's gap the members miss, 0 to 1.
    season_gap : float
        By how much last year's season lifts the purchases of the window that begins
        where the model stands (`regulars.models.season`); a logarithm.
    bags : int
        Boosters that differ in their seed alone and are averaged; > 0.
    """

    weights: Mapping[str, float]
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    pool: Pool = "probability"
    calibrator: Calibrator = field(
        default_factory=lambda: Calibrator().fit(np.zeros(1), np.zeros(1))
    )
    left_out: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ranked: Sequence[str] = ()
    season_share: float = 0.0
    season_gap: float = 0.0
    bags: int = 1

    @classmethod
    def process_only(cls) -> Recipe:
        """Return the recipe that leaves everything to the purchase process.

        Returns
        -------
        Recipe
        """
        return cls(weights={PROCESS: 1.0})

    @property
    def needs_fitting(self) -> bool:
        """Whether any member learns from labels."""
        return any(name != PROCESS for name in self.members)

    @property
    def members(self) -> list[str]:
        """The members that have a share, in a fixed order."""
        return sorted(name for name, share in self.weights.items() if share > 0)

    def make(self, name: str) -> Member:
        """Return a member with its settings, not fitted yet.

        Parameters
        ----------
        name : str
            Of the member.

        Returns
        -------
        Member
        """
        return make_member(name, self.settings.get(name, {}), self.bags)

    def columns(self, features: pd.DataFrame) -> list[str]:
        """Return the columns that the members read, in their order.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            Features.

        Returns
        -------
        list of str

        Examples
        --------
        >>> recipe = Recipe({"logistic": 1.0}, left_out={"basket": ["n_products"]})
        >>> recipe.columns(pd.DataFrame({"frequency": [1.0], "n_products": [3.0]}))
        ['frequency']
        """
        left_out = {name for columns in self.left_out.values() for name in columns}
        return [name for name in features.columns if name not in left_out]

    def standing_at(self, season_gap: float | None) -> Recipe:
        """Return the recipe for a day by what last year's season says of it.

        Parameters
        ----------
        season_gap : float or None
            Of the window that begins there; None where nobody knows.

        Returns
        -------
        Recipe
        """
        return replace(self, season_gap=season_gap or 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as JSON-safe data.

        Returns
        -------
        dict
        """
        return {
            "weights": dict(self.weights),
            "settings": {name: dict(own) for name, own in self.settings.items()},
            "pool": self.pool,
            "calibrator": self.calibrator.to_dict(),
            "left_out": {name: list(cols) for name, cols in self.left_out.items()},
            "ranked": list(self.ranked),
            "season_share": self.season_share,
            "season_gap": self.season_gap,
            "bags": self.bags,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Recipe:
        """Return the recipe that `to_dict` described.

        Parameters
        ----------
        data : mapping
            As `to_dict` gives it.

        Returns
        -------
        Recipe
        """
        return cls(
            weights=data["weights"],
            settings=data["settings"],
            pool=data["pool"],
            calibrator=Calibrator.from_dict(data["calibrator"]),
            left_out={k: tuple(v) for k, v in data["left_out"].items()},
            ranked=tuple(data["ranked"]),
            season_share=data["season_share"],
            season_gap=data["season_gap"],
            bags=data["bags"],
        )


class Heard(NamedTuple):
    """Rows as each member reads them, and the log-odds that it gives them."""

    rows: dict[str, Floats]
    log_odds: dict[str, Floats]


class ChurnEnsemble:
    """A recipe fitted to rows.

    Parameters
    ----------
    recipe : Recipe
        Members, weights, calibration.
    encoder : Encoder, optional
        Learnt from the training rows with the members; default: the columns are
        numbers as they are.

    Attributes
    ----------
    features_ : list of str
        Columns that the members read, in their order.
    ranks_ : SnapshotRanks
        Of the customers that the model stands at.
    members_ : dict of str to Member
        Those that have a share.
    usual_ : dict of str to dict of str to float
        Mean contributions of each member by column, of the customers that it was
        compared with.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"btyd_no_purchase_probability": [0.2, 0.9]})
    >>> model = ChurnEnsemble(Recipe.process_only()).fit(rows, [0, 1])
    >>> model.predict(rows).round(3).tolist()
    [0.2, 0.9]
    """

    def __init__(self, recipe: Recipe, encoder: Encoder | None = None) -> None:
        self.recipe = recipe
        self.encoder = encoder

    def fit(
        self,
        features: pd.DataFrame,
        churned: ArrayLike,
        *,
        snapshots: ArrayLike | None = None,
        current: pd.DataFrame | None = None,
    ) -> Self:
        """Fit the members that have a weight.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            Features of (customer, cutoff) rows.
        churned : array-like of shape (n_rows,)
            1 where the customer churned, else 0.
        snapshots : array-like of shape (n_rows,), optional
            Cutoff of each row; default: they have one.
        current : DataFrame of shape (n_customers, n_features), optional
            Everybody at the cutoff that the model stands at, among whom those who are
            scored are ranked; default: `features`.

        Returns
        -------
        self
        """
        if self.encoder is not None:
            features = self.encoder.fit(features).transform(features)
        self.features_ = self.recipe.columns(features)
        ranked = [name for name in self.recipe.ranked if name in self.features_]
        self.ranks_ = SnapshotRanks(ranked).fit(
            features if current is None else current
        )
        rows = features[self.features_]
        read = rows
        if ranked and snapshots is not None:
            read = ranked_by_snapshot(rows, snapshots, ranked)
        elif ranked:
            read = SnapshotRanks(ranked).fit(rows).transform(rows)

        def fitted(name: str) -> Member:
            own = rows if name in READ_LEVELS else read
            return self.recipe.make(name).fit(own, churned)

        names = self.recipe.members
        self.members_ = dict(zip(names, side_by_side(fitted, names), strict=True))
        self.usual_: dict[str, dict[str, float]] = {}
        return self

    def hear(self, features: pd.DataFrame | Numbers) -> Heard:
        """Ask the members once, of rows that are scored and explained."""
        if self.encoder is not None:
            assert isinstance(features, pd.DataFrame)
            features = self.encoder.transform(features)
        rows = numbers_of(features, self.features_)
        ranked = self.ranks_.of(rows, self.features_)
        read = {name: rows if name in READ_LEVELS else ranked for name in self.members_}
        said = {name: each.log_odds(read[name]) for name, each in self.members_.items()}
        return Heard(read, said)

    def member_log_odds(self, features: pd.DataFrame) -> dict[str, Floats]:
        """Return the log-odds by each member.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            Features.

        Returns
        -------
        dict of str to array of shape (n_rows,)
        """
        return self.hear(features).log_odds

    def decision_function(self, features: pd.DataFrame) -> Floats:
        """Return the log-odds of the blend before calibration.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            Features.

        Returns
        -------
        array of shape (n_rows,)
        """
        return self.blend(self.hear(features))

    def blend(self, heard: Heard) -> Floats:
        """Return the log-odds of the blend of what the members said."""
        recipe = self.recipe
        blended = combine(heard.log_odds, recipe.weights, recipe.pool)
        return blended - recipe.season_share * recipe.season_gap

    def predict(self, features: pd.DataFrame) -> Floats:
        """Return the calibrated probability of churn.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            Features.

        Returns
        -------
        array of shape (n_rows,)
            In (0, 1).
        """
        return self.recipe.calibrator.predict(self.decision_function(features))

    def compare_with(self, heard: Heard, own: Shares | None = None) -> Self:
        """Learn what is usual, which contributions are measured from.

        `heard` is of the customers that others are compared with, `own` as `explain`
        takes it.
        """
        columns, shares = self._shares(heard, own or {})
        self.usual_ = {
            name: dict(zip(columns, each.mean(axis=0).tolist(), strict=True))
            for name, each in shares.items()
        }
        return self

    def contributions(
        self, features: pd.DataFrame, own: Shares | None = None
    ) -> pd.DataFrame:
        """Return each column's share of the log-odds, all members blended.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            Features.
        own : mapping of str to mapping of str to array of shape (n_rows,), optional
            Shares of the log-odds of a member, by column, that are known better than
            the member itself can tell, such as those of the purchase process by its
            inputs.

        Returns
        -------
        DataFrame of shape (n_rows, n_columns)
            Log-odds, before calibration. A row adds up to `decision_function` less one
            number that is the same for all rows, that of a usual customer where
            `compare_with` has been called. With an encoder, those of a category's
            columns are added up.
        """
        return self.explain(self.hear(features), features.index, own)

    def explain(
        self, heard: Heard, index: pd.Index, own: Shares | None = None
    ) -> pd.DataFrame:
        """Return the contributions to what the members said."""
        columns, shares = self._shares(heard, own or {})
        for name, usual in self.usual_.items():
            shares[name] = shares[name] - [usual.get(column, 0.0) for column in columns]
        said = heard.log_odds
        pull = pulls(
            said,
            {name: odds - shares[name].sum(axis=1) for name, odds in said.items()},
            self.recipe.weights,
            self.recipe.pool,
        )
        total = np.zeros((len(index), len(columns)))
        for name, each in shares.items():
            total += each * pull[name][:, None]
        told = pd.DataFrame(total, index, columns)
        return told if self.encoder is None else self._by_owner(told)

    def _shares(self, heard: Heard, own: Shares) -> tuple[list[str], dict[str, Floats]]:
        """Return the columns, and each member's shares in their order."""
        more = [name for each in own.values() for name in each]
        columns = list(dict.fromkeys([*self.features_, *more]))
        shares = {}
        for name, member in self.members_.items():
            rows = heard.rows[name]
            shares[name] = each = np.zeros((len(rows), len(columns)))
            if name not in own:
                each[:, : rows.shape[1]] = member.shares(rows)
            for column, values in own.get(name, {}).items():
                each[:, columns.index(column)] = values
        return columns, shares

    def _by_owner(self, shares: pd.DataFrame) -> pd.DataFrame:
        assert self.encoder is not None
        total = pd.DataFrame(0.0, index=shares.index, columns=[*self.encoder.kinds_])
        for column in shares.columns:
            total[self.encoder.owners_[str(column)]] += shares[column]
        return total

    def to_dict(self) -> dict[str, Any]:
        """Return all but the trees, as JSON-safe data.

        Returns
        -------
        dict
        """
        members = {name: member.to_dict() for name, member in self.members_.items()}
        return {
            "recipe": self.recipe.to_dict(),
            "features": self.features_,
            "ranks": self.ranks_.to_dict(),
            "members": members,
            "usual": self.usual_,
            "trees": {name: len(texts) for name, texts in self.trees().items()},
            "encoder": None if self.encoder is None else self.encoder.to_dict(),
        }

    def trees(self) -> dict[str, list[str]]:
        """Return the trees of the members that have any as LightGBM's text.

        Returns
        -------
        dict of str to list of str
        """
        texts = {name: member.trees() for name, member in self.members_.items()}
        return {name: own for name, own in texts.items() if own}

    @classmethod
    def from_dict(
        cls,
        data: Mapping[str, Any],
        trees: Mapping[str, Sequence[str]],
        encoder: Encoder | None = None,
    ) -> Self:
        """Return the model that `to_dict` and `trees` described.

        Parameters
        ----------
        data : mapping
            As `to_dict` gives it.
        trees : mapping of str to sequence of str
            As `trees` gives them.
        encoder : Encoder, optional
            Read from ``data["encoder"]``.

        Returns
        -------
        ChurnEnsemble
        """
        model = cls(Recipe.from_dict(data["recipe"]), encoder)
        model.features_ = list(data["features"])
        model.ranks_ = SnapshotRanks.from_dict(data["ranks"])
        model.members_ = {
            name: read_member(name, own, trees.get(name, ()), model.features_)
            for name, own in data["members"].items()
        }
        model.usual_ = {name: dict(each) for name, each in data["usual"].items()}
        return model
