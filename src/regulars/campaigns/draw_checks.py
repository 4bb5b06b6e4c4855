"""Checks of a past campaign's draw, before anything is learnt from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from regulars.campaigns.experiment import Experiment

    Floats = NDArray[np.float64]

# p below which a draw by chance is not believed
LEAST_P = 0.001
# probability of being control, below which there is too little to compare with
LEAST_SHARE = 0.02
# customers of the smaller group who are expected to have another value than most
FEWEST_APART = 10
BALANCE = "balance"


class Check(NamedTuple):
    """A check of a campaign before anything is learnt from it.

    Attributes
    ----------
    name : str
        What is looked at.
    holds : bool
        Whether it is as a random draw would have it.
    sentence : str
        What was found.
    """

    name: str
    holds: bool
    sentence: str


def checks_of(experiments: Sequence[Experiment]) -> Iterator[Check]:
    """Give each check of the campaign that fails it, of the first where none does.

    Campaign by campaign: customers and shares of one differ from those of another.
    """
    planned = [each for each in experiments if each.is_planned]
    n = len(experiments)
    found = [
        [_sample_ratio(each, len(planned)) for each in planned],
        [_overlap(each) for each in experiments],
        [_balance(each.features, each.arm == 0, n) for each in experiments],
    ]
    for checks in filter(None, found):
        yield next((check for check in checks if not check.holds), checks[0])


def _sample_ratio(experiment: Experiment, n_campaigns: int) -> Check:
    drawn = np.bincount(experiment.arm, minlength=len(experiment.offers) + 1)
    expected = experiment.shares.sum(axis=0)
    p = float(stats.chisquare(drawn, expected).pvalue)
    told = (
        f"{drawn[0]:,} customers are in the control group where {expected[0]:,.0f} "
        f"were to be expected (p = {p:.2g})."
    )
    holds = p * n_campaigns >= LEAST_P
    broken = " The draw was not carried out: nothing can be learnt from the campaign."
    return Check("sample ratio", holds, told + ("" if holds else broken))


def _overlap(experiment: Experiment) -> Check:
    least = float(experiment.shares[:, 0].min())
    holds = least >= LEAST_SHARE
    few = "" if holds else ", too little to compare with"
    told = f"The smallest probability of being control was {least:.1%}{few}."
    return Check("overlap", holds, told)


def groups_differ(features: Floats, is_control: NDArray[np.bool_]) -> bool:
    """Return whether groups differ in what was known before, beyond chance."""
    return not _balance(features, is_control).holds


def _balance(
    features: Floats, is_control: NDArray[np.bool_], n_campaigns: int = 1
) -> Check:
    """Check that groups differ in nothing that was known at the launch.

    By ranks, so that no large value decides; a feature that too few customers have in
    the smaller group cannot tell.
    """
    n, n_control = len(is_control), int(is_control.sum())
    ranks = stats.rankdata(np.nan_to_num(features, nan=-np.inf), axis=0)
    most = stats.mode(ranks, axis=0).count
    tells = (n - most) * min(n_control, n - n_control) / n >= FEWEST_APART
    ranks = ranks[:, tells]
    apart = ranks[is_control].mean(axis=0) - ranks[~is_control].mean(axis=0)
    error = ranks.std(axis=0, ddof=1) * np.sqrt(1 / n_control + 1 / (n - n_control))
    z = float(np.max(np.abs(apart / error), initial=0.0))
    p = min(1.0, 2 * float(stats.norm.sf(z)) * max(ranks.shape[1], 1) * n_campaigns)
    told = (
        f"Of {ranks.shape[1]} features the farthest apart differs by {z:.1f} standard "
        f"errors (p = {p:.2g}, over all of them)."
    )
    return Check(BALANCE, p >= LEAST_P, told)
