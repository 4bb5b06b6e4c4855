"""The rival that a careful data scientist would build without this package.

A log of purchases and the cutoffs of a run come in; the probability of no purchase and
the expected spend of every customer at the test cutoff go out. About seventy features
by hand in SQL, LightGBM tuned forward in time, its Tweedie sister for spend. Nothing of
the package's features, models or labels is used: only its clean log and its cutoffs.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import lightgbm
import numpy as np
import optuna
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import ibis
    from numpy.typing import NDArray

    from regulars.timeline import Timeline

    Floats = NDArray[np.float64]

SQL = (Path(__file__).parent / "handmade.sql").read_text(encoding="utf-8")
KEYS = ["customer_id", "cutoff"]
# the log's columns that are optional, as the query names them and their stand-in
OPTIONAL = {
    "quantity": ("quantity", "NULL::DOUBLE"),
    "discount": ("discount_amount", "NULL::DOUBLE"),
    "order_id": ("order_id", "order_time"),
    "product_id": ("product_id", "NULL::VARCHAR"),
    "store_id": ("store_id", "NULL::VARCHAR"),
}
MAX_TREES = 2000
PATIENCE = 30
POWERS = (1.1, 1.3, 1.5, 1.7)
QUIET = {"num_threads": 1, "verbosity": -1}
BASE = {**QUIET, "learning_rate": 0.05, "bagging_freq": 1, "deterministic": True}
OUTCOMES = """
SELECT
    cutoff,
    customer_id,
    (count(*) FILTER (NOT lines.is_return) = 0)::INT AS churned,
    sum(lines.amount) AS spend_after
FROM rows
JOIN lines USING (customer_id)
WHERE day >= cutoff + $gap AND day < cutoff + $gap + $horizon
    AND cutoff + $gap + $horizon <= $known_at
GROUP BY cutoff, customer_id
"""


def forecast(
    log: ibis.Table,
    timeline: Timeline,
    *,
    trials: int = 30,
    seed: int = 0,
    keep: Path | None = None,
) -> pd.DataFrame:
    """Tune on the latest validation window, learn from all that is known, foresee.

    Where the history is short, a rule of thumb carries over what was learnt on the
    timeline's shorter horizon: silence goes on as it has begun, spend in proportion.

    Parameters
    ----------
    log : ibis.Table
        Clean transactions.
    timeline : Timeline
        Cutoffs; the test cutoff is not None and there is a fold.
    keep : Path, optional
        Folder in which the forecasts are kept, and taken from where this file, the log
        and the cutoffs are the same: rivals stand still while the model moves.
    trials : int, default=30
        LightGBM settings tried.
    seed : int, default=0
        Of the trials and the trees.

    Returns
    -------
    DataFrame of shape (n_customers, 2)
        ``churn`` (probability of no purchase) and ``spend`` over the horizon asked for,
        by customer.
    """
    if keep is None:
        return _forecast(log, timeline, trials, seed)
    name = _fingerprint(log, timeline, trials, seed)
    path = keep / f"handmade-{timeline.horizon_days}-{name}.parquet"
    if not path.is_file():
        keep.mkdir(parents=True, exist_ok=True)
        _forecast(log, timeline, trials, seed).to_parquet(path)
    return pd.read_parquet(path)


def _forecast(
    log: ibis.Table, timeline: Timeline, trials: int, seed: int
) -> pd.DataFrame:
    fold, test = timeline.folds[0], timeline.test_cutoff
    assert test is not None
    cutoffs = {test, fold.cutoff, *fold.training_cutoffs, *timeline.training_cutoffs}
    rows = labelled_rows(log, timeline, sorted(cutoffs))
    columns = [c for c in rows.columns if c not in (*KEYS, "churned", "spend_after")]

    def at(days: Sequence[date]) -> pd.DataFrame:
        return rows[rows["cutoff"].isin(pd.to_datetime(list(days)))]

    learn, valid = at(fold.training_cutoffs), at([fold.cutoff])
    params = _tune(learn, valid, columns, trials, seed)
    tweedie = _tune_tweedie(learn, valid, columns, params)
    everything, now = at(timeline.training_cutoffs), at([test])
    churn = _foresee(everything, now, "churned", columns, params)
    spend = _foresee(everything, now, "spend_after", columns, tweedie)
    stretch = timeline.horizon_days / timeline.label_horizon_days
    return pd.DataFrame(
        {"churn": churn**stretch, "spend": spend * stretch},
        index=pd.Index(now["customer_id"]),
    )


def _fingerprint(log: ibis.Table, timeline: Timeline, trials: int, seed: int) -> str:
    # whole cents: a sum of floats depends on the order in which threads add it up
    cents = (log.amount * 100).round().cast("int64").sum()
    content = log.aggregate(rows=log.count(), cents=cents).to_pyarrow()
    source = Path(__file__).read_text(encoding="utf-8")
    digest = hashlib.sha256(f"{SQL}{source}{content}".encode())
    days = (timeline.test_cutoff, timeline.folds[0], timeline.training_cutoffs)
    window = (timeline.gap_days, timeline.horizon_days, timeline.label_horizon_days)
    digest.update(f"{days}{window}{trials}{seed}".encode())
    return digest.hexdigest()[:12]


def labelled_rows(
    log: ibis.Table, timeline: Timeline, cutoffs: Sequence[date]
) -> pd.DataFrame:
    """Return the features and what happened afterwards, of every customer and cutoff.

    Outcomes are of the horizon that the history can teach, and missing where they were
    not known at the test cutoff: the window of the test is out of reach.

    Parameters
    ----------
    log : ibis.Table
        Clean transactions.
    timeline : Timeline
        Gap and horizon.
    cutoffs : sequence of date
        Days to stand on, earliest first; the last is the test cutoff.

    Returns
    -------
    DataFrame of shape (n_rows, n_features + 4)
        Columns that are missing everywhere are left out.
    """
    with duckdb.connect() as con:
        con.register("log", log.to_pyarrow())
        columns = con.table("log").columns
        optional = ", ".join(
            f"{source if source in columns else stand_in} AS {name}"
            for name, (source, stand_in) in OPTIONAL.items()
        )
        con.execute(
            f"""CREATE TABLE lines AS SELECT customer_id, order_date::DATE AS day,
            hour(order_time) AS hour, is_return, {optional},
            CASE WHEN is_return THEN -abs(amount) ELSE amount END AS amount FROM log"""
        )
        con.execute("CREATE TABLE cutoffs AS SELECT unnest($1) AS cutoff", [cutoffs])
        con.execute(f"CREATE TABLE rows AS {SQL}")
        features = con.table("rows").df()
        gap, horizon = timeline.gap_days, timeline.label_horizon_days
        window = {"gap": gap, "horizon": horizon, "known_at": cutoffs[-1]}
        outcomes = con.execute(OUTCOMES, window).df()
    rows: pd.DataFrame = features.merge(
        outcomes, on=KEYS, how="left", validate="one_to_one"
    )
    ends = rows["cutoff"] + pd.Timedelta(days=gap + horizon)
    silent = rows["churned"].isna() & (ends <= pd.Timestamp(cutoffs[-1]))
    rows.loc[silent, ["churned", "spend_after"]] = [1.0, 0.0]
    return rows.dropna(axis="columns", how="all")


def _tune(
    learn: pd.DataFrame,
    valid: pd.DataFrame,
    columns: list[str],
    trials: int,
    seed: int,
) -> dict[str, Any]:
    data = _datasets(learn, valid, "churned", columns)

    def objective(trial: optuna.Trial) -> float:
        params = {
            **BASE,
            "objective": "binary",
            "seed": seed,
            "num_leaves": trial.suggest_int("num_leaves", 4, 63, log=True),
            "min_child_samples": trial.suggest_int(
                "min_child_samples", 10, 300, log=True
            ),
            "feature_fraction": trial.suggest_float("feature_fraction", 0.2, 1.0),
            "bagging_fraction": trial.suggest_float("bagging_fraction", 0.4, 1.0),
            "lambda_l2": trial.suggest_float("lambda_l2", 0.01, 100.0, log=True),
        }
        booster, loss = _stopped_early({**params, "metric": "binary_logloss"}, *data)
        params["num_iterations"] = booster.best_iteration
        trial.set_user_attr("params", params)
        return loss

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials=trials)
    found: dict[str, Any] = study.best_trial.user_attrs["params"]
    return found


def _tune_tweedie(
    learn: pd.DataFrame, valid: pd.DataFrame, columns: list[str], params: dict[str, Any]
) -> dict[str, Any]:
    """Return the same trees with the power and the length that err least on spend."""
    found = []
    data = _datasets(learn, valid, "spend_after", columns)
    for power in POWERS:
        tried = {
            **params,
            "objective": "tweedie",
            "tweedie_variance_power": power,
            "num_iterations": MAX_TREES,
        }
        booster, error = _stopped_early({**tried, "metric": "mae"}, *data)
        found.append((error, {**tried, "num_iterations": booster.best_iteration}))
    return min(found, key=lambda pair: pair[0])[1]


def _datasets(
    learn: pd.DataFrame, valid: pd.DataFrame, outcome: str, columns: list[str]
) -> tuple[lightgbm.Dataset, lightgbm.Dataset]:
    options = {**QUIET, "feature_pre_filter": False}
    train = lightgbm.Dataset(
        learn[columns], _outcome(learn, outcome), params=options, free_raw_data=False
    )
    check = train.create_valid(valid[columns], _outcome(valid, outcome), params=options)
    return train.construct(), check.construct()


def _outcome(rows: pd.DataFrame, outcome: str) -> Floats:
    # the Tweedie loss knows no spend below 0, which a refund may leave
    found: Floats = np.maximum(rows[outcome].to_numpy(np.float64), 0.0)
    return found


def _stopped_early(
    params: dict[str, Any], train: lightgbm.Dataset, valid: lightgbm.Dataset
) -> tuple[lightgbm.Booster, float]:
    booster = lightgbm.train(
        params,
        train,
        MAX_TREES,
        valid_sets=[valid],
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
    return booster, float(next(iter(booster.best_score["valid_0"].values())))


def _foresee(
    rows: pd.DataFrame,
    now: pd.DataFrame,
    outcome: str,
    columns: list[str],
    params: dict[str, Any],
) -> Floats:
    booster = lightgbm.train(
        params, lightgbm.Dataset(rows[columns], _outcome(rows, outcome), params=QUIET)
    )
    return np.asarray(booster.predict(now[columns]), dtype=np.float64)
