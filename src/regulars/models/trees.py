"""The trees of a booster, and their sums for many rows, a column at a time.

LightGBM follows a row from split to split, and every second turn surprises the
processor. Here each split is a comparison of a whole column, and small integers say
which leaf a row has reached: the same sums to the last bit, in a third of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self
from weakref import WeakKeyDictionary

import numpy as np

from regulars.models.folds import ONE_THREAD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import lightgbm
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]
    # of each row: the leaf among those below a split
    Leaves = NDArray[np.uint8]

# rows from which reading the trees is soon made up for
MANY_ROWS = 5_000
# rows at a time: their columns stay in the processor's cache
ROWS = 16_384
# numbers that a leaf can have
MOST_LEAVES = 256
# bits of LightGBM's decision types
_CATEGORICAL, _DEFAULT_LEFT, _MISSING = 1, 2, 12
_ZERO_IS_MISSING, _NAN_IS_MISSING = 4, 8
_ONE = np.array(1, np.uint8)


class Tree(NamedTuple):
    """A tree of LightGBM's; leaves stand behind the splits."""

    feature: Ints
    threshold: Floats
    decision: Ints
    children: Ints  # of shape (n_splits, 2)
    n_rows: Floats  # of training, of splits and leaves
    leaf_value: Floats

    @classmethod
    def all_of(cls, booster: lightgbm.Booster) -> list[Self]:
        """Read the trees of a booster."""
        texts = booster.model_to_string().split("\nTree=")[1:]
        return [cls.read(text) for text in texts]

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a tree from the text of a model."""
        lines = (line.partition("=") for line in text.splitlines())
        fields = {name: value.split() for name, _, value in lines}
        values = np.array(fields["leaf_value"], np.float64)
        if len(values) == 1:
            none = np.empty(0, np.int64)
            children, one = none.reshape(0, 2), np.ones(1)
            return cls(none, np.empty(0), none, children, one, values)
        left, right = (_ints(fields, f"{side}_child") for side in ("left", "right"))
        feature = _ints(fields, "split_feature")
        children = np.column_stack([left, right])
        # a leaf is written as the complement of its number
        children = np.where(children < 0, len(feature) + ~children, children)
        count = np.concatenate(
            [_ints(fields, "internal_count"), _ints(fields, "leaf_count")]
        )
        threshold = np.array(fields["threshold"], np.float64)
        decision = _ints(fields, "decision_type")
        return cls(feature, threshold, decision, children, 1.0 * count, values)

    @property
    def is_plain(self) -> bool:
        """Whether all splits are by numbers, and only NaN is missing."""
        is_zero = (self.decision & _MISSING) == _ZERO_IS_MISSING
        return not (is_zero | (self.decision & _CATEGORICAL > 0)).any()

    @property
    def nan_goes_left(self) -> Flags:
        """Where a split sends what is missing; as a 0 where it saw none."""
        is_missing = (self.decision & _MISSING) == _NAN_IS_MISSING
        default = self.decision & _DEFAULT_LEFT > 0
        return np.where(is_missing, default, self.threshold >= 0.0)


def _ints(fields: Mapping[str, list[str]], name: str) -> Ints:
    return np.array(fields[name], np.int64)


class _Split(NamedTuple):
    """A split, as a comparison that is true on one of its sides."""

    feature: int
    # not a plain number, which would be converted at each comparison
    threshold: Floats
    compare: np.ufunc
    # on the side where it is true, and on the other; None is a leaf
    so: _Split | None
    otherwise: _Split | None
    # of leaves on the other side: those of this side are numbered after them
    n_otherwise: Leaves


class TreeSums:
    """The sums of a booster's trees: see `of`."""

    def __init__(self, trees: Sequence[Tree]) -> None:
        self._trees = [_compiled(tree, 0) for tree in trees]

    @classmethod
    def of(cls, booster: lightgbm.Booster) -> Self | None:
        """Return those of a booster; None where its trees are not of this form."""
        trees = Tree.all_of(booster)
        is_plain = all(tree.is_plain for tree in trees)
        is_small = all(len(tree.leaf_value) <= MOST_LEAVES for tree in trees)
        return cls(trees) if is_plain and is_small else None

    def __call__(self, features: Floats) -> Floats:
        """Return the raw scores of rows."""
        total = np.zeros(len(features))
        for start in range(0, len(features), ROWS):
            columns = np.ascontiguousarray(features[start : start + ROWS].T)
            block = total[start : start + ROWS]
            for split, values in self._trees:
                # in the order of the trees, as LightGBM adds them up
                block += values if split is None else values.take(_leaf(split, columns))
        return total


def _compiled(tree: Tree, node: int) -> tuple[_Split | None, Floats]:
    """Return what is below a node, and the values of its leaves by their numbers."""
    n_splits = len(tree.feature)
    if node >= n_splits:
        return None, tree.leaf_value[[node - n_splits]]
    below = tree.children[node].tolist()
    compare: np.ufunc = np.less_equal
    if tree.nan_goes_left[node]:  # no comparison is true of NaN
        compare, below = np.greater, below[::-1]
    (so, values), (otherwise, others) = (_compiled(tree, each) for each in below)
    # a leaf comes first, so that what is below the other side can be masked to it
    is_first = so is None and otherwise is not None
    split = _Split(
        int(tree.feature[node]),
        np.array(tree.threshold[node]),
        compare,
        so,
        otherwise,
        np.array(len(others), np.uint8),
    )
    return split, np.concatenate([values, others] if is_first else [others, values])


def _leaf(split: _Split, columns: Floats) -> Leaves:
    """Return which of the leaves below a split each row reaches."""
    is_so: Flags = split.compare(columns[split.feature], split.threshold)
    so = is_so.view(np.uint8)
    if split.so is None:
        if split.otherwise is None:
            return so
        below = _leaf(split.otherwise, columns)
        below += _ONE
        below &= np.subtract(so, _ONE, out=so)
        return below
    below = _leaf(split.so, columns)
    below += split.n_otherwise
    below &= np.negative(so, out=so)
    if split.otherwise is None:
        return below
    return np.maximum(below, _leaf(split.otherwise, columns), out=below)


# of the boosters that were asked about many rows
_SUMS: WeakKeyDictionary[lightgbm.Booster, TreeSums | None] = WeakKeyDictionary()


def raw_scores(
    booster: lightgbm.Booster, features: Floats, n_trees: int | None = None
) -> Floats:
    """Return the raw scores of rows by the first trees; the same of few and of many."""
    if n_trees is None and len(features) >= MANY_ROWS:
        if booster not in _SUMS:
            _SUMS[booster] = TreeSums.of(booster)
        sums = _SUMS[booster]
        if sums is not None:
            return sums(features)
    raw = booster.predict(features, raw_score=True, num_iteration=n_trees, **ONE_THREAD)
    return np.asarray(raw, dtype=np.float64)
