from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from regulars.features.matrix import FEATURES
from regulars.kinds.non_contractual.problem import PROCESS_MEANINGS
from regulars.scoring.purchase_words import THEMES, theme_of, themes


@pytest.mark.parametrize("feature", sorted({*FEATURES, *PROCESS_MEANINGS}))
def test_every_feature_has_a_theme(feature):
    unspoken = feature.startswith(("year_", "month_", "same_weekday"))
    assert (theme_of(feature) is not None) or unspoken


def test_every_theme_tells_a_sentence_without_gaps():
    rng = np.random.default_rng(0)
    names = sorted({*FEATURES, *PROCESS_MEANINGS})
    rows = pd.DataFrame(rng.uniform(0.1, 0.9, (20, len(names))), columns=names)
    assert [theme.name for theme in themes("USD")] == [theme.name for theme in THEMES]
    for theme in themes("USD"):
        for text in theme.sentences(rows):
            assert not re.search(r"nan|inf|  |\{|\}", text), text
    holes = rows.mask(rng.random(rows.shape) < 0.5)
    for theme in THEMES:
        for text in theme.sentences(holes):
            assert not re.search(r"nan|inf|None", text), (theme.name, text)


@pytest.mark.parametrize(
    ("feature", "theme"),
    [
        ("silence_over_mean_gap", "silence"),
        ("orders_trend", "trend"),  # before the wider prefix of activity
        ("orders_28d", "activity"),
        ("btyd_expected_spend", "spend"),  # before the wider prefix of the process
        ("btyd_expected_purchases", "process"),
    ],
)
def test_feature_belongs_to_the_first_theme_with_its_prefix(feature, theme):
    assert THEMES[theme_of(feature)].name == theme


def test_feature_of_a_users_own_has_no_theme():
    assert theme_of("n_pets") is None
