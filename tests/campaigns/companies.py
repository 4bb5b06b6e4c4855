"""A simulated company with made-up scores: quick to open, every table beside it.

``test_*.py`` load this file; it holds no tests.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from regulars.config import load_settings
from regulars.datasets.company import CONFIG, write_company
from regulars.kinds.non_contractual.workspace import LogWorkspace, open_workspace
from regulars.scoring.history import NAME, FileHistory
from regulars.scoring.layout import as_table, schema_of
from regulars.scoring.manifest import FILE

if TYPE_CHECKING:
    from pathlib import Path

CUTOFF, EARLIER = date(2024, 12, 15), date(2024, 11, 20)
OFFERS = {
    "call": {
        "mechanic": "call",
        "channel": "phone",
        "cost": {"per_contact": 4},
        "eligible": "value_rank > 0.5 AND risk_band <> 'low'",
        "saves": 0.2,
        "at_most": 20,
    },
    "ten": {
        "mechanic": "discount",
        "cost": {"per_contact": 0.05, "share_of_order": 0.1, "redemption_rate": 0.2},
        "saves": 0.05,
    },
}
CAMPAIGN = {
    "offers": OFFERS,
    "channels": {"email": {"consent": "consent"}, "phone": {"at_most": 30}},
    "pressure": {"at_most": 2, "days": 60},
    "control": {"holdout": 0.1},
    "export": {"address": "email", "merge_fields": ["region", "note"]},
}
RULES = {
    "rising": {
        "when": "value_rank >= 0.8 AND bands_risen_30_days >= 2",
        "action": "Write a personal letter",
        "within_days": 7,
    },
    "breached": {
        "when": "tickets_open > 0 AND days_past_due > 0",
        "action": "Call",
        "within_days": 2,
        "cool_down_days": 7,
    },
    "dear": {"when": "value_rank > 0.9", "at_most": 5, "cool_down_days": 0},
}


@dataclass(frozen=True)
class ScoredCompany:
    """A folder with a company, and scores of two days."""

    folder: Path
    config: Path

    @property
    def out(self):
        return self.folder / "out"

    def settings(self, campaign=CAMPAIGN, rules=RULES, **more):
        own = {"campaign": campaign, "rules": rules, "time.cutoff": CUTOFF, **more}
        words = [
            f"{key}={json.dumps(value, default=str)}" for key, value in own.items()
        ]
        return load_settings(self.config, words)

    def work(self, campaign=CAMPAIGN, rules=RULES, **more):
        """Checked data with other settings; opened once."""
        opened = OPENED.setdefault(self.folder, [])
        if not opened:
            opened.append(open_workspace(self.settings(), _quietly))
        kept = opened[0]
        return LogWorkspace(
            self.settings(campaign, rules, **more),
            kept.intake,
            kept.ledger,
            kept.timeline,
            kept.signals,
        )


OPENED: dict[Path, list[LogWorkspace]] = {}


def _quietly(step):
    """Say nothing of the steps."""


def scored_company(folder):
    """A company of 300 with attributes for consent and mail, scored by hand."""
    data = folder / "data"
    config = write_company(data, 300, seed=3) / CONFIG
    people = pd.read_parquet(data / "customers.parquet")
    rng = np.random.default_rng(0)
    people["consent"] = rng.random(len(people)) < 0.7
    people["email"] = people["customer_id"].str.lower() + "@example.org"
    people["note"] = np.where(rng.random(len(people)) < 0.3, "=1+1", "dear")
    people.to_parquet(data / "customers.parquet")
    # without control groups no campaign teaches, and no model is to be loaded
    contacts = pd.read_parquet(data / "contacts.parquet")
    contacts = contacts[~contacts["is_control"].astype(bool)]
    contacts.to_parquet(data / "contacts.parquet", index=False)
    text = config.read_text().replace(
        "household_size: household_size",
        "household_size: household_size, consent: consent, email: email, note: note",
    )
    text += f'outputs: "{folder}/out"\ntracking: {{uri: "sqlite:///{folder}/m.db"}}\n'
    config.write_text(text)
    company = ScoredCompany(folder, config)
    work = company.work()
    days = work.ledger.days
    before = days.filter(days.day < EARLIER).customer_id.to_pyarrow().unique()
    ids = sorted(before.to_pylist())
    write_scores(company, work, ids)
    return company


def write_scores(company, work, ids):
    """Write scores of both days: a risk that is drawn, a value that is."""
    rng, n = np.random.default_rng(1), len(ids)
    churn, kept = rng.random(n), rng.lognormal(4.0, 1.0, n)
    band = np.array(["low", "medium", "high"], object)[np.digitize(churn, [0.3, 0.6])]
    schema = schema_of(pa.string()).with_metadata({NAME: work.settings.name.encode()})
    scores = pd.DataFrame({name: np.full(n, np.nan) for name in schema.names})
    scores = scores.assign(
        customer_id=ids,
        cutoff=CUTOFF,
        churn_probability=churn,
        clv_if_kept=kept,
        clv_if_silent=0.2 * kept,
        value_at_risk=churn * 0.8 * kept,
        value_to_protect=0.1 * kept,
        expected_spend=(1 - churn) * kept,
        risk_band=band,
        segment="Loyal",
        expected_next_order=None,
        risk_reasons=[["no order for 90 days"]] * n,
        stay_reasons=[[]] * n,
        model_version="1",
        run_id="r",
        scored_at=pd.Timestamp("2024-12-15", tz="UTC"),
    )
    table = as_table(scores, schema)
    was_low = np.arange(n) % 3 == 0
    earlier = np.where(was_low, 0.1, churn)
    # every third was at low risk in the batch before
    band_before = np.where(was_low, "low", band)
    past = {
        "churn_probability_before": pa.array(earlier),
        "band_before": pa.array(band_before, pa.string()),
        "cutoff_before": pa.repeat(pa.scalar(EARLIER, pa.date32()), n),
    }
    for name, values in past.items():
        table = table.append_column(schema.field(name), values)
    company.out.mkdir(exist_ok=True)
    path = company.out / "scores.parquet"
    pq.write_table(table.replace_schema_metadata(schema.metadata), path)
    old = table.set_column(2, "churn_probability", pa.array(earlier))
    place = table.schema.get_field_index("risk_band")
    old = old.set_column(place, "risk_band", pa.array(band_before, pa.string()))
    scratch = company.folder / "old.parquet"
    pq.write_table(old.replace_schema_metadata(schema.metadata), scratch)
    FileHistory(company.out, work.settings.name).keep(EARLIER, scratch)
    told = {
        "cutoff": CUTOFF.isoformat(),
        "fingerprint": work.fingerprint(),
        "model_version": "1",
        "run_id": "r",
    }
    (company.out / FILE).write_text(json.dumps(told))
