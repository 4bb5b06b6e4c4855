"""What each offer adds to each customer's margin, learnt from randomised campaigns.

Effects are learnt on the relative margin, (Y - m0(x)) / V(x), and multiplied by V
afterwards: m0 and V, the margin of those who buy, are learnt on untouched customers.
They are shrunk towards an effect that is the same share of everybody's V. How far all
of this can be believed is tried on customers whom it was not learnt from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np
from scipy import stats

from regulars.campaigns.allocation import Problem, allocate
from regulars.campaigns.baseline import Baseline
from regulars.campaigns.learners import (
    BAGS,
    FOLDS,
    Sample,
    bagged,
    dr_learner,
    residual_learner,
    scaled_ridge,
    t_learner,
    x_learner,
)
from regulars.errors import DataError
from regulars.metrics.uplift import PolicyValue, policy_value, ranking_test

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from regulars.campaigns.experiment import Experiment, Untouched
    from regulars.campaigns.learners import Effects, Learner

    Floats: TypeAlias = NDArray[np.float64]

PROVEN_Z = 1.64
RANKING_P = 0.025
RANKING_FOLDS = 5
SRM_P = 0.001
LEAST_SHARE = 0.02
BALANCE = "balance"
# standard errors by which another learner has to beat the mix, the most robust one
CLEARLY = 2.0
# customers of the smaller group who are expected to have another value than most
FEWEST_APART = 10
LEAST_CUSTOMERS = 200
"""Customers of the control group, and of an offer, without whom nothing is learnt."""

SHRUNK_TO = 0.75
# quantile beyond which relative margins are cut off: one customer of little value
CUT = 0.999
QUICK_BAGS = 2

Verdicts: TypeAlias = Literal["proven", "promising", "none"]


@dataclass(frozen=True)
class Verdict:
    """Whether sending the offers by what was learnt would pay.

    Attributes
    ----------
    kind : {"proven", "promising", "none"}
        Above 1.64 standard errors, above 0, or neither.
    value : PolicyValue
        What the choice earns over nobody, estimated on customers of other folds.
    n_customers : int
        Customers of the experiments.
    """

    kind: Verdicts
    value: PolicyValue
    n_customers: int

    @property
    def sentence(self) -> str:
        """What it means, in a sentence."""
        n = f"{self.n_customers:,} customers of randomised campaigns"
        each = self.value.value / max(self.n_customers, 1)
        error = self.value.standard_error / max(self.n_customers, 1)
        earned = f"{each:,.2f} (standard error {error:,.2f}) a customer"
        meaning = {
            "proven": "it pays",
            "promising": "it may pay: spend as a test, with a control group of 30%",
            "none": "nothing shows that it pays: send nobody an offer",
        }[self.kind]
        return f"Tried on {n}, the choice earns {earned}: {meaning}."


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


@dataclass(frozen=True, eq=False)
class LearnedUplift:
    """Effects of offers on the margin of a horizon.

    Attributes
    ----------
    offers : tuple of str
        Names, in the order of the columns of effects.
    learner : str
        What was chosen on validation: ``mix``, ``x``, ``t``, ``dr`` or
        ``proportional``.
    verdict : Verdict
        Whether the choice pays.
    ranking_p : float
        One-sided p of the test that effects rise with their prediction.
    checks : tuple of Check
        Of the draw.
    values : mapping of str to PolicyValue
        Of each learner, on validation.
    """

    offers: tuple[str, ...]
    baseline: Baseline
    learner: str
    verdict: Verdict
    ranking_p: float
    checks: tuple[Check, ...]
    values: Mapping[str, PolicyValue]
    mean_effect: Floats
    mean_error: Floats
    _effects: Effects = field(repr=False)

    @property
    def ranking_holds(self) -> bool:
        """Whether it is claimed that higher predictions mean higher effects."""
        return self.ranking_p < RANKING_P

    def effects(self, features: Floats) -> Floats:
        """Return the margin that each offer adds: shape (n_customers, n_offers)."""
        return self._effects(features)

    def standard_errors(self, features: Floats) -> Floats:
        """Return those of the effects, as far as the mean effect is uncertain."""
        value = self.baseline.value(features)
        return value[:, None] * self.mean_error


Way: TypeAlias = "Callable[[Experiment, Baseline, int, int], Effects]"


def learn_uplift(
    experiments: Sequence[Experiment],
    untouched: Untouched,
    *,
    cost: Sequence[float] | None = None,
    budget: float = np.inf,
    seed: int = 0,
) -> LearnedUplift:
    """Learn the effects of offers, and how far they can be believed.

    Parameters
    ----------
    experiments : sequence of Experiment
        Randomised campaigns of the same offers and features.
    untouched : Untouched
        Customers without an offer, for the baseline.
    cost : sequence of float of shape (n_offers,), optional
        Expected cost of each offer to a customer; default: none.
    budget : float
        What may be spent a customer of the experiments, on average.
    seed : int
        Of folds and trees.

    Raises
    ------
    DataError
        There are too few customers, or the draw was none.
    """
    experiment = _together(experiments)
    _refuse_too_few(experiment, untouched)
    checks = tuple(_checks(experiments))
    if failed := [
        check for check in checks if not check.holds and check.name != BALANCE
    ]:
        raise DataError(" ".join(check.sentence for check in failed))
    baseline = Baseline.fit(untouched, seed)
    costs = np.zeros(len(experiment.offers)) if cost is None else np.array(cost, float)
    choices = _cross_fitted(experiment, baseline, costs, budget, seed)
    residual = experiment.margin - baseline.margin(experiment.features)
    values = {
        name: _value(experiment, residual, c, costs) for name, c in choices.items()
    }
    learner = _best(experiment, residual, choices, costs, values)
    value = values[learner]
    kind: Verdicts = "none"
    if value.value > 0:
        kind = "proven" if value.z > PROVEN_Z else "promising"
    share, error = _mean_effects(experiment, residual, baseline)
    return LearnedUplift(
        experiment.offers,
        baseline,
        learner,
        Verdict(kind, value, len(experiment)),
        ranking_p(experiment, baseline, seed),
        checks,
        values,
        share,
        error,
        WAYS[learner](experiment, baseline, seed, BAGS),
    )


def _together(experiments: Sequence[Experiment]) -> Experiment:
    """Return the campaigns as one; an offer that one did not have was never drawn."""
    first = experiments[0]
    if len(experiments) == 1:
        return first
    offers = tuple(sorted({name for each in experiments for name in each.offers}))
    arms, shares = [], []
    for each in experiments:
        place = np.array([0, *(1 + offers.index(name) for name in each.offers)])
        arms.append(place[each.arm])
        wide = np.zeros((len(each), len(offers) + 1))
        wide[:, place] = each.shares
        shares.append(wide)
    return type(first)(
        offers,
        np.concatenate([each.features for each in experiments]),
        np.concatenate(arms),
        np.concatenate(shares),
        np.concatenate([each.margin for each in experiments]),
        np.concatenate([each.kept for each in experiments]),
        all(each.is_planned for each in experiments),
    )


def _refuse_too_few(experiment: Experiment, untouched: Untouched) -> None:
    sizes = np.bincount(experiment.arm, minlength=len(experiment.offers) + 1)
    least, n_kept = int(sizes.min()), int(untouched.kept.sum())
    if least < LEAST_CUSTOMERS or n_kept < LEAST_CUSTOMERS:
        msg = (
            f"The smallest group of the randomised campaigns has {least:,} customers, "
            f"and {n_kept:,} untouched customers bought; {LEAST_CUSTOMERS} of each are "
            "needed to learn effects. Run a larger test first."
        )
        raise DataError(msg)


def _checks(experiments: Sequence[Experiment]) -> Iterator[Check]:
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
    holds = p * n_campaigns >= SRM_P
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
    return Check(BALANCE, p >= SRM_P, told)


def _cross_fitted(
    experiment: Experiment,
    baseline: Baseline,
    costs: Floats,
    budget: float,
    seed: int,
) -> dict[str, NDArray[np.int64]]:
    """Return each learner's choice for customers that it did not learn from."""
    n = len(experiment)
    fold = np.random.default_rng(seed).permutation(n) % FOLDS
    effects = {name: np.zeros((n, len(costs))) for name in WAYS}
    for each in range(FOLDS):
        apart = fold == each
        rest = experiment.take(~apart)
        for name, way in WAYS.items():
            learnt = way(rest, baseline, seed, QUICK_BAGS)
            effects[name][apart] = learnt(experiment.features[apart])
    allowed = experiment.shares[:, 1:] > 0
    cost = np.broadcast_to(costs, allowed.shape)
    return {
        name: allocate(Problem(found, cost, allowed, budget * n)).choice + 1
        for name, found in effects.items()
    }


def _value(
    experiment: Experiment, residual: Floats, choice: NDArray[np.int64], costs: Floats
) -> PolicyValue:
    spent = np.append(0.0, costs)[choice]
    return policy_value(
        y=residual,
        arm=experiment.arm,
        shares=experiment.shares,
        choice=choice,
        cost=spent,
    )


def _best(
    experiment: Experiment,
    residual: Floats,
    choices: Mapping[str, NDArray[np.int64]],
    costs: Floats,
    values: Mapping[str, PolicyValue],
) -> str:
    """Return the learner of most value; the mix, unless another is clearly better."""
    best = max(values, key=lambda name: values[name].value)
    rows = np.arange(len(experiment))
    drawn, shares = experiment.arm, experiment.shares

    def each(choice: NDArray[np.int64]) -> Floats:
        weight = (drawn == choice) / shares[rows, choice] - (drawn == 0) / shares[:, 0]
        spent = np.append(0.0, costs)[choice]
        return np.where(choice > 0, weight * residual - spent, 0.0)

    gain = each(choices[best]) - each(choices[MIX])
    error = gain.std() * np.sqrt(len(gain))
    return best if gain.sum() > CLEARLY * error else MIX


def _mean_effects(
    experiment: Experiment, residual: Floats, baseline: Baseline
) -> tuple[Floats, Floats]:
    """Return the mean effect of each offer as a share of V, with standard errors."""
    value = baseline.value(experiment.features).mean()
    means, variances = [], []
    for arm in range(len(experiment.offers) + 1):
        rows = experiment.arm == arm
        weight = 1.0 / experiment.shares[rows, arm]
        mean = np.average(residual[rows], weights=weight)
        means.append(mean)
        far = weight * (residual[rows] - mean)
        variances.append((far**2).sum() / weight.sum() ** 2)
    effect = np.array(means[1:]) - means[0]
    error = np.sqrt(np.array(variances[1:]) + variances[0])
    return effect / value, error / value


def ranking_p(experiment: Experiment, baseline: Baseline, seed: int = 0) -> float:
    """Return the one-sided p of the ranking, by folds in sequence.

    Each fold is predicted by what was learnt on the folds before it, so that the z of
    the folds are independent.
    """
    n = len(experiment)
    fold = np.random.default_rng(seed + 1).permutation(n) % RANKING_FOLDS
    total, n_tested = 0.0, 0
    for each in range(1, RANKING_FOLDS):
        now = experiment.take(fold == each)
        learnt = WAYS[MIX](experiment.take(fold < each), baseline, seed, QUICK_BAGS)
        effects = np.where(now.shares[:, 1:] > 0, learnt(now.features), -np.inf)
        best = effects.argmax(axis=1) + 1
        rows = np.flatnonzero((now.arm == 0) | (now.arm == best))
        treated = now.arm[rows] > 0
        if treated.all() or not treated.any():
            continue
        control, offer = now.shares[rows, 0], now.shares[rows, best[rows]]
        test = ranking_test(
            y=now.margin[rows],
            treatment=treated,
            # by ranks: a few large predictions claim too often where most buy nothing
            uplift=stats.rankdata(effects[rows, best[rows] - 1]),
            baseline=baseline.margin(now.features[rows]),
            propensity=offer / (offer + control),
        )
        total, n_tested = total + test.z, n_tested + 1
    return float(stats.norm.sf(total / np.sqrt(max(n_tested, 1))))


def _samples(experiment: Experiment, baseline: Baseline) -> dict[str, Sample]:
    """Return the customers with each outcome: margin, relative and kept."""
    features, n_offers = experiment.features, len(experiment.offers)
    residual = experiment.margin - baseline.margin(features)
    relative = residual / baseline.value(features)
    limit = np.quantile(np.abs(relative), CUT)
    outcomes = {
        "margin": residual,
        "relative": np.clip(relative, -limit, limit),
        "kept": experiment.kept - baseline.kept(features),
    }
    return {
        name: Sample(features, outcome, experiment.arm, n_offers)
        for name, outcome in outcomes.items()
    }


def _proportional(
    experiment: Experiment, baseline: Baseline, seed: int, n_bags: int
) -> Effects:
    """Return effects that are the same share of everybody's V."""
    residual = experiment.margin - baseline.margin(experiment.features)
    share, _ = _mean_effects(experiment, residual, baseline)
    return lambda features: baseline.value(features)[:, None] * share


def _shrunk(way: Way) -> Way:
    """Shrink effects towards the proportional ones."""

    def learn(
        experiment: Experiment, baseline: Baseline, seed: int, n_bags: int
    ) -> Effects:
        own = way(experiment, baseline, seed, n_bags)
        common = _proportional(experiment, baseline, seed, n_bags)
        return lambda features: (
            SHRUNK_TO * own(features) + (1 - SHRUNK_TO) * common(features)
        )

    return learn


def _relative(learner: Learner) -> Way:
    """Learn on the relative margin, and multiply by V."""

    def learn(
        experiment: Experiment, baseline: Baseline, seed: int, n_bags: int
    ) -> Effects:
        effects = learner(_samples(experiment, baseline)["relative"], seed)
        return lambda features: effects(features) * baseline.value(features)[:, None]

    return learn


def _mixed(
    experiment: Experiment, baseline: Baseline, seed: int, n_bags: int
) -> Effects:
    """Return the mean of a ridge in V times features and of bagged trees.

    The trees learn margin, relative margin and whether customers are kept.
    """
    samples = _samples(experiment, baseline)
    middle = np.nan_to_num(np.nanmedian(experiment.features, axis=0))
    spread = np.nanstd(_logged(experiment.features, middle), axis=0) + 1e-9

    def columns(features: Floats) -> Floats:
        value = baseline.value(features)[:, None]
        scaled = _logged(features, middle) / spread
        risk = 1.0 - baseline.kept(features)[:, None]
        return np.hstack([value, value * risk, value * scaled])

    weight = 1.0 / baseline.spread(experiment.features)
    ridge = scaled_ridge(samples["margin"], columns, weight)
    learn = bagged(residual_learner, n_bags)
    margin, relative, kept = (learn(samples[name], seed) for name in samples)

    def effects(features: Floats) -> Floats:
        value = baseline.value(features)[:, None]
        in_value = relative(features) + kept(features)
        return (ridge(features) + margin(features) + value * in_value) / 4.0

    return effects


def _logged(features: Floats, middle: Floats) -> Floats:
    """Return features around their median, missing ones at it, without long tails."""
    far = np.where(np.isfinite(features), features - middle, 0.0)
    logged: Floats = np.sign(far) * np.log1p(np.abs(far))
    return logged


MIX = "mix"
WAYS: Mapping[str, Way] = {
    MIX: _shrunk(_mixed),
    "x": _shrunk(_relative(x_learner)),
    "t": _shrunk(_relative(t_learner)),
    "dr": _shrunk(_relative(dr_learner)),
    "proportional": _proportional,
}
