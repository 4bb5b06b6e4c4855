"""What is tested is what a user would have had on that day."""

from __future__ import annotations

import pandas as pd
import pytest

from regulars.kinds.non_contractual import open_workspace, purchase_problem
from regulars.training import train


def _quietly(step):
    """Say nothing of the steps."""


def trained(shop, *overrides):
    settings = shop.settings("churn.members=[process, logistic, lightgbm]", *overrides)
    work = open_workspace(settings, _quietly)
    return work, train(purchase_problem(work, _quietly), _quietly)


@pytest.mark.slow
@pytest.mark.usefixtures("few_trees")
@pytest.mark.parametrize(
    "time",
    [
        pytest.param({"horizon_days": 28}, id="folds and training windows"),
        pytest.param({"horizon_days": 28, "gap_days": 7, "step_days": 14}, id="gap"),
        pytest.param({"horizon_days": 120}, id="learns a shorter horizon"),
        pytest.param({"horizon_days": 200}, id="the process alone"),
        pytest.param({"horizon_days": 28, "lookback_days": 180}, id="lookback"),
    ],
)
def test_tested_model_is_the_one_that_a_user_had_on_that_day(
    orders, open_shop, tmp_path, time
):
    asked = [f"time.{name}={value}" for name, value in time.items()]
    work, training = trained(open_shop(tmp_path / "later", orders), *asked)
    (trial,) = training.trials
    day = work.timeline.test_cutoff
    past = orders[pd.to_datetime(orders["order_time"]) < pd.Timestamp(day)]
    then = open_shop(tmp_path / "then", past)
    work_then, training_then = trained(then, *asked, f"time.cutoff={day}")
    features = work_then.features.by_cutoff([day])[day]
    pd.testing.assert_frame_equal(
        trial.tested_model.predict(features),
        training_then.model.predict(features),
        check_exact=True,
    )
    assert trial.choices.recipe.weights == training_then.choices.recipe.weights
