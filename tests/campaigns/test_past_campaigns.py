from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from regulars.campaigns.past_campaigns import past_campaigns
from regulars.errors import ConfigError
from regulars.kinds.kind import Watched
from regulars.scoring.batch import Customers
from regulars.scoring.reference import Past

SPRING, SUMMER, CUTOFF = date(2024, 4, 1), date(2024, 8, 1), date(2024, 12, 1)
IDS = [f"c{i}" for i in range(600)]


class World:
    """Customers whose features and margin say which day they are of."""

    def __init__(self):
        self.asked = []

    def customers(self, day):
        self.asked.append(day)
        age = (day - date(2024, 1, 1)).days
        numbers = np.random.default_rng(0).normal(size=len(IDS))
        features = pd.DataFrame(
            {"customer_id": IDS, "age": float(age), "number": numbers, "word": "w"}
        )
        return Customers(features, cutoff=day)

    def margin(self, day, days):
        bought = np.arange(len(IDS)) % 3 > 0
        return bought * (10.0 + (day - date(2024, 1, 1)).days)

    def watched(self, **other):
        past = Past(self.customers, (CUTOFF,), first_day=date(2023, 1, 1))
        return Watched(**({"past": past, "margin": self.margin} | other))


def campaign(name, day, ids, control=0.4, seed=0):
    """Rows of `contacts`: a control group drawn at random, the rest by two offers."""
    rng = np.random.default_rng(seed)
    held = rng.random(len(ids)) < control
    offers = rng.choice(["mail", "call"], len(ids))
    return pd.DataFrame(
        {
            "customer_id": ids,
            "campaign_id": name,
            "contacted_date": pd.Timestamp(day),
            "offer_id": np.where(held, None, offers),
            "is_control": held,
        }
    )


def read(*campaigns, world=None, horizon_days=60, **more):
    world = world or World()
    return past_campaigns(
        pd.concat(campaigns, ignore_index=True),
        world.watched(),
        CUTOFF,
        horizon_days=horizon_days,
        **more,
    )


def test_campaign_is_read_as_of_its_launch():
    rows = campaign("spring", SPRING, IDS[:300])
    past = read(rows)
    (found,) = past.experiments
    assert past.names == ("spring",)
    assert past.columns == ("age", "number")
    assert found.offers == ("call", "mail")
    assert len(found) == 300
    age = (SPRING - date(2024, 1, 1)).days
    assert (found.features[:, 0] == age).all()
    expected = np.where(rows["is_control"], 0, 1 + (rows["offer_id"] == "mail"))
    assert found.arm.tolist() == expected.tolist()
    np.testing.assert_allclose(found.shares.sum(axis=1), 1.0)
    assert found.shares[0, 0] == rows["is_control"].mean()
    assert set(found.margin) == {0.0, 10.0 + age}
    assert (found.kept == (found.margin > 0)).all()


def test_untouched_are_of_the_horizon_before_and_were_not_contacted():
    earlier = campaign("winter", SPRING - timedelta(days=30), IDS[:50])
    past = read(earlier, campaign("spring", SPRING, IDS[:300]), learn_from=["spring"])
    start = SPRING - timedelta(days=60)
    assert (past.untouched.features[:, 0] == (start - date(2024, 1, 1)).days).all()
    n_contacted = int((~earlier["is_control"]).sum())
    assert len(past.untouched.margin) == len(IDS) - n_contacted


def test_nothing_after_the_launch_is_asked_for():
    world = World()
    read(campaign("spring", SPRING, IDS), world=world)
    assert max(world.asked) == SPRING


def test_customer_of_two_campaigns_teaches_in_one():
    past = read(
        campaign("spring", SPRING, IDS[:400]),
        campaign("summer", SUMMER, IDS[200:], seed=1),
    )
    assert set(past.names) == {"spring", "summer"}
    assert sum(map(len, past.experiments)) == len(IDS)


def test_matrix_has_the_columns_of_the_experiments():
    past = read(campaign("spring", SPRING, IDS))
    frame = pd.DataFrame({"word": ["w"], "number": [2.0]})
    np.testing.assert_array_equal(past.matrix(frame), [[np.nan, 2.0]])


LATE = CUTOFF - timedelta(days=20)
LONG = pd.concat([campaign("it", SPRING, IDS[:300]), campaign("it", SUMMER, IDS[300:])])
NO_CONTROL = campaign("it", SPRING, IDS, control=0.0)
BIASED = campaign("it", SPRING, IDS).assign(
    is_control=World().customers(SPRING).features["number"] > 0.3
)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (campaign("it", LATE, IDS), "its 60 days are not over"),
        (LONG, "went on for more than 7 days"),
        (NO_CONTROL, "has no control group"),
        (campaign("it", SPRING, IDS[:40]), "20 are needed"),
        (campaign("it", SPRING, [f"x{i}" for i in range(300)]), "0 of 300 customers"),
        (BIASED, "was not drawn at random"),
    ],
)
def test_campaign_that_teaches_nothing_is_told(rows, why):
    past = read(rows)
    assert past.experiments == ()
    assert past.untouched is None
    (sentence,) = past.left_out
    assert sentence.startswith("The campaign 'it' ")
    assert why in sentence
    with pytest.raises(ConfigError, match="learn_from: 'it' "):
        read(rows, learn_from=["it"])


def test_contacts_of_no_campaign_are_none():
    alone = campaign(None, SPRING, IDS).assign(campaign_id=[None] * len(IDS))
    past = read(campaign("summer", SUMMER, IDS), alone)
    assert (past.names, past.left_out) == (("summer",), ())
    with pytest.raises(ConfigError, match="'None' is not in 'contacts'"):
        read(campaign("summer", SUMMER, IDS), alone, learn_from=["None"])


def test_campaign_that_is_not_there_is_told_with_the_nearest():
    with pytest.raises(ConfigError, match=r"not in 'contacts'.*Did you mean 'spring'"):
        read(campaign("spring", SPRING, IDS), learn_from=["sprng"])


def test_data_without_purchases_teach_nothing():
    past = past_campaigns(
        campaign("it", SPRING, IDS),
        World().watched(margin=None),
        CUTOFF,
        horizon_days=60,
    )
    assert "hold no purchases" in past.left_out[0]
