"""TreeSHAP from tables: exact, and several times as fast where many rows are explained.

What a leaf adds to a feature's share depends on one thing of a row: which of the
features on the way to the leaf lead it elsewhere. For a way of d features that is one
of 2^d cases, worked out once; explaining a row is finding its case at every leaf.

Lundberg, Erion and Lee (2018), Consistent Individualized Feature Attribution for Tree
Ensembles: shares, as LightGBM's own, under the training rows that went each way.
"""

from __future__ import annotations

from math import factorial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from regulars.models.trees import Tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    import lightgbm
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

# features on the way to a leaf, of which a case has a bit each
DEEPEST = 14
# numbers of all tables: 64 MB
LARGEST = 1 << 23
# rows looked up at a time: what is worked on stays in the processor's cache
ROWS = 64


class _Way(NamedTuple):
    """The features on the way to a node, and which share of rows each lets through."""

    shares: dict[int, float]
    depth: int


def _ways(tree: Tree) -> list[_Way]:
    ways = [_Way({}, 0)] * len(tree.n_rows)
    # children have higher numbers than the splits above them
    for split, below in enumerate(tree.children.tolist()):
        feature, way = int(tree.feature[split]), ways[split]
        for node in below:
            share = tree.n_rows[node] / max(tree.n_rows[split], 1.0)
            before = way.shares.get(feature, 1.0)
            shares = way.shares | {feature: before * float(share)}
            ways[node] = _Way(shares, way.depth + 1)
    return ways


class _Step(NamedTuple):
    """All steps of one depth: from splits to the nodes below them."""

    above: Ints
    below: Ints
    split: Ints
    is_left: Flags
    # of the split's feature, among those on the way to the node
    bit: NDArray[np.int16]


class _Leaves(NamedTuple):
    """Leaves with as many features on their ways, and what they add in each case."""

    node: Ints
    # of the leaf's table among the rows of `values`
    start: NDArray[np.int32]
    values: Floats  # of shape (n_cases, width)
    feature: Ints  # of shape (n_leaves * width,)


class ShapTables:
    """The tables of a booster whose ways are short enough: see `of`."""

    def __init__(self, trees: Sequence[Tree], ways: Sequence[Sequence[_Way]]) -> None:
        self._feature = np.concatenate([tree.feature for tree in trees])
        self._threshold = np.concatenate([tree.threshold for tree in trees])[:, None]
        self._nan_left = np.concatenate([t.nan_goes_left for t in trees])[:, None]
        first_split = np.cumsum([0, *(len(tree.feature) for tree in trees)])
        first_node = np.cumsum([0, *map(len, ways)])
        self._n_nodes = int(first_node[-1])
        self._steps = _steps(trees, ways, first_split, first_node)
        by_width: dict[int, list[tuple[int, _Way, float]]] = {}
        for tree, way_of, start in zip(trees, ways, first_node, strict=False):
            for node, value in enumerate(tree.leaf_value, len(tree.feature)):
                way = way_of[node]
                of_width = by_width.setdefault(len(way.shares), [])
                of_width.append((int(start) + node, way, float(value)))
        self._leaves = [_leaves(own) for width, own in by_width.items() if width]

    @classmethod
    def of(cls, booster: lightgbm.Booster) -> ShapTables | None:
        """Return the tables of a booster; None where they would be too large."""
        trees = Tree.all_of(booster)
        ways = [_ways(tree) for tree in trees]
        widths = np.array(
            [
                len(way.shares)
                for tree, way_of in zip(trees, ways, strict=True)
                for way in way_of[len(tree.feature) :]
            ]
        )
        is_large = (widths * 2.0**widths).sum() > LARGEST
        if is_large or widths.max() > DEEPEST or not all(t.is_plain for t in trees):
            return None
        return cls(trees, ways)

    def contributions(self, features: Floats) -> Floats:
        """Return each feature's share of the sum of the trees, against their mean."""
        shares = np.zeros(features.shape)
        for start in range(0, len(features), ROWS):
            rows = slice(start, start + ROWS)
            shares[rows] = self._block(features[rows])
        return shares

    def _block(self, features: Floats) -> Floats:
        n_rows, n_features = features.shape
        case = self._cases(np.ascontiguousarray(features.T))
        total = np.zeros(n_rows * n_features)
        own = np.arange(n_rows)[:, None] * n_features
        for leaves in self._leaves:
            added = leaves.values.take(case[leaves.node].T + leaves.start, axis=0)
            places = (own + leaves.feature).ravel()
            total += np.bincount(places, added.ravel(), len(total))
        return total.reshape(n_rows, n_features)

    def _cases(self, features: Floats) -> NDArray[np.int16]:
        """Return the features, a bit each, that lead rows elsewhere than to a node."""
        values = features[self._feature]
        goes_left = values <= self._threshold
        goes_left |= np.isnan(values) & self._nan_left
        case = np.zeros((self._n_nodes, features.shape[1]), np.int16)
        for step in self._steps:
            is_off = goes_left[step.split] != step.is_left[:, None]
            case[step.below] = case[step.above] | is_off * step.bit[:, None]
        return case


def _steps(
    trees: Sequence[Tree],
    ways: Sequence[Sequence[_Way]],
    first_split: Ints,
    first_node: Ints,
) -> list[_Step]:
    rows = [
        (
            way[split].depth,
            node0 + split,
            node0 + node,
            split0 + split,
            side == 0,
            1 << list(way[node].shares).index(int(tree.feature[split])),
        )
        for tree, way, split0, node0 in zip(
            trees, ways, first_split, first_node, strict=False
        )
        for split, below in enumerate(tree.children.tolist())
        for side, node in enumerate(below)
    ]
    table = np.array(rows, np.int64).reshape(-1, 6)
    found = []
    for depth in np.unique(table[:, 0]):
        _, above, below, split, is_left, bit = table[table[:, 0] == depth].T
        found.append(_Step(above, below, split, is_left > 0, bit.astype(np.int16)))
    return found


def _leaves(own: Sequence[tuple[int, _Way, float]]) -> _Leaves:
    shares = np.array([list(way.shares.values()) for _, way, _ in own])
    tables = _tables_of(shares, np.array([value for _, _, value in own]))
    n_leaves, n_cases, width = tables.shape
    return _Leaves(
        np.array([node for node, _, _ in own]),
        (np.arange(n_leaves) * n_cases).astype(np.int32),
        tables.reshape(-1, width),
        np.array([list(way.shares) for _, way, _ in own]).ravel(),
    )


def _tables_of(shares: Floats, values: Floats) -> Floats:
    """Return the tables of leaves with as many features on their ways.

    A coalition of features lets a row through with the product of 0 or 1 for those in
    it and of the shares of rows for the others; coalitions of a size weigh the same.
    """
    n_leaves, width = shares.shape
    cases = np.arange(1 << width)
    on_way = (cases[:, None] >> np.arange(width) & 1) == 0
    # coefficients by the size of the coalition, of all features together
    whole = np.zeros((width + 1, n_leaves, len(cases)))
    whole[0] = 1.0
    for unit in range(width):
        joined = whole[:-1] * on_way[:, unit]
        whole *= shares[:, [unit]]
        whole[1:] += joined
    weights = [
        factorial(size) * factorial(width - size - 1) / factorial(width)
        for size in range(width)
    ]
    table = np.empty((n_leaves, len(cases), width))
    for unit in range(width):
        share, joins = shares[:, [unit]], on_way[:, unit]
        # of the others: the feature is divided out, from the largest coalition down
        through, total = np.zeros((n_leaves, len(cases))), 0.0
        for size in reversed(range(width)):
            without = whole[size] / share
            through = np.where(joins, whole[size + 1] - share * through, without)
            total = total + weights[size] * through
        table[:, :, unit] = values[:, None] * (joins - share) * total
    return table
