"""Contractual churn: who of those with a running contract cancels in the horizon.

The clean tables of a log with subscriptions come in; for each cutoff one row a customer
with a running contract goes out, with what was known before it (tenure, plan, price,
earlier cancellations, counts of every dated table, the features of purchases) and
whether the customer cancelled in the window. Contracts that follow each other without a
day between them are one spell: a change of plan is no cancellation.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.data.contract import TABLES, day_name
from regulars.data.fingerprint import fingerprint
from regulars.data.ledger import build_ledger
from regulars.errors import ConfigError, NotEnoughHistoryError
from regulars.features.matrix import build_matrix
from regulars.kpis.survival import hazard_by_tenure, kaplan_meier
from regulars.labelled.stages import register_training, write_scored
from regulars.labelled.training import Split, learn
from regulars.scoring.sinks import write_json
from regulars.timeline import plan
from regulars.workspace import read_and_check

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from numpy.typing import NDArray

    from regulars.config import Settings
    from regulars.timeline import Timeline

    Step = Callable[[str], None]

DATED = ("events", "tickets", "surveys", "loyalty", "contacts")
WINDOWS_DAYS = (30, 90)
KEYS = ["customer_id", "cutoff"]


@dataclass(frozen=True)
class ContractWorkspace:
    """Contracts and what else is known of the customers, laid out in time.

    Attributes
    ----------
    settings : Settings
        The configuration.
    spells : DataFrame of shape (n_contracts, n_columns)
        Contracts with the first day of their spell (``spell_start``) and the day on
        which the spell ended (``spell_end``; missing where it still runs).
    dated : dict of str to DataFrame
        Customer, day and score of the rows of each dated table.
    ledger : Ledger or None
        Purchases, where there are any.
    timeline : Timeline
        The cutoffs.
    """

    settings: Settings
    spells: pd.DataFrame
    dated: dict[str, pd.DataFrame]
    ledger: Any
    timeline: Timeline

    def fingerprint(self) -> str:
        """Return the digest of contracts, dated tables and purchases.

        Returns
        -------
        str
            64 hexadecimal digits (SHA-256).
        """
        digest = hashlib.sha256()
        for name, table in sorted({"contracts": self.spells, **self.dated}.items()):
            rows = table.astype(str)[sorted(table.columns)]
            hashes = np.sort(pd.util.hash_pandas_object(rows, index=False).to_numpy())
            digest.update(name.encode() + hashes.tobytes())
        if self.ledger is not None:
            digest.update(fingerprint(self.ledger).encode())
        return digest.hexdigest()


def open_contracts(settings: Settings, step: Step) -> ContractWorkspace:
    """Read and check the tables, and lay the cutoffs over them.

    Parameters
    ----------
    settings : Settings
        Of kind ``contractual``.
    step : callable
        Called with the name of each step as it begins.

    Returns
    -------
    ContractWorkspace

    Raises
    ------
    ConfigError, NotEnoughHistoryError
        There are no subscriptions, or too short a history of them.
    """
    if settings.source.subscriptions is None:
        msg = (
            "churn.kind is 'contractual', so give the contracts under "
            "source.subscriptions: customer_id, started_at and ended_at."
        )
        raise ConfigError(msg)
    tables = read_and_check(settings, step).tables
    contracts = tables["subscriptions"].execute()
    spells = spells_of(contracts)
    dated = {}
    for name in DATED:
        if name in tables:
            day = day_name(TABLES[name].time_column or "")
            rows = tables[name].execute().rename(columns={day: "day"})
            kept = rows[[c for c in ("customer_id", "day", "score") if c in rows]]
            dated[name] = kept.assign(day=pd.to_datetime(kept["day"]))
    ledger = build_ledger(tables["transactions"]) if "transactions" in tables else None
    days = pd.concat([spells["started"], spells["ended"].dropna()])
    timeline = plan(settings.time, days.min().date(), days.max().date())
    if not timeline.folds or timeline.test_cutoff is None or timeline.carries_over:
        msg = (
            f"The contracts span {days.min().date()} to {days.max().date()}: too short "
            f"for a test, a validation and a training window of "
            f"{timeline.window_days} days each. Set a shorter time.horizon_days."
        )
        raise NotEnoughHistoryError(msg)
    return ContractWorkspace(settings, spells, dated, ledger, timeline)


def spells_of(contracts: pd.DataFrame) -> pd.DataFrame:
    """Join contracts that follow each other without a day between them.

    Parameters
    ----------
    contracts : DataFrame of shape (n_contracts, n_columns)
        ``customer_id``, ``started_date``, ``ended_date`` (the first day without the
        contract; missing where it runs) and what else there is.

    Returns
    -------
    DataFrame of shape (n_contracts, n_columns + 4)
        With ``started``, ``ended``, ``spell_start`` and ``spell_end`` as times.

    Examples
    --------
    >>> days = ["2024-01-01", "2024-02-01", "2024-04-01"]
    >>> ends = ["2024-02-01", "2024-03-01", None]
    >>> found = spells_of(pd.DataFrame({"customer_id": ["a"] * 3,
    ...                                 "started_date": days, "ended_date": ends}))
    >>> found["spell_start"].dt.month.tolist()
    [1, 1, 4]
    """
    rows = contracts.assign(
        started=pd.to_datetime(contracts["started_date"]).astype("datetime64[us]"),
        ended=pd.to_datetime(contracts["ended_date"]).astype("datetime64[us]"),
    ).sort_values(["customer_id", "started", "ended"], kind="stable", ignore_index=True)
    forever = pd.Timestamp.max.floor("D").to_datetime64().astype("datetime64[us]")
    reach = rows["ended"].fillna(forever).groupby(rows["customer_id"]).cummax()
    before = reach.groupby(rows["customer_id"]).shift()
    spell = (before.isna() | (rows["started"] > before)).cumsum()
    ends = reach.groupby(spell).transform("max")
    return rows.assign(
        spell_start=rows["started"].groupby(spell).transform("min"),
        spell_end=ends.where(ends < forever),
    )


def snapshot(work: ContractWorkspace, cutoff: date) -> pd.DataFrame:
    """Return the customers with a running contract and what was known before a cutoff.

    Parameters
    ----------
    work : ContractWorkspace
        The tables.
    cutoff : date
        Features see the days before it.

    Returns
    -------
    DataFrame of shape (n_customers, n_features + 2)
        Sorted by customer; ``customer_id``, ``cutoff`` and the features.
    """
    day = pd.Timestamp(cutoff)
    known = work.spells[work.spells["started"] < day]
    running = known[known["ended"].isna() | (known["ended"] >= day)]
    current = running.drop_duplicates("customer_id", keep="last").set_index(
        "customer_id"
    )
    past = known[known["ended"] < day].groupby("customer_id")
    rows = pd.DataFrame(index=current.index)
    rows["tenure_days"] = (day - current["spell_start"]).dt.days.astype(float)
    rows["contract_days"] = (day - current["started"]).dt.days.astype(float)
    if "plan" in current:
        plans = current["plan"].astype(object)
        rows["plan"] = plans.where(plans.notna().to_numpy(dtype=bool), None)
    if "monthly_amount" in current:
        rows["monthly_amount"] = current["monthly_amount"].astype(np.float64)
    counts = past.size().reindex(rows.index)
    rows["n_contracts_ended"] = counts.fillna(0).astype(float)
    spells = known.groupby("customer_id")["spell_start"].nunique()
    rows["n_restarts"] = spells.reindex(rows.index).astype(float) - 1
    gone = (day - past["ended"].max()).dt.days
    rows["days_since_last_end"] = gone.reindex(rows.index).astype(float)
    for name, table in work.dated.items():
        rows = rows.join(_counts(name, table[table["day"] < day], day, rows.index))
    rows = rows.sort_index().reset_index()
    rows.insert(1, "cutoff", day)
    return _with_purchases(work, rows, cutoff)


def _counts(
    name: str, table: pd.DataFrame, day: pd.Timestamp, customers: pd.Index
) -> pd.DataFrame:
    ages = (day - table["day"]).dt.days
    parts = {}
    for window in WINDOWS_DAYS:
        inside = table.loc[ages <= window].groupby("customer_id").size()
        parts[f"n_{name}_{window}d"] = inside.reindex(customers).fillna(0)
    whole = table.groupby("customer_id").size().reindex(customers)
    parts[f"n_{name}"] = whole.fillna(0)
    last = ages.groupby(table["customer_id"]).min()
    parts[f"days_since_{name}"] = last.reindex(customers)
    if "score" in table:
        latest = table.sort_values("day", kind="stable").groupby("customer_id")["score"]
        parts[f"last_{name}_score"] = latest.last().reindex(customers)
    return pd.DataFrame(parts, index=customers).astype(np.float64)


def _with_purchases(
    work: ContractWorkspace, rows: pd.DataFrame, cutoff: date
) -> pd.DataFrame:
    if work.ledger is None:
        return rows
    matrix = build_matrix(
        work.ledger,
        [cutoff],
        lookback_days=work.settings.time.lookback_days,
        groups=work.settings.features.groups,
        extra=work.settings.features.extra,
    ).drop(columns="cutoff")
    return rows.merge(matrix, how="left", on="customer_id", validate="1:1")


def cancelled(
    work: ContractWorkspace, customers: pd.Series, cutoff: date
) -> NDArray[np.float64]:
    """Return who cancelled in the window of a cutoff.

    Parameters
    ----------
    work : ContractWorkspace
        The tables.
    customers : Series of shape (n_customers,)
        Customers with a running contract at the cutoff.
    cutoff : date
        The window begins ``gap_days`` after it.

    Returns
    -------
    array of shape (n_customers,)
        1 where the spell ended in the window, 0 where it outlasted it, NaN where it
        ended in the gap: such a customer is neither.
    """
    start, end = map(pd.Timestamp, work.timeline.label_window(cutoff))
    day = pd.Timestamp(cutoff)
    spells = work.spells[
        (work.spells["started"] < day)
        & (work.spells["spell_end"].isna() | (work.spells["spell_end"] >= day))
    ]
    ends = spells.drop_duplicates("customer_id", keep="last").set_index("customer_id")
    found = ends["spell_end"].reindex(customers)
    inside = ((found >= start) & (found < end)).to_numpy(dtype=np.float64)
    return np.where((found < start).to_numpy(), np.nan, inside)


def train_contracts(work: ContractWorkspace, step: Step) -> dict[str, Any]:
    """Train, test forward in time, register; write ``training.json``.

    Parameters
    ----------
    work : ContractWorkspace
        Tables and cutoffs.
    step : callable
        Called with the name of each step as it begins.

    Returns
    -------
    dict
        What ``train --json`` ends with (design section 7).
    """
    step("features")
    line = work.timeline
    parts = []
    for cutoff in line.snapshots:
        if cutoff != line.cutoff:
            rows = snapshot(work, cutoff)
            rows["_churned"] = cancelled(work, rows["customer_id"], cutoff)
            parts.append(rows[rows["_churned"].notna()])
    stacked = pd.concat(parts, ignore_index=True)
    churned = stacked.pop("_churned").to_numpy(np.float64)
    day = stacked["cutoff"].dt.date
    rows = stacked.drop(columns=KEYS)

    def of(*cutoffs: date) -> NDArray[np.intp]:
        return np.flatnonzero(day.isin(cutoffs).to_numpy())

    pairs = [(of(*fold.training_cutoffs), of(fold.cutoff)) for fold in line.folds]
    pairs = [p for p in pairs if all(len(np.unique(churned[side])) == 2 for side in p)]
    test = line.test_cutoff
    split = Split(of(*line.training_cutoffs), of(*[test] if test else []), pairs)
    _refuse_if_too_few(churned, split)
    training = learn(
        rows,
        churned,
        [split],
        pairs,
        work.settings,
        step=step,
        learn_from=of(*line.refit_cutoffs),
        cutoff=test,
    )
    step("register")
    more = {
        "kind": "contractual",
        "horizon_days": line.horizon_days,
        "gap_days": line.gap_days,
        "survival": survival_of(work),
    }
    return register_training(
        training, work.settings, rows, fingerprint=work.fingerprint(), more=more
    )


def _refuse_if_too_few(churned: NDArray[np.float64], split: Split) -> None:
    for name, part in (("training", split.train), ("test", split.test)):
        if len(np.unique(churned[part])) < 2 or not split.pairs:
            msg = (
                f"The {name} windows hold {int(churned[part].sum())} cancellations of "
                f"{len(part)} running contracts; both kinds are needed in each of "
                "them. Set a longer time.horizon_days, or read more history."
            )
            raise NotEnoughHistoryError(msg)


def survival_of(work: ContractWorkspace) -> dict[str, Any]:
    """Return how long spells last, as known at the cutoff.

    Parameters
    ----------
    work : ContractWorkspace
        The tables.

    Returns
    -------
    dict
        ``curve`` and ``hazard``: lists of rows, as `regulars.kpis.survival` gives
        them; the curve has one row a period of 30 days.
    """
    day = pd.Timestamp(work.timeline.cutoff)
    spells = work.spells[work.spells["spell_start"] < day].drop_duplicates(
        ["customer_id", "spell_start"]
    )
    over = spells["spell_end"] < day
    until = spells["spell_end"].where(over, day)
    tenure = (until - spells["spell_start"]).dt.days.to_numpy(np.float64)
    curve = kaplan_meier(tenure, over.to_numpy())
    hazard = hazard_by_tenure(tenure, over.to_numpy())
    months = pd.DataFrame({"at": hazard["from_days"].astype(float) + 30})
    by_month = pd.merge_asof(months, curve, left_on="at", right_on="tenure_days")
    return {
        "curve": _records(by_month.drop(columns="tenure_days").dropna()),
        "hazard": _records(hazard),
        "n_spells": len(spells),
        "n_ended": int(over.sum()),
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(key): float(value) for key, value in row.items()}
        for row in frame.to_dict("records")
    ]


def score_contracts(work: ContractWorkspace, step: Step) -> dict[str, Any]:
    """Score every customer with a running contract; write the table.

    Parameters
    ----------
    work : ContractWorkspace
        Tables and cutoffs.
    step : callable
        Called with the name of the step as it begins.

    Returns
    -------
    dict
        ``scores`` (path), ``n_customers``, ``model_version``, ``cutoff``.
    """
    step("score")
    cutoff = work.timeline.cutoff
    rows = snapshot(work, cutoff)
    # contracts that end on a day already known are no forecast, but stay on the list
    ids = rows["customer_id"].tolist()
    return write_scored(work.settings, rows.drop(columns=KEYS), ids, cutoff)


def kpis_of_contracts(work: ContractWorkspace, step: Step) -> dict[str, Any]:
    """Work out survival and hazard by tenure; write ``kpis.json``.

    Parameters
    ----------
    work : ContractWorkspace
        Tables and cutoffs.
    step : callable
        Called with the name of the step as it begins.

    Returns
    -------
    dict
        ``n_spells`` and ``n_ended``.
    """
    step("kpis")
    found = survival_of(work)
    write_json(
        {"name": work.settings.name, "kind": "contractual", "survival": found},
        work.settings.outputs_folder / "kpis.json",
    )
    return {"n_spells": found["n_spells"], "n_ended": found["n_ended"]}
