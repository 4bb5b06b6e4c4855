from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.campaigns.control import ControlGroup, draw, in_holdout, value_bands

IDS = [f"C{i:05d}" for i in range(5_000)]


def strata_of(ids, seed=0):
    rng = np.random.default_rng(seed)
    return rng.choice(
        [f"s{i}" for i in range(40)], len(ids), p=rng.dirichlet([0.7] * 40)
    )


def test_draw_is_the_hash_that_anybody_can_work_out():
    digits = hashlib.sha256("spring\x1fÜrsula".encode()).hexdigest()[:13]
    assert draw(["Ürsula"], "spring")[0] == int(digits, 16) / 16**13


def test_number_and_text_are_one_customer():
    assert draw([17], "spring") == draw(["17"], "spring")


def test_draws_are_uniform_and_independent_from_key_to_key():
    ids = [str(i) for i in range(50_000)]
    spring, autumn = draw(ids, "spring"), draw(ids, "autumn")
    gap = np.abs(np.sort(spring) - (np.arange(50_000) + 0.5) / 50_000).max()
    # Kolmogorov's bound at one in a thousand
    assert gap < 1.95 / np.sqrt(50_000)
    assert abs(np.corrcoef(spring, autumn)[0, 1]) < 4 / np.sqrt(50_000)
    assert abs(np.corrcoef(spring[1:], spring[:-1])[0, 1]) < 4 / np.sqrt(50_000)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3, 0.5])
def test_group_is_exact_within_strata(share):
    strata = strata_of(IDS)
    group = ControlGroup.at_launch(IDS, strata, share, "spring")
    control = group.is_control(IDS, strata)
    for name in np.unique(strata):
        of_it = strata == name
        assert abs(control[of_it].sum() - share * of_it.sum()) < 1


@given(st.integers(0, 1_000), st.sampled_from([0.1, 0.3]))
@settings(max_examples=15, deadline=None)
def test_nobody_moves_when_customers_are_added_or_in_another_order(seed, share):
    rng = np.random.default_rng(seed)
    strata, old = strata_of(IDS, seed), rng.random(len(IDS)) < 0.9
    launched = [who for who, is_old in zip(IDS, old, strict=True) if is_old]
    group = ControlGroup.at_launch(launched, strata[old], share, "spring")
    before = group.is_control(launched, strata[old])
    order = rng.permutation(len(IDS))
    later = np.empty(len(IDS), bool)
    later[order] = group.is_control([IDS[i] for i in order], strata[order])
    assert (later[old] == before).all()
    again = ControlGroup.at_launch(launched[::-1], strata[old][::-1], share, "spring")
    assert again == group


def test_small_strata_have_their_share_on_average():
    strata = [f"s{i // 3}" for i in range(len(IDS))]
    group = ControlGroup.at_launch(IDS, strata, 0.1, "spring")
    control = group.is_control(IDS, strata)
    assert control.mean() == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / len(IDS)))
    assert control.reshape(-1, 5)[:, 0].mean() == pytest.approx(0.1, abs=0.04)


def test_stratum_that_is_new_goes_by_the_share():
    group = ControlGroup.at_launch(IDS, ["old"] * len(IDS), 0.2, "spring")
    control = group.is_control(IDS, ["new"] * len(IDS))
    assert (control == (draw(IDS, "spring") < 0.2)).all()


def test_holdout_is_another_draw_than_a_campaign():
    held = in_holdout(IDS, 0.2, name="shop", period="2027")
    control = draw(IDS, "spring") < 0.2
    assert held.mean() == pytest.approx(0.2, abs=0.03)
    assert (held & control).mean() == pytest.approx(0.04, abs=0.015)
    assert (held != in_holdout(IDS, 0.2, name="shop", period="2028")).any()
    assert not in_holdout(IDS, 0.0, name="shop", period="2027").any()


def test_bands_are_of_equal_size():
    bands = value_bands(np.random.default_rng(0).lognormal(size=1_000))
    assert np.bincount(bands).tolist() == [200] * 5
    assert value_bands(np.ones(7)).tolist() == [0] * 7
