from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from regulars.models.churn import Recipe
from regulars.training.registration import version_tags
from regulars.training.window import ModelDescription


def tags_of(cutoff, test_cutoff):
    described = ModelDescription(
        kind="labelled", question="'left' is yes", fingerprint="abc", cutoff=cutoff
    )
    problem = SimpleNamespace(
        description=described, windows=[SimpleNamespace(cutoff=test_cutoff)]
    )
    recipe = Recipe({"process": 0.0, "logistic": 0.4, "lightgbm": 0.6})
    training = SimpleNamespace(model=SimpleNamespace(churn=recipe))
    return version_tags(problem, training)


def test_tags_say_what_the_gate_asks_of_a_version():
    assert tags_of(date(2024, 6, 1), date(2024, 3, 1)) == {
        "kind": "labelled",
        "question": "'left' is yes",
        "fingerprint": "abc",
        "cutoff": "2024-06-01",
        "test_cutoff": "2024-03-01",
        "members": "2",
    }


@pytest.mark.parametrize("tag", ["cutoff", "test_cutoff"])
def test_rows_without_days_have_empty_days(tag):
    assert tags_of(None, None)[tag] == ""
