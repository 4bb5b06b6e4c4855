from __future__ import annotations

import numpy as np
import pandas as pd

from regulars.features.matrix import FEATURES
from regulars.kinds.non_contractual import open_workspace
from regulars.kinds.non_contractual.slices import one_kind_of_cohort
from regulars.kinds.non_contractual.snapshots import Snapshots
from regulars.kinds.non_contractual.window import PurchaseWindow, feature_groups
from regulars.models.churn import Calibrator, Recipe, Selection
from regulars.models.retention import RetentionModel
from regulars.models.spend import SpendBands, SpendRecipe, SpendSelection
from regulars.training.window import Choices


def test_every_feature_has_one_group_and_the_process_has_none():
    columns = [*FEATURES, "p_alive", "btyd_no_purchase_probability", "n_pets"]
    groups = feature_groups(columns)
    named = [name for names in groups.values() for name in names]
    assert sorted(named) == sorted([*FEATURES, "n_pets"])
    assert groups["own"] == ["n_pets"]
    assert "own" not in feature_groups(list(FEATURES))


def test_model_without_a_group_is_saved_and_scores_as_before(shop, tmp_path):
    settings = shop.settings()
    work = open_workspace(settings, lambda step: None)
    timeline = work.timeline.final
    snapshots = Snapshots.of(work.ledger, timeline, settings, work.features)
    absent = tuple(
        feature_groups(snapshots.features(timeline.stands_at).columns)["rhythm"]
    )
    recipe = Recipe(
        {"lightgbm": 0.5, "logistic": 0.5},
        settings={"lightgbm": {"n_trees": 5}, "logistic": {"C": 0.1}},
        left_out={"rhythm": absent},
    )
    current = snapshots.features(timeline.stands_at)
    rows = snapshots.stacked(timeline.training_cutoffs, known_at=timeline.stands_at)
    model = RetentionModel(
        snapshots.horizon,
        recipe,
        process=snapshots.process(timeline.stands_at),
        spend=SpendRecipe(),
    ).fit(rows, rows["churned"], rows["spend"], current=current)
    assert not {*absent} & {*model.churn_.features_}
    model.save(tmp_path / "model")
    kept = RetentionModel.load(tmp_path / "model")
    assert kept.churn.left_out == {"rhythm": absent}
    spoilt = current.assign(**dict.fromkeys(absent, 1e9))
    for rows_now in (current, spoilt):
        np.testing.assert_array_equal(
            kept.predict(rows_now)["churn_probability"],
            model.predict(current)["churn_probability"],
        )


def test_cohorts_of_unlike_length_are_told_by_year():
    mixed = pd.DataFrame({"cohort": ["2024-03", "2023Q4"], "plan": ["s", "medium"]})
    assert one_kind_of_cohort(mixed)["cohort"].tolist() == ["2024", "2023"]
    alike = pd.DataFrame({"cohort": ["2024-03", "2023-12"]})
    assert one_kind_of_cohort(alike) is alike


def test_process_keeps_the_calibration_and_the_bounds_that_were_chosen(shop):
    work = open_workspace(shop.settings(), lambda step: None)
    timeline = work.timeline.final
    snapshots = Snapshots.of(work.ledger, timeline, work.settings, work.features)
    window = PurchaseWindow(work, snapshots, {})
    level = Calibrator("level").fit([2.0, 2.0, 2.0], [1, 0, 0])
    recipe = Recipe({"process": 1.0}, calibrator=level)
    bands = SpendBands.learn(np.arange(1.0, 301), 2 * np.arange(1.0, 301))
    spend = SpendRecipe(bands=bands, typical=("process",))
    choices = Choices(Selection(recipe, {}, 0), SpendSelection(spend, {}, {}))
    calibrated = window.fit(choices).predict(window.current())
    plain = window.fit(Choices()).predict(window.current())
    assert calibrated["typical_spend"].notna().all()
    assert calibrated["expected_spend_high"].notna().all()
    assert (calibrated["churn_probability"] < plain["churn_probability"]).mean() > 0.9
