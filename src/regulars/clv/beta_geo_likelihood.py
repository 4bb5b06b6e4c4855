"""The likelihood of BG/NBD and MBG/NBD without covariates, fast on millions of rows.

Value, gradient and Hessian come from one pass. Special functions depend on the
frequency alone and are taken once for each; a row costs a few logarithms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import digamma, gammaln, polygamma

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regulars.clv.fitting import FloatArray
    from regulars.clv.rows import Rows

    Derivatives = tuple[float, FloatArray, FloatArray]  # value, slopes, bends

_BLOCK = 8192  # rows at a time: a dozen columns of them fit into a second-level cache


class GeometricLikelihood:
    """Log-likelihood of the geometric dropout models, with two derivatives."""

    def __init__(self, rows: Rows, first_flip: int) -> None:
        x, weight = rows["frequency"], rows.weight
        self.n_customers = rows.n_customers
        self.n_purchases = float(x @ weight)
        self.x, self.count = _counts(x, weight)
        self.flips = self.x + first_flip
        self.first_flip = first_flip
        # BG/NBD, frequency 0: nobody can have left, only the rate's term is there
        mortal = x + first_flip > 0
        self.columns = [
            values if mortal.all() else values[mortal]
            for values in (x, rows["recency"], rows["T"], weight)
        ]
        self.immortal = (rows["T"][~mortal], weight[~mortal])
        self._at: FloatArray | None = None

    def __call__(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Return the log-likelihood and its gradient."""
        value, gradient, _ = self._all(theta)
        return value, gradient

    def hessian(self, theta: FloatArray) -> FloatArray:
        """Return the second derivatives by theta."""
        return self._all(theta)[2]

    def _all(self, theta: FloatArray) -> Derivatives:
        """Return value, gradient and Hessian; the last point is remembered."""
        if self._at is None or not np.array_equal(self._at, theta):
            self._derivatives = self._work_out(np.asarray(theta, dtype=np.float64))
            self._at = np.array(theta)
        return self._derivatives

    def _work_out(self, theta: FloatArray) -> Derivatives:
        params = np.exp(theta)
        with np.errstate(over="ignore", invalid="ignore"):  # the line search turns back
            value, slope, bend = self._terms_of_rows(params)
        more, steeper, bent = self._terms_of_frequency(params, theta[1])
        value, slope, bend = value + more, slope + steeper, bend + bent
        gradient = slope * params
        return (
            float(value),
            gradient,
            bend * np.outer(params, params) + np.diag(gradient),
        )

    def _terms_of_frequency(self, params: FloatArray, log_alpha: float) -> Derivatives:
        """Return the terms that depend on the frequency alone, by r, alpha, a, b."""
        r, alpha, a, b = params
        n, x, flips, count = self.n_customers, self.x, self.flips, self.count
        coins = gammaln(b + flips) - gammaln(a + b + flips)
        value = count @ (gammaln(r + x) + coins)
        value += n * (gammaln(a + b) - gammaln(b) - gammaln(r) + r * log_alpha)
        both = n * digamma(a + b) - count @ digamma(a + b + flips)
        alone = count @ digamma(b + flips) - n * digamma(b)
        by_rate = count @ digamma(r + x) - n * digamma(r) + n * log_alpha
        slope = np.array([by_rate, n * r / alpha, both, both + alone])
        bend = np.zeros((4, 4))
        bend[0, 0] = count @ _trigamma(r + x) - n * _trigamma(r)
        bend[0, 1] = bend[1, 0] = n / alpha
        bend[1, 1] = -n * r / alpha**2
        bend[2:, 2:] = n * _trigamma(a + b) - count @ _trigamma(a + b + flips)
        bend[3, 3] += count @ _trigamma(b + flips) - n * _trigamma(b)
        return float(value), slope, bend

    def _terms_of_rows(self, params: FloatArray) -> Derivatives:
        """Return the terms that depend on the times, by r, alpha, a, b."""
        r, alpha = params[:2]
        value, slope, bend = 0.0, np.zeros(4), np.zeros((4, 4))
        for more, steeper, bent in self._blocks(params):
            value, slope, bend = value + more, slope + steeper, bend + bent
        bend[np.tril_indices(4, -1)] = bend.T[np.tril_indices(4, -1)]
        age, weight = self.immortal
        if age.size:
            late = alpha + age
            logs, inverse = float(weight @ np.log(late)), weight / late
            value -= r * logs
            slope[:2] -= [logs, r * inverse.sum()]
            bend[0, 1] -= inverse.sum()
            bend[1, 0] -= inverse.sum()
            bend[1, 1] += r * float(inverse @ (1 / late))
        return value, slope, bend

    def _blocks(self, params: FloatArray) -> Iterator[Derivatives]:
        for first in range(0, self.columns[0].size, _BLOCK):
            yield self._block(
                params, *(c[first : first + _BLOCK] for c in self.columns)
            )

    def _block(
        self,
        params: FloatArray,
        x: FloatArray,
        recency: FloatArray,
        age: FloatArray,
        weight: FloatArray,
    ) -> Derivatives:
        """Return the terms of some rows; of the Hessian only the upper triangle."""
        r, alpha, a, b = params
        power, late, early = r + x, alpha + age, alpha + recency
        log_late, by_late, by_early = np.log(late), 1.0 / late, 1.0 / early
        silence, gap = log_late - np.log(early), by_late - by_early
        by_before = 1.0 / np.maximum(x + (b + (self.first_flip - 1)), 1e-300)
        # log-odds of having left: a customer's likelihood is that of being alive times
        # 1 + exp(odds)
        odds = np.log(by_before * a) + power * silence
        capped = np.minimum(odds, 700.0)  # as far as an exponential goes
        grown = np.exp(capped)
        whole = 1.0 + grown
        alive = 1.0 / whole
        left = grown * alive
        unsure = left * alive
        value = weight @ (np.log(whole) + (odds - capped) - power * log_late)
        left, unsure, weighted = left * weight, unsure * weight, power * weight
        steep = power * gap
        slope = np.array(
            [
                left @ silence - weight @ log_late,
                left @ steep - weighted @ by_late,
                left.sum() / a,
                -(left @ by_before),
            ]
        )
        bend = np.zeros((4, 4))
        for k, along in enumerate((silence, steep)):
            part = unsure * along
            bend[k, k] = part @ along
            bend[k, 2], bend[k, 3] = part.sum() / a, -(part @ by_before)
            if k == 0:
                bend[0, 1] = part @ steep
        part = unsure * by_before
        bend[2, 2] = (unsure.sum() - left.sum()) / a**2
        bend[2, 3] = -part.sum() / a
        bend[3, 3] = part @ by_before + left @ by_before**2
        bend[0, 1] += left @ gap - weight @ by_late
        bend[1, 1] -= (left * steep) @ (by_late + by_early)
        bend[1, 1] += (weighted * by_late) @ by_late
        return float(value), slope, bend


def _trigamma(z: FloatArray | float) -> FloatArray:
    return np.asarray(polygamma(1, z))


def _counts(x: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the distinct frequencies and the customers with each."""
    values, place = np.arange(int(x.max(initial=0)) + 1.0), x.astype(np.int64)
    if values.size > 2**20:  # counted in some other unit: too wide a table
        values, place = np.unique(x, return_inverse=True)
    count = np.bincount(place, weights=weight, minlength=values.size)
    seen = count > 0
    return values[seen], np.asarray(count[seen], dtype=np.float64)
