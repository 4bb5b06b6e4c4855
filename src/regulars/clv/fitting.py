"""Maximum likelihood with analytic gradients: one optimiser for every model.

So the rule for "converged" and the message of a failure are written once. Parameters
are unbounded (logarithms of the positive ones); a box keeps the search in range.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from threadpoolctl import ThreadpoolController

from regulars.errors import ConvergenceError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

FloatArray = NDArray[np.float64]
Objective = Callable[[FloatArray], tuple[float, FloatArray]]

_STEP = 1e-4  # of the gradient's central differences: error about 1e-8 relative
# Log-likelihood units of all customers still to be won when we stop, and the most that
# still counts as converged: 1e-4 moves no parameter by more than 0.014 standard errors
_DECREMENT = 1e-9
_ACCEPTED = 1e-4
_MARGIN = 1e-3  # of an edge: what is closer is at it
_FLAT = 1e-7  # curvature a customer, below which a direction is not identified
_LONGEST_STEP = 2.0  # in logarithms: a factor of seven


def single_threaded() -> AbstractContextManager[Any]:
    """Keep linear algebra on one thread for a while.

    The products here are many and short: waking threads for them costs five times
    what it saves, and more on a busy machine.
    """
    limits: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return limits


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


@dataclass(frozen=True)
class Optimum:
    """Where a log-likelihood is greatest, and how well the data pin it down."""

    theta: FloatArray
    log_likelihood: float  # without the penalty, summed over customers
    covariance: FloatArray  # rows of parameters at an edge are zero
    gradient: FloatArray  # of the penalised log-likelihood
    iterations: int  # of all stages together
    message: str  # what the optimiser said last
    at_edge: dict[str, str]  # parameter: "lower" or "upper"
    unidentified: tuple[str, ...]  # those that move along a flat direction


def numeric_hessian(objective: Objective, theta: FloatArray) -> FloatArray:
    """Return the Hessian as central differences of the analytic gradient."""
    columns = []
    for k in range(theta.size):
        step = np.zeros_like(theta)
        step[k] = _STEP
        above, below = objective(theta + step)[1], objective(theta - step)[1]
        columns.append((above - below) / (2 * _STEP))
    hessian = np.array(columns)
    return np.asarray((hessian + hessian.T) / 2)


def maximise(
    objective: Objective,
    starts: Sequence[FloatArray],
    *,
    names: Sequence[str],
    n_customers: float,
    lower: FloatArray | float = -12.0,
    upper: FloatArray | float = 12.0,
    penalty: float = 0.0,
    coarse: Objective | None = None,
) -> Optimum:
    """Maximise a log-likelihood from several starts and measure its curvature.

    The starts race with L-BFGS-B (on ``coarse``, if one is given); the best is
    finished by Newton steps on ``objective``: the answer never depends on the sample.
    """
    size = len(names)
    low = np.broadcast_to(np.asarray(lower, float), (size,))
    high = np.broadcast_to(np.asarray(upper, float), (size,))
    full = _Descent(objective, n_customers, penalty, low, high)
    draft = full if coarse is None else full.on(coarse)
    begin, iterations, message = _race(draft, starts)
    # Without second derivatives of its own a Hessian of all customers costs eight
    # evaluations for four parameters; that of the sample is close enough to step by
    borrow = coarse is not None and not full.is_curved
    curvature = draft.hessian(begin) if borrow else None
    end = full.newton(begin, curvature)
    iterations += end.iterations
    # "not <", so that a decrement that is no number does not pass
    if not end.decrement < _ACCEPTED / n_customers:
        again, more, message = _race(full, [end.theta])
        end = full.newton(again, None)
        iterations += more + end.iterations
    gradient = -full(end.theta)[1] * n_customers
    log_likelihood = float(objective(end.theta)[0])
    is_number = bool(np.isfinite(log_likelihood))
    if not (is_number and end.decrement < _ACCEPTED / n_customers):
        raise _failure(names, gradient, iterations, message)
    at_edge = _edges(full, end.theta, names)
    covariance, unidentified = _covariance(end.hessian, n_customers, names, at_edge)
    return Optimum(
        theta=end.theta,
        log_likelihood=log_likelihood,
        covariance=covariance,
        gradient=gradient,
        iterations=iterations,
        message=message,
        at_edge=at_edge,
        unidentified=unidentified,
    )


class _Finish(NamedTuple):
    """Where Newton's method stopped, and what a further step should still win."""

    theta: FloatArray
    gradient: FloatArray
    hessian: FloatArray
    iterations: int
    decrement: float


class _Descent:
    """Negative penalised log-likelihood a customer, inside a box.

    A customer, so that tolerances mean the same whatever their number.
    """

    def __init__(
        self,
        objective: Objective,
        n_customers: float,
        penalty: float,
        low: FloatArray,
        high: FloatArray,
    ) -> None:
        self.objective = objective
        self.n_customers = n_customers
        self.penalty = penalty
        self.low = low
        self.high = high
        #: Whether the objective brings its own second derivatives.
        self.is_curved = hasattr(objective, "hessian")

    def on(self, objective: Objective) -> _Descent:
        """Return the same problem on another objective."""
        return _Descent(objective, self.n_customers, self.penalty, self.low, self.high)

    def __call__(self, theta: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = self.objective(theta)
        value = -value / self.n_customers + self.penalty * float(theta @ theta)
        gradient = -gradient / self.n_customers + 2 * self.penalty * theta
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            return 1e100, np.zeros_like(theta)  # the line search turns back
        return value, gradient

    def hessian(self, theta: FloatArray) -> FloatArray:
        """Return the second derivatives at a point."""
        if not self.is_curved:
            return numeric_hessian(self, theta)
        bend = -self.objective.hessian(theta) / self.n_customers  # type: ignore[attr-defined]
        return np.asarray(bend + 2 * self.penalty * np.eye(theta.size))

    def free(self, theta: FloatArray, gradient: FloatArray) -> NDArray[np.bool_]:
        """Return which parameters are not pressed against an edge."""
        stuck_low = (theta <= self.low) & (gradient > 0)
        stuck_high = (theta >= self.high) & (gradient < 0)
        return np.asarray(~(stuck_low | stuck_high))

    def newton(
        self, theta: FloatArray, curvature: FloatArray | None, limit: int = 60
    ) -> _Finish:
        """Finish by Newton steps; a curvature is kept for as long as it serves."""
        value, gradient = self(theta)
        # fresh: the matrix is the curvature here, so that the promise of a step counts
        fresh = curvature is None
        matrix = self.hessian(theta) if curvature is None else curvature
        decrement = before = np.inf
        for iteration in range(limit):
            step, decrement = self._step(theta, gradient, matrix)
            if decrement < _DECREMENT / self.n_customers and fresh:
                return _Finish(theta, gradient, matrix, iteration, decrement)
            # A borrowed curvature serves while each step wins nine tenths of the rest
            slow = decrement > 0.1 * before or decrement < _DECREMENT / self.n_customers
            if slow and not fresh:
                matrix, fresh, before = self.hessian(theta), True, np.inf
                continue
            moved = self._search(theta, value, gradient, step)
            if moved is None:
                if fresh:
                    return _Finish(theta, gradient, matrix, iteration, decrement)
                matrix, fresh, before = self.hessian(theta), True, np.inf
                continue
            theta, value, gradient = moved
            fresh, before = self.is_curved, decrement
            if fresh:
                matrix = self.hessian(theta)
        return _Finish(theta, gradient, self.hessian(theta), limit, decrement)

    def _step(
        self, theta: FloatArray, gradient: FloatArray, matrix: FloatArray
    ) -> tuple[FloatArray, float]:
        """Return a Newton step that pushes nothing through an edge, and its promise."""
        free = self.free(theta, gradient)
        while True:
            step, decrement = _newton_step(matrix, gradient, free)
            at_low, at_high = theta <= self.low + _MARGIN, theta >= self.high - _MARGIN
            outward = (at_low & (step < 0)) | (at_high & (step > 0))
            if not outward.any():
                return step, decrement
            # one that would leave the box stays where it is; the others step without it
            free &= ~outward

    def _search(
        self, theta: FloatArray, value: float, gradient: FloatArray, step: FloatArray
    ) -> tuple[FloatArray, float, FloatArray] | None:
        """Halve the step until the objective falls; None if it never does."""
        noise = 1e-13 * max(1.0, abs(value))  # of a sum over customers
        steepest = _pressed(gradient, theta, self)
        for power in range(25):
            trial = np.clip(theta + step * 0.5**power, self.low, self.high)
            reached, slope = self(trial)
            # Close to the top values are noise, and only the gradient still tells
            level = reached <= value + noise and _pressed(slope, trial, self) < steepest
            if reached < value - noise or level:
                return trial, reached, slope
        return None


def _pressed(gradient: FloatArray, theta: FloatArray, descent: _Descent) -> float:
    """Return the greatest slope among the parameters that may still move."""
    return float(np.max(np.abs(gradient) * descent.free(theta, gradient), initial=0.0))


def _newton_step(
    matrix: FloatArray, gradient: FloatArray, free: NDArray[np.bool_]
) -> tuple[FloatArray, float]:
    """Return a downhill step of bounded length, and what it should win."""
    step = np.zeros_like(gradient)
    if not free.any():
        return step, 0.0
    values, vectors = np.linalg.eigh(matrix[np.ix_(free, free)])
    # A direction that curves the wrong way is walked downhill, not towards its saddle
    values = np.maximum(np.abs(values), 1e-10 + 1e-12 * np.abs(values).max())
    along = vectors.T @ gradient[free]
    move = -along / values
    length = float(np.max(np.abs(move)))
    if length > _LONGEST_STEP:
        move = move * (_LONGEST_STEP / length)
    step[free] = vectors @ move
    # Newton's decrement, g' H^-1 g / 2; along a flat direction no step is longer, so
    # its promise is capped in the same way
    promise = np.where(
        np.abs(along / values) > _LONGEST_STEP,
        np.abs(along) * _LONGEST_STEP,
        along**2 / values,
    )
    return step, float(promise.sum() / 2)


def _race(
    descent: _Descent, starts: Sequence[FloatArray]
) -> tuple[FloatArray, int, str]:
    """Run L-BFGS-B from every start; return the best end, all iterations, a message."""
    if not starts:
        msg = "maximise needs at least one start, got none."
        raise ValueError(msg)
    # A rough end tells which start is best; only that one is followed to the top
    ends = [_descend(descent, start, 1e-6) for start in starts]
    best = min(ends, key=lambda end: float(end.fun))
    final = _descend(descent, best.x, 1e-13)
    iterations = sum(int(end.nit) for end in [*ends, final])
    return np.asarray(final.x, dtype=np.float64), iterations, str(final.message)


def _descend(descent: _Descent, start: FloatArray, tolerance: float) -> Any:
    """Run L-BFGS-B from one start."""
    return minimize(
        descent,
        np.clip(start, descent.low, descent.high),
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(descent.low, descent.high, strict=True)),
        options={"maxiter": 500, "ftol": tolerance, "gtol": 1e-7},
    )


def _failure(
    names: Sequence[str], gradient: FloatArray, iterations: int, message: str
) -> ConvergenceError:
    slopes = ", ".join(f"{n}: {g:.3g}" for n, g in zip(names, gradient, strict=True))
    msg = (
        f"The likelihood could not be maximised after {iterations} iterations; the "
        f"optimiser said {message!r} and the gradient is still ({slopes}). Check the "
        "summary for outliers, use more customers, or set a small penalty (0.001)."
    )
    return ConvergenceError(msg, iterations=iterations, gradient=gradient)


def _edges(
    descent: _Descent, theta: FloatArray, names: Sequence[str]
) -> dict[str, str]:
    """Return the parameters at an edge, and which edge it is."""
    limits = zip(names, theta, descent.low, descent.high, strict=True)
    return {
        name: "lower" if value <= low + _MARGIN else "upper"
        for name, value, low, high in limits
        if value <= low + _MARGIN or value >= high - _MARGIN
    }


def _covariance(
    hessian: FloatArray,
    n_customers: float,
    names: Sequence[str],
    at_edge: dict[str, str],
) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the inverse curvature, leaving out edges and flat directions."""
    covariance = np.zeros_like(hessian)
    free = np.array([name not in at_edge for name in names])
    if not free.any():
        return covariance, ()
    values, vectors = np.linalg.eigh(hessian[np.ix_(free, free)])
    flat = values < _FLAT * max(1.0, float(values.max()))
    inverse = np.where(flat, 0.0, 1.0 / np.where(flat, 1.0, values))
    covariance[np.ix_(free, free)] = (vectors * inverse) @ vectors.T / n_customers
    # named are the parameters with a good share in a flat direction
    weight = np.abs(vectors[:, flat]).max(axis=1, initial=0.0)
    open_names = [name for name, is_free in zip(names, free, strict=True) if is_free]
    moving = tuple(n for n, w in zip(open_names, weight, strict=True) if w > 0.3)
    return covariance, moving
