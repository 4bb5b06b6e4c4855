from __future__ import annotations

import datetime as dt

import pytest

from regulars.report import render_report
from regulars.report.formats import MISSING
from regulars.report.monitoring_section import (
    level_chart,
    ranking_chart,
    watch_captions,
    watch_section,
)
from regulars.results import MonitoringResult
from regulars.results.monitoring import (
    Alarm,
    ColumnDrift,
    Outcome,
    Period,
    Promise,
    ValueOutcome,
)


def _outcome(month, **figures):
    known = {
        "churn_rate": 0.4,
        "mean_churn_probability": 0.5,
        "roc_auc": 0.8,
        "roc_auc_bounds": (0.7, 0.9),
        "log_loss": 0.5,
        "log_loss_bounds": (0.4, 0.6),
        "ece": 0.02,
        "ece_by_chance": 0.01,
        "calibration_slope": 1.1,
        "calibration_slope_bounds": (0.9, 1.3),
    }
    return Outcome(
        cutoff=dt.date(2024, month, 1),
        model_version="1",
        n_customers=1000,
        **(known | figures),
    )


@pytest.fixture
def watch():
    return MonitoringResult(
        name="shop",
        cutoff=dt.date(2024, 6, 1),
        model_version="1",
        trained_at=dt.date(2024, 1, 1),
        currency="EUR",
        alarms=(
            Alarm(
                room="quality",
                name="new channel",
                since=dt.date(2024, 5, 4),
                sentence="channel '<b>web</b>' is new.",
            ),
        ),
        outcomes=(_outcome(3), _outcome(4, roc_auc=None, roc_auc_bounds=(None, None))),
        inputs=(
            ColumnDrift(
                name="aov",
                meaning="Mean order",
                psi=0.31,
                psi_among_snapshots=0.02,
                ks=0.2,
                missing=0.0,
                missing_before=None,
                psi_by_cutoff={},
            ),
        ),
        periods=(
            Period(
                start=dt.date(2024, 5, 4),
                end=dt.date(2024, 6, 1),
                n_lines=10,
                n_customers=5,
                revenue=99.5,
                median_amount=None,
            ),
        ),
        value=ValueOutcome(
            cutoff=dt.date(2023, 6, 1),
            days=365,
            model_version="1",
            n_customers=9,
            expected=120.0,
            came=100.0,
            ratio=1.2,
            ratio_bounds=(1.0, 1.4),
        ),
        promise=Promise(
            source="test",
            roc_auc=0.82,
            roc_auc_bounds=(0.8, 0.84),
            log_loss=None,
            ece=None,
            total_ratio=None,
        ),
    )


def test_section_lays_out_alarms_outcomes_and_columns(watch):
    section = watch_section(watch)
    assert "1 alarm of" in section["summary"]
    assert section["alarms"][0]["room"] == "Quality of data"
    assert section["outcomes"][0]["roc_auc_interval"] == "0.700 to 0.900"
    assert section["outcomes"][1]["roc_auc"] == MISSING
    assert section["columns"][0]["missing_before"] == MISSING
    assert "ratio of 1.20 (95% 1.00 to 1.40)" in section["value"]
    assert watch_section(None) is None


def test_charts_draw_what_came_beside_what_was_promised(watch):
    promised, came = ranking_chart(watch).data
    assert list(promised.y) == [0.82]
    assert list(came.y) == [0.8]
    assert list(came.error_y.array) == pytest.approx([0.1])
    expected, churned = level_chart(watch).data
    assert list(expected.y) == [0.5, 0.5]
    assert list(churned.y) == [0.4, 0.4]
    assert "40% churned" in watch_captions(watch)["outcome_level"]


def test_without_outcomes_there_are_no_charts(watch):
    empty = watch.model_copy(update={"outcomes": (), "value": None})
    assert ranking_chart(empty) is None
    assert level_chart(empty) is None
    assert watch_captions(empty) == {}
    assert watch_section(empty)["value"] == ""


def test_page_has_the_section_and_escapes_what_it_holds(watch, run_folder, parts):
    folder = run_folder(
        check=parts("check"),
        kpis=parts("kpis"),
        training=parts("training"),
        scores=parts("scores"),
        monitoring=watch.model_dump(mode="json"),
    )
    page = render_report(folder)
    assert '<section id="watch">' in page
    assert '<a href="#watch">Watch</a>' in page
    assert "channel &#39;&lt;b&gt;web&lt;/b&gt;&#39; is new." in page
    assert '"outcome_level"' in page


def test_page_without_a_watch_has_no_section(whole_page):
    assert 'id="watch"' not in whole_page
