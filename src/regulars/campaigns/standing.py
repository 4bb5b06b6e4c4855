"""Where each scored customer stands at the cutoff: what conditions are tested on.

One row a customer: the scores, their change, and what the dated tables and attributes
say. `META` and the tables' own meanings document the columns.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from regulars.campaigns.attributes import TABLE, as_tested, attributes_as_written
from regulars.campaigns.control import value_bands
from regulars.data.cluster_session import is_cluster
from regulars.data.ledger import MICROS
from regulars.errors import ConfigError, DataError
from regulars.features.contacts import contacted
from regulars.features.dated_tables import words_before
from regulars.features.signals import Signals, named_apart
from regulars.kinds.contractual.value import MONTH_DAYS
from regulars.scoring.layout import WRITTEN
from regulars.scoring.manifest import FILE as SCORES_MANIFEST
from regulars.scoring.risk_rose import BANDS
from regulars.scoring.sinks.tables import kept_scores

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from regulars.config import Settings
    from regulars.scoring.history import History

    Floats = NDArray[np.float64]

# a batch a month lies at most so far back
WINDOW_DAYS = 31
VALUE_BANDS = ("low", "middle", "high")
PROVENANCE = ("model_version", "scored_at", "run_id", "stay_reasons")
SCORE_COLUMNS = tuple(name for name in WRITTEN if name not in PROVENANCE)
"""Columns of the scores that a condition may use."""

META: Mapping[str, str] = {
    "risk_change": "`churn_probability` less `churn_probability_before`",
    "bands_risen": "Risk bands risen since the batch before: 2 from low to high, below "
    "0 where they fell; empty for customers who were not in it",
    "risk_change_30_days": "`churn_probability` less the lowest one that a batch of "
    "the last 30 days gave (31, so that a monthly batch counts); empty without one",
    "bands_risen_30_days": "Risk bands risen since the lowest one in these batches",
    "value_rank": "Share of the customers whose `clv_if_kept` is no higher: above 0.9 "
    "for the most valuable tenth",
    "value_band": "`low`, `middle` or `high`: thirds of the customers by `clv_if_kept`",
    "typical_order": "Median amount of a purchase day; of contracts the price a month",
    "recent_spend": "Spend, net of returns, in the last `time.horizon_days` days; "
    "of contracts what they cost in as many days",
    "recent_contacts": "Contacts in the last `campaign.pressure.days` days",
}
"""Columns of conditions that are neither scores nor features, with their meanings."""


class DatedWorkspace(Protocol):
    """Checked data whose rows have days: purchases or contracts."""

    settings: Settings
    cutoff: date
    signals: Signals

    @property
    def tables(self) -> Mapping[str, Any]:
        """Clean tables by canonical name."""


@dataclass(frozen=True, eq=False)
class Standing:
    """The scored customers at a cutoff."""

    # as of which everything is said
    cutoff: date
    # one row a customer, in the order of the scores
    table: pa.Table
    # as they are written in ``customers``; for files that people read
    attributes: pd.DataFrame
    # which model scored
    model_version: str
    run_id: str

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def ids(self) -> list[Any]:
        """Customers, as the scores have them."""
        found: list[Any] = self.table["customer_id"].to_pylist()
        return found

    def number(self, name: str) -> Floats:
        """Return a column of numbers, NaN where it is empty."""
        values = self.table[name].to_numpy()
        return np.asarray(values, np.float64)


def read_standing(work: Any) -> Standing:
    """Read the latest scores, and lay beside them what is known of each customer."""
    _refuse_kind(work)
    settings, cutoff = work.settings, work.cutoff
    scores, told = _latest_scores(work)
    ids = pd.Index(scores["customer_id"].to_pandas())
    written = attributes_as_written(work.tables, ids, cutoff)
    columns = {name: scores[name] for name in SCORE_COLUMNS}
    columns |= _changes(scores, kept_scores(settings), cutoff)
    columns |= _values(scores)
    columns |= _states(work, ids, taken=columns)
    for name in map(str, written):
        # an attribute may bear the name of one of ours
        own = named_apart(name, TABLE) if name in columns else name
        columns[own] = as_tested(written[name])
    version, run = told["model_version"], told["run_id"]
    return Standing(cutoff, pa.table(columns), written, version, run)


def _refuse_kind(work: Any) -> None:
    settings = work.settings
    if not hasattr(work, "signals"):
        msg = (
            f"churn.kind is '{settings.churn.kind}', whose rows have no days of "
            "purchases, contracts or contacts: campaigns and lists need them. Use a "
            "configuration of kind non_contractual or contractual."
        )
        raise ConfigError(msg)
    if is_cluster(settings):
        msg = (
            "source.engine is a cluster, of whose customers only a sample is read "
            "here: campaigns and lists need the tables of all of them. Use an engine "
            "such as duckdb:// or postgres://."
        )
        raise ConfigError(msg)


def _latest_scores(work: Any) -> tuple[pa.Table, dict[str, str]]:
    """Return the scores of the data as they are, and what made them."""
    outputs: Path = work.settings.outputs_folder
    path, beside = outputs / "scores.parquet", outputs / SCORES_MANIFEST
    if not path.is_file() or not beside.is_file():
        msg = (
            f"There are no scores in '{outputs}'. Write them first: 'regulars score "
            "CONFIG' (after 'regulars train CONFIG')."
        )
        raise DataError(msg)
    told = json.loads(beside.read_text(encoding="utf-8"))
    scored, cutoff = told["cutoff"], work.cutoff.isoformat()
    if scored != cutoff or told["fingerprint"] != work.fingerprint():
        what = (
            f"are as of {scored}, and the data reach to {cutoff}"
            if scored != cutoff
            else "were made from other data than those that are there now"
        )
        msg = f"The scores in '{path}' {what}. Score again: 'regulars score CONFIG'."
        raise DataError(msg)
    scores = pq.read_table(path)
    if not scores.num_rows:
        msg = f"The scores in '{path}' hold no customer, so that nobody can be chosen."
        raise DataError(msg)
    return scores, told


def _changes(scores: pa.Table, history: History, cutoff: date) -> dict[str, pa.Array]:
    """Return how far risks rose since the batch before, and in a month."""
    ids = scores["customer_id"].combine_chunks()
    now, band = _floats(scores["churn_probability"]), _bands(scores["risk_band"])
    before = _floats(scores["churn_probability_before"])
    lowest, least = np.full(len(now), np.nan), np.full(len(now), np.nan)
    first = cutoff - timedelta(days=WINDOW_DAYS)
    for day in (each for each in history.days() if first <= each < cutoff):
        columns = ["customer_id", "churn_probability", "risk_band"]
        kept = history.read(day, columns)
        place = pc.index_in(ids, value_set=kept["customer_id"].cast(ids.type))
        lowest = np.fmin(lowest, _floats(kept["churn_probability"].take(place)))
        least = np.fmin(least, _bands(kept["risk_band"].take(place)))
    found = {
        "risk_change": now - before,
        "bands_risen": band - _bands(scores["band_before"]),
        "risk_change_30_days": now - lowest,
        "bands_risen_30_days": band - least,
    }
    return {name: _numbers(values) for name, values in found.items()}


def _values(scores: pa.Table) -> dict[str, pa.Array]:
    """Return how a customer's value compares; missing where no value is known."""
    value = _floats(scores["clv_if_kept"])
    known = np.isfinite(value)
    if not known.any():
        nothing = pa.nulls(len(value), pa.string())
        return {"value_rank": _numbers(value), "value_band": nothing}
    ranked = np.sort(value[known])
    rank = np.searchsorted(ranked, value, side="right") / len(ranked)
    bands = np.array(VALUE_BANDS, object)[value_bands(value, len(VALUE_BANDS))]
    bands[~known] = None
    band = pa.array(bands, pa.string())
    return {"value_rank": _numbers(np.where(known, rank, np.nan)), "value_band": band}


def _states(
    work: DatedWorkspace, ids: pd.Index, taken: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the dated tables say of tickets, points, contacts and the like."""
    # attributes are read on their own: without a day they count too
    tables = {n: rows for n, rows in work.signals.tables.items() if n != TABLE}
    begins = {name: work.signals.begins[name] for name in tables}
    signals = Signals(tables, begins, work.signals.first_days)
    words = words_before(signals.rows, work.cutoff)
    raw = signals.raw(work.cutoff, ids, words, taken=[*taken, *META])
    found: dict[str, Any] = {
        str(name): pa.array(raw[name].to_numpy(), from_pandas=True) for name in raw
    }
    orders = _orders(work, ids)
    if orders is None:
        price = found.get("monthly_amount", pa.nulls(len(ids), pa.float64()))
        months = work.settings.time.horizon_days / MONTH_DAYS
        orders = (_floats(price), months * _floats(price))
    typical, spend = orders
    recent = np.zeros(len(ids))
    if "contacts" in signals.rows:
        seen = signals.rows["contacts"].at(work.cutoff, ids)
        recent += seen.number(contacted, work.settings.campaign.pressure.days)
    return {
        **found,
        "typical_order": _numbers(typical),
        "recent_spend": _numbers(spend),
        "recent_contacts": _numbers(recent),
    }


def _orders(work: Any, ids: pd.Index) -> tuple[Floats, Floats] | None:
    """Return the median amount of a purchase day, and recent spend; None: no log."""
    ledger = getattr(work, "ledger", None)
    if ledger is None:
        return None
    days = ledger.days.filter(ledger.days.day < work.cutoff)
    first = work.cutoff - timedelta(days=work.settings.time.horizon_days)
    rows = days.group_by("customer_id").agg(
        typical=days.spend.median(where=days.is_purchase),
        recent=days.spend_micros.sum(where=days.day >= first),
    )
    frame = rows.to_pyarrow().to_pandas()
    by_id = frame.set_index(frame["customer_id"].astype(str)).reindex(ids.astype(str))
    typical: Floats = by_id["typical"].to_numpy(np.float64)
    # sums of whole millionths do not hang on the order of the rows
    recent: Floats = by_id["recent"].to_numpy(np.float64) / MICROS
    # what was sent back on the day of a purchase is no order below nothing
    return typical.clip(min=0.0), np.nan_to_num(recent)


def _bands(values: pa.ChunkedArray) -> Floats:
    return _floats(pc.index_in(values.cast(pa.string()), value_set=BANDS))


def _floats(values: pa.Array | pa.ChunkedArray) -> Floats:
    return np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False), float)


def _numbers(values: Floats) -> pa.Array:
    return pa.array(values, pa.float64(), from_pandas=True)
