"""The types of all result files: closed, frozen, one for every kind of churn."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from regulars.results import BacktestResult, CheckResult, KpiResult, TrainingResult
from regulars.results.base import Part, Result
from regulars.results.check import TableCheck
from regulars.results.kpis import KpiSummary
from regulars.results.measures import Gap, SpendMetrics
from regulars.results.process import Diagnostics
from regulars.results.survival import SurvivalStep

RESULTS = [BacktestResult, CheckResult, KpiResult, TrainingResult]


@pytest.mark.parametrize("result", RESULTS)
def test_result_names_its_file_and_its_command(result):
    assert issubclass(result, Result)
    assert result.file.endswith(".json")
    assert result.command.startswith("regulars ")


def test_part_cannot_be_changed():
    gap = Gap(difference=0.1, low=0.0, high=0.2)
    with pytest.raises(ValidationError, match="frozen"):
        gap.low = 0.05


@pytest.mark.parametrize("part", [Gap, SurvivalStep, TableCheck])
def test_part_has_no_field_but_its_own(part):
    assert issubclass(part, Part)
    with pytest.raises(ValidationError, match="Extra inputs"):
        part.model_validate({"colour": "red"})


def test_what_a_kind_does_not_have_is_none():
    table = TableCheck(
        rows_in=2, rows_kept=2, rows_set_aside=0, reasons=(), notices=(), n_customers=2
    )
    assert table.first_order is table.first_time is table.n_labelled is None
    assert KpiSummary(n_customers=2).retention_rate is None
    assert SpendMetrics(mae=1.0).interval_coverage is None
    assert Diagnostics().tracking is None
