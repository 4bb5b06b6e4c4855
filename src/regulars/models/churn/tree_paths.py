"""How far the splits on the way to each leaf moved the mean, by feature.

TreeSHAP costs the square of the depth times the leaves: for a forest of large trees a
tenth of a second a row. The way to the leaf costs a look-up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    import lightgbm
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Tree = dict[str, str]

# rows looked up at a time: memory does not grow with their number
ROWS = 20_000


class TreePaths:
    """The ways of all trees of a booster, read from its text."""

    def __init__(self, booster: lightgbm.Booster) -> None:
        self._booster = booster
        trees = [_fields(text) for text in booster.model_to_string().split("\nTree=")]
        ways = [_ways(tree, booster.num_feature()) for tree in trees[1:]]
        self._first_leaf = np.cumsum([0, *(way.shape[0] for way, _ in ways[:-1])])
        self._ways = sparse.vstack([way for way, _ in ways], format="csr")
        # the mean of the training rows
        self.base = float(sum(mean for _, mean in ways))

    def contributions(self, features: Floats) -> Floats:
        """Return each feature's share; with the base, the sum of the trees."""
        blocks = [
            self._block(features[start : start + ROWS])
            for start in range(0, len(features), ROWS)
        ]
        return np.vstack(blocks) if blocks else np.zeros(features.shape)

    def _block(self, features: Floats) -> Floats:
        leaves = np.asarray(
            self._booster.predict(features, pred_leaf=True, num_threads=1)
        ).reshape(len(features), -1)
        at = (leaves.astype(np.int64) + self._first_leaf).ravel()
        starts = np.arange(0, len(at) + 1, leaves.shape[1])
        hits = sparse.csr_matrix(
            (np.ones(len(at)), at, starts), (len(features), self._ways.shape[0])
        )
        shares: Floats = (hits @ self._ways).toarray()
        return shares


def _fields(text: str) -> Tree:
    pairs = (line.partition("=") for line in text.splitlines())
    return {name: value for name, _, value in pairs}


def _numbers(tree: Tree, name: str) -> Floats:
    return np.array(tree.get(name, "").split(), dtype=np.float64)


def _ways(tree: Tree, n_features: int) -> tuple[sparse.csr_matrix, float]:
    """Return what each feature's splits did on the way to each leaf, and the mean."""
    leaf_value = _numbers(tree, "leaf_value")
    if len(leaf_value) == 1:  # a tree without a split
        return sparse.csr_matrix((1, n_features)), float(leaf_value[0])
    feature = _numbers(tree, "split_feature").astype(int)
    children = np.column_stack(
        [_numbers(tree, side).astype(int) for side in ("left_child", "right_child")]
    )
    n_nodes = len(feature)
    # leaves stand behind the nodes; a leaf is written as the complement of its number
    children = np.where(children < 0, n_nodes + ~children, children)
    count = np.concatenate([np.zeros(n_nodes), _numbers(tree, "leaf_count")])
    total = np.concatenate([np.zeros(n_nodes), leaf_value]) * count
    levels = [np.zeros(1, dtype=int)]
    while len(levels[-1]):
        below = children[levels[-1]].ravel()
        levels.append(below[below < n_nodes])
    for nodes in reversed(levels):
        count[nodes] = count[children[nodes]].sum(axis=1)
        total[nodes] = total[children[nodes]].sum(axis=1)
    mean = total / np.maximum(count, 1.0)
    ways = np.zeros((len(mean), n_features))
    for nodes in levels:
        below = children[nodes]
        ways[below] = ways[nodes][:, None, :]
        ways[below, feature[nodes][:, None]] += mean[below] - mean[nodes][:, None]
    return sparse.csr_matrix(ways[n_nodes:]), float(mean[0])
