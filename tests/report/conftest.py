"""Results of an invented run, as the pipeline writes them, and a browser to look."""

from __future__ import annotations

import datetime as dt
import importlib.util
import inspect
import json
import os
import shutil
import types
import typing
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from regulars.kpis.catalogue import CATALOGUE
from regulars.report import render_report
from regulars.report.results import FORMS
from regulars.results import as_result
from regulars.results.base import Part

SHARES = np.linspace(0, 1, 101)
HOSTILE_ID = "<script>alert('c1')</script>"


BLANKS = {str: "", bool: False, int: 0, float: float("nan"), dt.date: "2024-01-01"}


def complete(form, content):
    """Fill in what a result needs and a test does not care for; figures are NaN."""
    if not (inspect.isclass(form) and issubclass(form, Part)):
        return _complete_values(form, content)
    blanks = {
        name: _blank(field.annotation)
        for name, field in form.model_fields.items()
        if field.is_required() and name not in content
    }
    given = {
        name: complete(form.model_fields[name].annotation, value)
        if name in form.model_fields
        else value
        for name, value in content.items()
    }
    return given | blanks


def _complete_values(form, value):
    origin, arguments = typing.get_origin(form), typing.get_args(form)
    if value is None or not arguments:
        return value
    if origin in (typing.Union, types.UnionType):
        return complete(arguments[0], value)
    if origin is Mapping:
        return {key: complete(arguments[1], each) for key, each in value.items()}
    if origin is tuple:
        return [complete(arguments[0], each) for each in value]
    return value


def _blank(form):
    if inspect.isclass(form) and issubclass(form, Part):
        return complete(form, {})
    origin = typing.get_origin(form)
    if origin in (typing.Union, types.UnionType):
        return None
    return {tuple: [], Mapping: {}}.get(origin, BLANKS.get(form))


@pytest.fixture(scope="session")
def period():
    """Return what kpis.json holds of a period."""
    return PERIOD


@pytest.fixture(scope="session")
def build():
    """Return a function that makes a result of the parts that matter to a test."""
    return lambda form, /, **content: as_result(form, complete(form, content))


def _curves(y, score):
    fpr, tpr, _ = roc_curve(y, score, drop_intermediate=False)
    caught = np.concatenate([[0], np.cumsum(y[np.argsort(-score, kind="stable")])])
    gains = np.interp(SHARES, np.linspace(0, 1, len(caught)), caught / y.sum())
    lift = gains[1:] / SHARES[1:]
    bins = pd.qcut(score, 10, labels=False, duplicates="drop")
    frame = pd.DataFrame({"bin": bins, "p": score, "y": y}).groupby("bin")
    points = []
    for _, part in frame:
        observed, n = part["y"].mean(), len(part)
        half = 1.96 * np.sqrt(observed * (1 - observed) / n)
        points.append(
            {
                "mean_predicted": part["p"].mean(),
                "observed_rate": observed,
                "observed_low": max(observed - half, 0),
                "observed_high": min(observed + half, 1),
                "n_customers": n,
            }
        )
    return {
        "roc": {
            "false_positive_rate": fpr.tolist(),
            "true_positive_rate": tpr.tolist(),
        },
        "gains": {
            "share_contacted": SHARES.tolist(),
            "share_reached": gains.tolist(),
        },
        "lift": {"share_contacted": SHARES[1:].tolist(), "lift": lift.tolist()},
        "reliability": points,
    }


def _measures(y, score):
    curve = _curves(y, score)
    p = np.clip(score, 1e-6, 1 - 1e-6)
    ece = sum(
        q["n_customers"] * abs(q["observed_rate"] - q["mean_predicted"])
        for q in curve["reliability"]
    )
    return {
        "cutoff": "1998-04-02",
        "n_customers": len(y),
        "churn_rate": float(y.mean()),
        "roc_auc": roc_auc_score(y, score),
        "average_precision": average_precision_score(y, score),
        "top_decile_lift": curve["lift"]["lift"][9],
        "brier": float(np.mean((y - p) ** 2)),
        "log_loss": float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))),
        "ece": ece / len(y),
    }


def _scored(truth, noise, rng, shift=0.0):
    return 1 / (1 + np.exp(-(truth + rng.normal(0, noise, truth.size) + shift)))


def make_check():
    reason = {
        "reason": "duplicate",
        "label": "exact duplicate of an earlier row",
        "rows": 255,
        "share": 255 / 69659,
        "is_fault": True,
        "examples": ["row 17", "row 93"],
    }
    anonymous = {
        **reason,
        "reason": "anonymous",
        "label": "no customer_id",
        "rows": 12,
        "share": 12 / 69659,
        "is_fault": False,
        "examples": ["<img src=x onerror=alert(1)>"],
    }
    return {
        "name": "cdnow",
        "tables": {
            "transactions": {
                "rows_in": 69659,
                "rows_kept": 69392,
                "rows_set_aside": 267,
                "reasons": [reason, anonymous],
                "first_order": "1997-01-01",
                "last_order": "1998-06-30",
                "n_customers": 23570,
                "n_orders": 67591,
                "revenue": 2500315.63,
                "currency": "USD",
                "n_returns": 80,
                "returns_amount": 1204.5,
            }
        },
    }


def make_figure(kpi, value, low=None, high=None, before=None, segment=""):
    """Return a KPI as kpis.json holds it."""
    known = CATALOGUE[kpi]
    return {
        "kpi": kpi,
        "group": known.group,
        "unit": known.unit,
        "segment": segment,
        "period": "1998-01-01/1998-07-01",
        "value": value,
        "low": low,
        "high": high,
        "n": 1200,
        "before": before,
        "change": None if before is None else value - before,
    }


def _gap(experience, part=""):
    return {
        "experience": experience,
        "part": part,
        "n_customers": 120,
        "n_unmatched": 3,
        "n_compared": 800,
        "rate": 0.5,
        "rate_compared": 0.41,
        "gap": 0.09,
        "low": 0.01,
        "high": 0.17,
        "value_lost": 4321.0,
    }


# every part of a period: a shop with all its tables
PERIOD = {
    "period": {
        "start": "1998-01-01",
        "end": "1998-07-01",
        "before_start": "1997-07-01",
        "active_days": 365,
        "notes": ["The log is young."],
    },
    "figures": [
        make_figure("retention_rate", 0.811, 0.8, 0.822, before=0.853),
        make_figure("aov", 38.5, 37.0, 40.0, before=38.1),
        make_figure("revenue", 12345.0, before=11000.0),
        make_figure("nps", 31.4, 25.0, 37.8, before=12.0),
        make_figure("retention_rate", 0.9, 0.85, 0.95, segment="tier=gold"),
        make_figure("nps", 55.0, segment="tier=gold"),
        make_figure("retention_rate", 0.7, 0.6, 0.8, segment="tier=<b>tin"),
    ],
    "absent": [
        {"kpi": "referral_rate", "why": "There is no table of referrals."},
        {"kpi": "referral_conversion", "why": "There is no table of referrals."},
    ],
    "waterfall": [
        {"step": "before", "n_customers": 900, "revenue": 11000.0},
        {"step": "lost", "n_customers": 200, "revenue": -3000.0},
        {"step": "new", "n_customers": 250, "revenue": 4345.0},
        {"step": "now", "n_customers": 950, "revenue": 12345.0},
    ],
    "loyalty_index": {
        "day": "1998-07-01",
        "n_customers": 1000,
        "mean": 52.0,
        "quartiles": [40.0, 51.0, 63.0],
        "weights": {"recommendation": 3.0, "tenure": 1.0},
        "coverage": {"recommendation": 0.3, "tenure": 1.0},
        "churn_correlation": -0.31,
        "n_scored": 990,
        "loyal_from": 50.0,
        "file": "loyalty.parquet",
    },
    "loyalty_map": {
        "day": "1998-07-01",
        "staying": "churn_probability below 0.5",
        "cells": [
            {
                "cell": cell,
                "n_customers": n,
                "share": n / 1000,
                "revenue": 10.0 * n,
                "clv": 20.0 * n,
                "value_at_risk": 2.0 * n,
            }
            for cell, n in (
                ("loyal_staying", 400),
                ("staying", 300),
                ("loyal_slipping", 100),
                ("leaving", 200),
            )
        ],
        "moves_from": "1998-01-01",
        "moves_to": "1998-07-01",
        "moves": [
            {"before": "loyal_staying", "now": "staying", "n_customers": 17},
            {"before": "new", "now": "leaving", "n_customers": 5},
            {"before": "staying", "now": "no longer counted", "n_customers": 3},
        ],
    },
    "support": {
        "after_days": 90,
        "experiences": [_gap("sla_breach"), _gap("detractor")],
        "parts": [_gap("any", "department=billing"), _gap("any", "tag=late")],
        "n_open": 2,
    },
}


def make_kpis(n_months=18):
    months = pd.period_range("1997-01", periods=n_months, freq="M").astype(str)
    new = [7846, 8476, 7248] + [0] * n_months
    monthly, active_before = [], 0
    for i, name in enumerate(months):
        kept = None if i == 0 else round(0.32 - 0.008 * i + 0.03 * np.sin(i), 4)
        returning = 0 if i == 0 else int(active_before * kept + 900)
        active = new[i] + returning
        monthly.append(
            {
                "month": name,
                "is_complete": i < n_months - 1,
                "n_active": active,
                "n_new": new[i],
                "n_returning": returning,
                "n_lost": None if i == 0 else int(active_before * (1 - kept)),
                "n_orders": int(active * 1.2),
                "revenue": active * 37.31,
                "aov": 36.9,
                "retention_rate": kept,
                "churn_rate": None if kept is None else 1 - kept,
                "repeat_purchase_rate": 0.4,
            }
        )
        active_before = active
    ages = np.arange(n_months)
    retention = [
        [
            1.0 if age == 0 else round(0.17 * 0.95 ** (age - 1) + 0.01 * c, 4)
            for age in ages[: n_months - c]
        ]
        + [None] * c
        for c in range(3)
    ]
    return {
        "currency": "USD",
        "summary": {
            "repeat_purchase_rate": 0.497,
            "purchase_frequency": 2.87,
            "aov": 36.99,
            "retention_rate": 0.231,
            "churn_rate": 0.769,
            "n_customers": 23570,
            "revenue": 2500315.63,
        },
        "monthly": monthly,
        "cohorts": {
            "period": "month",
            "cohorts": ["1997-01", "1997-02", "1997-03"],
            "sizes": [7846, 8476, 7248],
            "retention": retention,
        },
        **PERIOD,
    }


def make_training(n=3000):
    rng = np.random.default_rng(7)
    truth = rng.normal(1.6, 1.9, n)
    y = (rng.random(n) < 1 / (1 + np.exp(-truth))).astype(int)
    scores = {
        "model": _scored(truth, 0.2, rng),
        "bg_nbd": _scored(truth, 0.8, rng, 0.3),
        "days_since_last_order": _scored(truth, 2.4, rng, -0.5),
        "frequency": _scored(truth, 3.2, rng),
        "rfm_logistic": _scored(truth, 0.9, rng),
    }
    tested = {name: _measures(y, score) for name, score in scores.items()}
    intervals = {
        name: {key: [row[key] * 0.985, row[key] * 1.015] for key in list(row)[3:]}
        for name, row in tested.items()
    }
    week = list(range(1, 79))
    expected = [30000 * (1 - np.exp(-w / 45)) for w in week]
    meanings = {
        "days_since_last_order": "days since the last order",
        "silence_ratio": "present silence against the customer's usual gap",
        "frequency": "repeat purchase days",
        "bg_nbd_expected_purchases": "purchases the process model expects",
        "monetary_value": "mean spend per repeat purchase day",
        "n_orders_90d": "orders in the last 90 days",
        "spend_trend": "spend of the last 90 days against the 90 before",
        "T_days": "days since the first order",
        "n_distinct_products": "different products ever bought, <b>all</b> shops",
    }
    return {
        "name": "cdnow",
        "model_version": "3",
        "is_champion": True,
        "champion_reason": "ROC AUC 0.842 against 0.838 on the test window",
        "horizon_days": 90,
        "gap_days": 0,
        "process_only": False,
        "notes": ["Four training windows were found where six were asked for."],
        "timeline": {
            "first_order": "1997-01-01",
            "last_order": "1998-06-30",
            "cutoff": "1998-07-01",
            "test_cutoff": "1998-04-02",
            "validation_cutoff": "1998-01-02",
            "training_cutoffs": [
                "1997-07-06",
                "1997-08-05",
                "1997-09-04",
                "1997-10-04",
            ],
            "refit_cutoffs": ["1997-10-04", "1998-01-02", "1998-04-02"],
        },
        "model_name": "lightgbm",
        "calibration": "isotonic",
        "value_model": "BG/NBD x Gamma-Gamma",
        "test": tested.pop("model"),
        "test_intervals": intervals.pop("model"),
        "value_test": {"mae": 10.72, "spearman": 0.412, "total_ratio": 0.964},
        "baselines": tested,
        "baseline_intervals": intervals,
        "baseline_labels": {
            "bg_nbd": "BG/NBD",
            "days_since_last_order": "Days since last order",
            "frequency": "Frequency",
            "rfm_logistic": "RFM logistic",
        },
        "value_baselines": {
            "bg_nbd": {"mae": 11.0, "spearman": 0.42, "total_ratio": 0.91}
        },
        "curves": {name: _curves(y, score) for name, score in scores.items()},
        "importance": [
            {
                "feature": name,
                "meaning": meaning,
                "importance": 0.9 * 0.7**i,
                "direction": ("raises", "lowers", "mixed")[i % 3],
            }
            for i, (name, meaning) in enumerate(meanings.items())
        ],
        "process": {
            "model": "bg_nbd",
            "params": {"r": 0.24259, "alpha": 4.41362, "a": 0.79293, "b": 2.42590},
            "log_likelihood": -9582.429,
            "shares": {"kept": {"mean": 1.0, "orders": 0.0}, "margin": None},
        },
        "diagnostics": {
            "tracking": {
                "week": week,
                "actual_cumulative": [e * (1 + 0.05 * np.sin(e)) for e in expected],
                "expected_cumulative": expected,
                "cutoff_week": 39,
            },
            "by_frequency": {
                "frequency": [*"0123456", "7 or more"],
                "actual": [0.23, 0.7, 1.39, 1.56, 2.53, 2.95, 3.86, 6.36],
                "expected": [0.22, 0.6, 1.2, 1.71, 2.4, 2.91, 3.82, 6.4],
                "n_customers": [1411, 439, 214, 100, 62, 38, 29, 64],
            },
            "alive_matrix": {
                "frequency": list(range(0, 21)),
                "recency": list(range(0, 40)),
                "p": [
                    [1 / (1 + f * np.exp((30 - t) / 6) / 30) for t in range(40)]
                    for f in range(21)
                ],
            },
            "spend_density": {
                "value": list(range(1, 150)),
                "actual": [v * np.exp(-v / 17) / 300 for v in range(1, 150)],
                "expected": [v * np.exp(-v / 18) / 320 for v in range(1, 150)],
            },
        },
    }


def make_scores(n=23570):
    rng = np.random.default_rng(3)
    p = rng.beta(2.2, 0.7, n)
    kept = rng.gamma(0.9, 30, n) * (1.4 - p)
    kept[0] = 999.0
    silent = kept / 4
    band = np.where(p < 0.4, "low", np.where(p < 0.7, "medium", "high"))
    days = pd.to_timedelta(rng.integers(5, 300, n), unit="D")
    following = pd.Series(pd.Timestamp("1998-07-01") + days)
    names = ["Champions", "Loyal", "Cannot lose", "Hibernating", "New"]
    return pd.DataFrame(
        {
            "customer_id": [HOSTILE_ID, *(f"c{i:05d}" for i in range(2, n + 1))],
            "cutoff": pd.Timestamp("1998-07-01").date(),
            "churn_probability": p,
            "btyd_no_purchase_probability": np.clip(p + 0.02, 0, 1),
            "p_alive": 1 - p / 2,
            "expected_purchases": (1 - p) * 2,
            "expected_spend": (1 - p) * 60,
            "clv": (1 - p) * kept + p * silent,
            "clv_if_kept": kept,
            "clv_if_silent": silent,
            "value_at_risk": p * (kept - silent),
            "value_to_protect": (1 - p) * kept / 10,
            "risk_band": band,
            "segment": rng.choice(names, n),
            "expected_next_order": following.mask(p > 0.9).dt.date,
            "reasons": [
                [
                    "no order for 63 days; used to order every 12",
                    "2 orders in the last 90 days, 5 in the 90 before",
                    "spends $18 an order & falling",
                ]
            ]
            * n,
            "model_version": "3",
            "scored_at": "1998-07-01T06:00:00+00:00",
            "run_id": "0123abcd",
        }
    )


@pytest.fixture(scope="session")
def whole_run(tmp_path_factory):
    """Return a folder with every file; tests must not write into it."""
    return write_run(
        tmp_path_factory.mktemp("run"),
        check=make_check(),
        kpis=make_kpis(),
        training=make_training(),
        scores=make_scores(),
    )


def write_run(folder, **files):
    """Write the given parts of a run into a folder; None leaves a file out."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if name == "scores" and content is not None:
            content.to_parquet(folder / "scores.parquet")
        elif content is not None:
            file = f"{name}.json"
            whole = {"schema_version": 1} | complete(FORMS[file], content)
            text = json.dumps(whole, default=float)
            (folder / file).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def parts():
    """Return fresh copies of the parts of a run, by name."""
    makers = {
        "check": make_check,
        "kpis": make_kpis,
        "training": make_training,
        "scores": lambda: make_scores(400),
    }
    return lambda name: makers[name]()


@pytest.fixture
def run_folder(tmp_path):
    """Return a function that writes parts of a run into an empty folder."""
    return lambda **files: write_run(tmp_path / "out", **files)


@pytest.fixture(scope="session")
def whole_page(whole_run):
    """Return the page of the whole run."""
    return render_report(whole_run)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Return a headless Chromium; where there is none, skip, but never in CI."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no Chromium here, and CI must look at the page")
        pytest.skip("no Chromium on this machine")
    place = Path(__file__).with_name("chromium.py")
    spec = importlib.util.spec_from_file_location("report_chromium", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    opened = module.Chromium(program, str(tmp_path_factory.mktemp("profile")))
    yield opened
    opened.close()
