from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from regulars.config import parse_settings
from regulars.errors import LeakageError
from regulars.models import Horizon, RetentionModel
from regulars.models.churn import Recipe
from regulars.models.tabular.encoding import TabularEncoder
from regulars.scoring import champion
from regulars.scoring.batch import Customers
from regulars.scoring.layout import WRITTEN
from regulars.scoring.manifest import Origin
from regulars.scoring.population import HeldCustomers
from regulars.tracking import Registered

ROWS = pd.DataFrame({"age": np.arange(60.0) % 30, "plan": ["s", "m"] * 30})
TERMS = Horizon(
    horizon_days=30,
    margin=0.3,
    discount_rate_annual=0.1,
    clv_horizon_days=365,
    risk_bands=(0.4, 0.7),
)

ORIGIN = Origin("data", "config", {"regulars": "1"})


class Store:
    """A store that holds one version, which has learnt up to June."""

    def __init__(self, uri, name):
        self.name = name

    def fetch(self, version=None):
        return self.folder, Registered("models:/x/4", version or "4", "run")

    def version_tags(self, version):
        return {"cutoff": "2024-06-01"}


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    churn, encoder = Recipe({"logistic": 1.0}), TabularEncoder()
    model = RetentionModel(TERMS, churn, encoder=encoder).fit(ROWS, ROWS["age"] > 15)
    model.save(folder)
    return folder


@pytest.fixture
def settings(tmp_path, monkeypatch, model_folder):
    monkeypatch.setattr(Store, "folder", model_folder, raising=False)
    monkeypatch.setattr(champion, "Store", Store)
    return parse_settings(
        f"{{name: x, source: {{transactions: {{path: a.csv}}}}, outputs: '{tmp_path}'}}"
    )


def customers(cutoff=None, value=None):
    rows = ROWS.head(3).assign(plan=["s", "xl", "xl"])
    return Customers(rows, ["a", "b", "c"], cutoff, value)


def score(settings, rows=None, **more):
    people = HeldCustomers(customers() if rows is None else rows, "data")
    cutoff = people.customers.cutoff
    return champion.score_with_champion(
        settings, cutoff, lambda model, learnt: people, origin=ORIGIN, **more
    )


def test_scores_are_written_with_their_provenance(settings):
    result = score(settings)
    scores = pd.read_parquet(result["scores"])
    assert tuple(scores.columns) == WRITTEN
    assert {*scores["model_version"]} == {result["model_version"]} == {"4"}
    assert scores["customer_id"].tolist() == ["a", "b", "c"]
    assert result["cutoff"] is None


def test_named_version_scores_in_place_of_the_champion(settings):
    result = score(settings, version="2")
    assert result["model_version"] == "2"


@pytest.mark.parametrize("value", [None, np.array([100.0, np.nan, 50.0])])
def test_value_at_risk_is_missing_where_no_customer_has_a_value(settings, value):
    rows = customers(date(2024, 7, 1), value)
    result = score(settings, rows)
    scores = pd.read_parquet(result["scores"])
    if value is None:
        assert result["value_at_risk"] is None
    else:
        expected = np.nansum(scores["churn_probability"] * value)
        assert result["value_at_risk"] == pytest.approx(expected)


def test_csv_is_written_beside_what_the_report_reads(settings):
    scores = settings.scores.model_copy(update={"format": "csv"})
    result = score(settings.model_copy(update={"scores": scores}))
    assert result["scores"].endswith("scores.csv")
    assert (settings.outputs_folder / "scores.parquet").is_file()


def test_day_that_the_model_has_learnt_from_is_refused(settings):
    with pytest.raises(LeakageError, match="would know their own future"):
        champion.score_with_champion(
            settings,
            date(2024, 5, 1),
            lambda model, learnt: pytest.fail("too early"),
            origin=ORIGIN,
        )
    assert not (settings.outputs_folder / "scores.parquet").exists()


def test_categories_that_training_never_saw_are_named(settings):
    (notice,) = score(settings)["notices"]
    assert notice == (
        "'plan' holds categories that training never saw in 2 rows (xl): scored as "
        "none of the known ones."
    )
