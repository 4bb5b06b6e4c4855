"""Charts, captions and rows of the backtest."""

from __future__ import annotations

import pytest

from regulars.report import render_report
from regulars.report.backtest_charts import (
    FROM_BACKTEST,
    backtest_captions,
    calibration_chart,
    differences_chart,
    staleness_chart,
    window_rows,
    windows_chart,
)
from regulars.report.captions import captions
from regulars.report.charts import render_charts
from regulars.report.results import read_results
from regulars.report.slice_tables import (
    rival_label,
    slice_rows,
    slices_caption,
    worst_slice_rows,
)
from regulars.results import BacktestResult

HOSTILE = "<b>plan & co</b>"


def gap(middle, half=0.002):
    return {"difference": middle, "low": middle - half, "high": middle + half}


def window(cutoff, loss):
    own = {"log_loss": loss, "roc_auc": 0.81, "ece": 0.012}
    points = [{"mean_predicted": p, "observed_rate": p + 0.01} for p in (0.1, 0.9)]
    return {
        "cutoff": cutoff,
        "n_customers": 1200,
        "churn_rate": 0.4,
        "metrics": {"model": own, "rfm": {"log_loss": loss + 0.01}},
        "intervals": {
            "model": {"log_loss": [loss - 0.02, loss + 0.02], "roc_auc": [None, None]}
        },
        "best_baseline": "rfm",
        "reliability": points,
        "differences": {"log_loss": gap(-0.01)},
    }


@pytest.fixture
def content():
    part = {"churn_rate": 0.4, "predicted_rate": 0.41, "roc_auc": 0.8, "log_loss": 0.5}
    small = dict.fromkeys(("roc_auc", "log_loss", "difference", "low", "high"))
    return {
        "name": "shop",
        "step_days": 30,
        "baseline_labels": {"rfm": "RFM"},
        # latest first, as the backtest writes them
        "windows": [window("2024-06-01", 0.3), window("2024-05-02", 0.4)],
        "overall": {"n_windows": 2, "n_better": 2, "n_worse": 0},
        "slices": {
            "rival": "rfm",
            "rows": [
                {
                    **part,
                    "slice": "plan",
                    "value": HOSTILE,
                    "n_customers": 9,
                    **gap(0.1),
                },
                {**part, "slice": "plan", "value": "a", "n_customers": 9, **small},
            ],
        },
        "staleness": [
            {"age": age, "differences": {"log_loss": gap(0.01 * age)}}
            for age in range(3)
        ],
        "notes": ["The history leaves 2 of the 4 test windows asked for."],
    }


@pytest.fixture
def backtest(build, content):
    return build(BacktestResult, **content)


def test_windows_run_forward_in_time(backtest):
    chart = windows_chart(backtest)
    assert chart.data[-1].x == ("2\u00a0May\u00a02024", "1\u00a0Jun\u00a02024")
    assert chart.data[-1].name == "Model"
    assert chart.data[-1].error_y.array == (0.02, 0.02)
    assert list(chart.layout.xaxis.categoryarray) == list(chart.data[-1].x)


def test_windows_are_laid_out_latest_first(build, content, backtest):
    latest, earlier = window_rows(backtest)
    assert latest["cutoff"].endswith("June\u00a02024")
    assert earlier["cutoff"].endswith("May\u00a02024")
    assert latest["rival"] == "RFM"
    assert latest["log_loss_interval"] == "0.280 to 0.320"
    assert latest["roc_auc_interval"] == ""
    assert latest["verdict"] == "better"
    alone = {**content["windows"][0], "differences": {}, "best_baseline": None}
    [row] = window_rows(build(BacktestResult, windows=[alone]))
    assert (row["rival"], row["verdict"]) == ("", "")


def test_calibration_is_drawn_by_window_the_latest_as_the_model(backtest):
    level, earlier, latest = calibration_chart(backtest).data
    assert level.name == "Perfect"
    assert latest.name == "1\u00a0Jun\u00a02024"
    assert earlier.line.dash != latest.line.dash == "solid"
    assert latest.y == (0.11, 0.91)
    told = backtest_captions(backtest)["calibration_over_time"]
    assert "1.2% to 1.2%" in told.replace("\u202f", "")


def test_every_point_of_the_gap_charts_has_its_place(backtest):
    for chart in (differences_chart(backtest), staleness_chart(backtest)):
        level, drawn = chart.data
        assert level.x == drawn.x == tuple(chart.layout.xaxis.categoryarray)
    assert staleness_chart(backtest).data[1].x == ("0 days", "30 days", "60 days")


def test_captions_say_who_is_ahead_and_what_age_costs(backtest):
    words = backtest_captions(backtest)
    assert "in 2 of 2 windows, and worse in 0" in words["differences"]
    assert "not trained for 60 days has a log loss 0.0200 above" in words["staleness"]
    assert "more than chance explains" in words["staleness"]


def test_rows_tell_where_the_model_is_worse(backtest):
    worse, small = slice_rows(backtest)
    assert worse["verdict"] == "worse"
    assert small["verdict"] == "too few customers"
    assert small["interval"] == ""


@pytest.fixture
def many_parts(content):
    part = {**content["slices"]["rows"][0], "slice": "rfm"}
    small = {**content["slices"]["rows"][1], "value": "few"}
    rows = [
        {**part, "value": f"R{place}", **gap(-0.01 * (place % 13))}
        for place in range(1, 14)
    ]
    return {**content, "slices": {"rival": "rfm", "rows": [small, *rows]}}


def test_of_many_parts_the_worst_come_first(build, many_parts, backtest):
    found = build(BacktestResult, **many_parts)
    # R13 has a difference of 0, R1 of -0.01, and so on
    names = [row["slice"] for row in worst_slice_rows(found)]
    assert names == [f"rfm: R{place}" for place in (13, *range(1, 8))]
    assert [row["slice"] for row in slice_rows(found)][:2] == ["plan: few", "rfm: R1"]
    # 13 of the 14 parts have an interval: 5% of them
    assert "of these 13 parts, about 0.7 would be called" in slices_caption(found)
    assert worst_slice_rows(backtest) == []


def test_page_folds_away_all_but_the_worst_parts(run_folder, many_parts, content):
    page = render_report(run_folder(backtest=many_parts))
    folded = page.index("All 14 parts of the customer base")
    assert page.index("on which the model does worst") < page.index("rfm: R13") < folded
    assert page.index("plan: few") > folded
    few = render_report(run_folder(backtest=content))
    assert "Parts of the customer base" in few
    assert "does worst" not in few


def test_page_shows_a_backtest_that_is_there(run_folder, content):
    folder = run_folder(backtest=content)
    results = read_results(folder)
    assert {"windows", "differences", "staleness"} <= set(captions(results))
    assert set(captions(results)) == set(render_charts(results))
    page = render_report(folder)
    assert 'href="#backtest"' in page
    assert "The history leaves 2 of the 4 test windows" in page
    assert HOSTILE not in page


def test_nothing_is_shown_of_a_backtest_without_windows(build):
    nothing = build(BacktestResult)
    for draw in FROM_BACKTEST.values():
        assert draw(nothing) is None
    assert {*backtest_captions(nothing).values()} == {""}
    assert window_rows(nothing) == slice_rows(nothing) == []
    assert rival_label(nothing) == ""


def test_rival_is_called_by_its_name_where_it_has_no_label(build):
    slices = {"rival": "bg_nbd", "rows": []}
    assert rival_label(build(BacktestResult, slices=slices)) == "bg nbd"


def test_page_leaves_both_out_when_neither_is_there(whole_page):
    assert 'id="money"' not in whole_page
    assert 'id="backtest"' not in whole_page
