from __future__ import annotations

from types import SimpleNamespace

import pytest

from regulars.models.churn import Recipe, Selection
from regulars.models.spend import SpendRecipe, SpendSelection
from regulars.training.window import Choices, Training


def training(recipe):
    return Training(
        model=SimpleNamespace(churn=recipe),
        choices=Choices(),
        final=SimpleNamespace(),
        trials=[],
        churn_test=None,
        value_test=None,
        importance=[],
        profit=None,
        notes=[],
    )


def test_process_carries_the_scores_where_nothing_was_chosen():
    assert Choices().recipe.weights == {"process": 1.0}
    assert Choices().spend_recipe == SpendRecipe()


def test_choices_give_their_recipes():
    recipe = Recipe({"logistic": 1.0}, settings={"logistic": {"C": 0.1}})
    spend = SpendRecipe(("median",), {"median": 50})
    choices = Choices(Selection(recipe, {}, 0), SpendSelection(spend, {}, {}))
    assert choices.recipe is recipe
    assert choices.spend_recipe is spend


@pytest.mark.parametrize(
    ("weights", "alone"),
    [({"process": 1.0}, True), ({"process": 0.5, "lightgbm": 0.5}, False)],
)
def test_training_says_whether_the_process_stands_alone(weights, alone):
    assert training(Recipe(weights)).process_only == alone
