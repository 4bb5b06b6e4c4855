from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.init.logs import people, written

from regulars.config import parse_settings
from regulars.errors import ConfigError
from regulars.init.kinds_guess import guess_kind


def test_label_may_be_named(tmp_path):
    path = written(tmp_path, people().rename(columns={"Churn": "outcome"}))
    assert guess_kind(path) is None
    assert parse_settings(guess_kind(path, "outcome").text).churn.labelled.positive


@pytest.mark.parametrize(
    ("values", "positive"),
    [
        (["Attrited Customer", "Existing Customer"], "Attrited Customer"),
        ([0, 1], 1),
        ([True, False], True),
        (["stayed", "moved"], "moved"),
    ],
)
def test_value_that_means_churned_is_found(tmp_path, values, positive):
    frame = people().assign(Churn=np.resize(values, 300))
    place = parse_settings(guess_kind(written(tmp_path, frame)).text).churn.labelled
    assert place.positive == positive


def test_date_of_rows_is_taken_when_customers_repeat(tmp_path):
    frame = pd.concat(
        people().assign(snapshot_date=day) for day in ("2024-01-01", "2024-02-01")
    )
    place = parse_settings(guess_kind(written(tmp_path, frame)).text).churn.labelled
    assert (place.id, place.date) == ("CustomerID", "snapshot_date")
    undated = frame.drop(columns="snapshot_date")
    place = parse_settings(guess_kind(written(tmp_path, undated)).text).churn.labelled
    assert (place.id, place.date) == (None, None)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("Churm", "no column 'Churm'. Did you mean 'Churn'"),
        ("Calls", "'Calls' has 9 values"),
    ],
)
def test_label_that_cannot_be_one_is_refused(tmp_path, label, message):
    with pytest.raises(ConfigError, match=message):
        guess_kind(written(tmp_path, people()), label)
