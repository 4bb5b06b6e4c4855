"""Effects of a campaign: of all, by group, by prediction, and against the promise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

from regulars.campaigns.adjusted import (
    Effect,
    Trial,
    cuped,
    lin,
    plain,
    ratio_interval,
    slope_of_effect,
    stratified,
)
from regulars.results.readout import (
    Estimate,
    GroupEffect,
    MeasuredEffect,
    PromiseKept,
    RankingHeld,
    SampleRatio,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from regulars.campaigns.looks import Look

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

Name = Literal["retention", "orders", "gain", "margin"]
By = Literal["part", "offer", "segment", "risk_band", "predicted"]

# below it a true ratio would be an accident of one in a thousand
ALARM = 0.001
POWER = float(norm.ppf(0.8))
SINGLE = float(norm.ppf(0.975))
QUARTERS = ("lowest quarter", "second quarter", "third quarter", "highest quarter")
ORDER = (*QUARTERS[::-1], "high", "medium", "low")
OF_ROWS: tuple[By, ...] = ("offer", "segment", "risk_band")
# of either group, for a group of its own
FEWEST_IN_GROUP = 20
MEANINGS: dict[Name, str] = {
    "retention": "share of the customers who came back",
    "orders": "orders a customer",
    "gain": "margin a customer, before the offer's cost",
    "margin": "margin a customer, less the offer's cost",
}
# the most telling first: as many are used as the control group can bear
COVARIATES = ("expected_spend", "churn_probability", "clv_if_kept", "value_at_risk")
SKEWED = ("expected_spend", "clv_if_kept")


@dataclass(frozen=True, eq=False)
class Sample:
    """Customers who drew the offer or the control group, with what they did."""

    # of the campaign, as of the launch
    rows: pd.DataFrame
    # ``retention`` (0 or 1), ``orders``, ``gain``, ``margin`` and ``cost``
    outcome: dict[str, Floats]
    # how wide the intervals have to be
    look: Look

    @cached_property
    def trial(self) -> Trial:
        """Who drew what."""
        rows = self.rows
        return Trial(
            (rows["role"] == "offer").to_numpy(),
            rows["p_offer"].to_numpy(np.float64),
            pd.factorize(rows["stratum"])[0],
            covariates_of(rows),
        )

    @property
    def predicted(self) -> Floats:
        """Gain less cost that each was chosen for."""
        gain, cost = self.rows["expected_gain"], self.rows["expected_cost"]
        return (gain - cost.fillna(0.0)).to_numpy(np.float64)

    def take(self, keep: Flags) -> Sample:
        """Return some of the customers."""
        outcome = {name: values[keep] for name, values in self.outcome.items()}
        return Sample(self.rows[keep].reset_index(drop=True), outcome, self.look)

    def effect(self, name: str) -> Effect:
        """Return the headline's estimate of the effect."""
        return lin(self.trial, self.outcome[name])


def covariates_of(rows: pd.DataFrame) -> Floats:
    """Return what was known of customers at the launch, without gaps."""
    columns = [rows[name].to_numpy(np.float64) for name in COVARIATES]
    columns += [np.log1p(rows[name].clip(lower=0.0).to_numpy(float)) for name in SKEWED]
    filled = [
        np.where(np.isfinite(x), x, x[np.isfinite(x)].mean())
        for x in columns
        if np.isfinite(x).any()
    ]
    return np.column_stack(filled) if filled else np.zeros((len(rows), 1))


def estimate(effect: Effect, multiplier: float) -> Estimate:
    """Return an effect with its interval."""
    low, high = effect.interval(multiplier)
    return Estimate(value=effect.value, low=low, high=high)


def measured_effects(sample: Sample) -> tuple[MeasuredEffect, ...]:
    """Return what the offer changed, by four estimates each."""
    return tuple(_measured(sample, name) for name in MEANINGS if name in sample.outcome)


def _measured(sample: Sample, name: Name) -> MeasuredEffect:
    trial, y, wide = sample.trial, sample.outcome[name], sample.look.multiplier
    headline = lin(trial, y)
    return MeasuredEffect(
        name=name,
        meaning=MEANINGS[name],
        offer_mean=float(y[trial.treated].mean()),
        control_mean=float(y[~trial.treated].mean()),
        adjusted=estimate(headline, wide),
        stratified=estimate(stratified(trial, y), wide),
        cuped=estimate(cuped(trial, y), wide),
        plain=estimate(plain(trial, y), wide),
        smallest=(wide + POWER) * headline.error,
    )


def ratios(sample: Sample) -> tuple[Estimate | None, Estimate | None]:
    """Return margin on cost, and cost of a customer kept; None where nothing cost."""
    cost = plain(sample.trial, sample.outcome["cost"])
    if cost.value <= 0:
        return None, None
    wide = sample.look.multiplier
    kept = sample.effect("retention")
    roi = _ratio(sample.effect("margin"), cost, wide)
    return roi, _ratio(cost, kept, wide)


def _ratio(above: Effect, below: Effect, multiplier: float) -> Estimate:
    ends = ratio_interval(above, below, multiplier)
    # a ratio to what may be nought is any number
    if ends is None:
        return Estimate(value=None)
    return Estimate(value=above.value / below.value, low=ends[0], high=ends[1])


def saved_share(sample: Sample) -> Estimate:
    """Return the share of the customers silent without the offer whom it kept."""
    trial, kept = sample.trial, sample.outcome["retention"]
    control = ~trial.treated
    n, mean = int(control.sum()), float(kept[control].mean())
    parts = np.where(control, (mean - kept) / np.sqrt(n * max(n - 1, 1)), 0.0)
    silent = Effect(1 - mean, parts)
    return _ratio(lin(trial, kept), silent, sample.look.multiplier)


def sample_ratio(rows: pd.DataFrame) -> SampleRatio:
    """Return whether the control group is as large as it was drawn."""
    share = 1 - rows["p_offer"].to_numpy(np.float64)
    n_control = int((rows["role"] == "control").sum())
    expected, spread = float(share.sum()), float((share * (1 - share)).sum())
    z = (n_control - expected) / np.sqrt(spread) if spread > 0 else 0.0
    p_value = 2 * float(norm.sf(abs(z)))
    return SampleRatio(
        n_offer=len(rows) - n_control,
        n_control=n_control,
        expected_control=expected,
        p_value=p_value,
        is_alarm=p_value < ALARM,
    )


def group_effects(whole: Sample, best: Sample) -> tuple[GroupEffect, ...]:
    """Return the effect among some of the customers: exploration's beside the others'.

    Whether a group was harmed is asked of all groups of its kind at once (Bonferroni).
    """
    found: list[GroupEffect] = []
    for by, sample, labels in _cuts(whole, best):
        names = sorted({name for name in labels if isinstance(name, str)}, key=_order)
        parts = [(name, sample.take(labels == name)) for name in names]
        parts = [(n, s) for n, s in parts if s.trial.fewest >= FEWEST_IN_GROUP]
        several = float(norm.ppf(1 - 0.025 / max(len(parts), 1))) / SINGLE
        found += [_group(by, name, part, several) for name, part in parts]
    return tuple(found)


def _order(name: str) -> tuple[int, str]:
    """Return quarters and bands from the highest down, other names by the alphabet."""
    return (ORDER.index(name) if name in ORDER else -1), name


def _cuts(
    whole: Sample, best: Sample
) -> Iterator[tuple[By, Sample, NDArray[np.object_]]]:
    yield "part", whole, whole.rows["part"].to_numpy(object)
    for by in OF_ROWS:
        yield by, best, best.rows[by].to_numpy(object)
    quarter = quarters(best.predicted)
    if quarter is not None:
        yield "predicted", best, quarter


def quarters(predicted: Floats) -> NDArray[np.object_] | None:
    """Return the quarter of each prediction; None where they do not differ enough."""
    if not np.isfinite(predicted).all():
        return None
    ends = np.quantile(predicted, [0.25, 0.5, 0.75])
    if len(np.unique(ends)) < len(ends):
        return None
    place = np.searchsorted(ends, predicted, side="right")
    return np.array(QUARTERS, dtype=object)[place]


def _group(by: By, name: str, sample: Sample, several: float) -> GroupEffect:
    wide = sample.look.multiplier
    kept, margin = sample.effect("retention"), sample.effect("margin")
    treated = sample.trial.treated
    promised = float(sample.predicted[treated].mean())
    is_harm = any(e.interval(several * wide)[1] < 0 for e in (kept, margin))
    return GroupEffect(
        by=by,
        name=name,
        n_offer=int(treated.sum()),
        n_control=int((~treated).sum()),
        retention=estimate(kept, wide),
        margin=estimate(margin, wide),
        promised=promised if np.isfinite(promised) else None,
        is_harm=is_harm,
    )


def ranking_held(sample: Sample) -> RankingHeld | None:
    """Return whether more came where more had been expected; None without a spread."""
    predicted = sample.predicted
    if not np.isfinite(predicted).all():
        return None
    treated = sample.trial.treated
    # each group has a line of its own
    if any(np.ptp(predicted[group]) <= 0 for group in (treated, ~treated)):
        return None
    margin, wide = sample.outcome["margin"], sample.look.multiplier
    slope = slope_of_effect(sample.trial, margin, predicted)
    # few customers of whom most is expected would decide by themselves: the ranking is
    # tested by ranks
    tested = slope_of_effect(sample.trial, margin, rankdata(predicted) / len(predicted))
    z = tested.value / tested.error * SINGLE / wide if tested.error > 0 else 0.0
    verdict: Literal["held", "open", "reversed"] = "open"
    if abs(z) > SINGLE:
        verdict = "held" if z > 0 else "reversed"
    return RankingHeld(
        slope=estimate(slope, wide), p_value=float(norm.sf(z)), verdict=verdict
    )


def promise_kept(sample: Sample) -> PromiseKept:
    """Return what was expected of all who were sent an offer beside what came."""
    treated = sample.trial.treated
    n, sent = int(treated.sum()), sample.rows[treated]
    wide, lows = sample.look.multiplier, ("expected_gain_low", "expected_gain_high")
    low, high = (
        float(sent[name].sum()) if sent[name].notna().all() else None for name in lows
    )
    gain, margin = (sample.effect(name).times(n) for name in ("gain", "margin"))
    return PromiseKept(
        n_offer=n,
        expected_gain=float(sent["expected_gain"].sum()),
        expected_gain_low=low,
        expected_gain_high=high,
        expected_cost=float(sent["expected_cost"].sum()),
        gain=estimate(gain, wide),
        cost=float(sample.outcome["cost"][treated].sum()),
        margin=estimate(margin, wide),
    )
