"""A campaign as it was launched, with the log of what came after."""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regulars import pipeline
from regulars.campaigns.standing import read_standing
from regulars.config import load_settings
from regulars.results import ReadoutResult, read_result, write_result
from regulars.results.campaign_manifest import (
    CAMPAIGN_COLUMNS,
    CAMPAIGN_FILE,
    CampaignManifest,
    CampaignVerdict,
    OfferTerms,
)
from regulars.scoring.manifest import checksum_of

sys.path.insert(0, str(Path(__file__).parent))
from companies import scored_company

LAUNCH = dt.date(2024, 7, 1)
CONFIG = """\
name: shop
source:
  currency: EUR
  transactions: {path: "FOLDER/orders.csv"}
  contacts: {path: "FOLDER/contacts.csv"}
value: {margin: 0.3}
outputs: "FOLDER/out"
"""


@dataclass
class Launched:
    """A folder with a log, a configuration and a campaign; parts can be changed."""

    folder: Path
    rows: pd.DataFrame
    orders: pd.DataFrame
    contacts: pd.DataFrame
    manifest: dict

    @staticmethod
    def offer(**changes):
        """Return terms of an offer: a call at 2 a contact."""
        return offer(**changes)

    @property
    def campaign(self):
        return self.folder / "campaign"

    @property
    def config(self):
        return self.folder / "shop.yaml"

    def read_out(self, *overrides):
        """Return the readout as the command would write it."""
        settings = load_settings(self.config, overrides)
        pipeline.readout(settings, self.campaign, lambda step: None)
        return read_result(ReadoutResult, self.campaign / "readout.json")

    def write(self):
        """Write everything anew, with a manifest that fits the campaign's file."""
        self.campaign.mkdir(exist_ok=True)
        path = str(self.folder.as_posix())
        self.config.write_text(CONFIG.replace("FOLDER", path), encoding="utf-8")
        self.orders.to_csv(self.folder / "orders.csv", index=False)
        self.contacts.to_csv(self.folder / "contacts.csv", index=False)
        self.rows.to_parquet(self.campaign / CAMPAIGN_FILE)
        digest = checksum_of(self.campaign / CAMPAIGN_FILE)
        manifest = CampaignManifest(**{**self.manifest, "sha256": digest})
        write_result(manifest, self.campaign / manifest.file)
        return self


def offer(**changes):
    """Terms of an offer: a call at 2 a contact."""
    terms = {
        "mechanic": "call",
        "channel": "phone",
        "per_contact": 2.0,
        "per_redemption": 0.0,
        "share_of_order": 0.0,
        "points": 0.0,
        "redemption_rate": 0.1,
        "saves": 0.2,
    }
    return OfferTerms(**{**terms, **changes})


def manifest_of(**changes):
    """A manifest of one offer and one look."""
    content = {
        "name": "shop",
        "campaign": "summer",
        "goal": "win_back",
        "cutoff": LAUNCH,
        "horizon_days": 84,
        "looks": 1,
        "offers": {"call": offer()},
        "budget": None,
        "currency": "EUR",
        "margin_rate": 0.3,
        "control_share": 0.3,
        "holdout_share": 0.0,
        "holdout_period": "all",
        "thresholds": {},
        "is_causal": False,
        "verdict": CampaignVerdict(kind="assumed", sentence="assumed"),
        "model_version": "1",
        "run_id": None,
        "fingerprint": "f",
        "sha256": "",
        "created_at": dt.datetime(2024, 7, 1, tzinfo=dt.UTC),
        "versions": {"regulars": "1"},
    }
    return {**content, **changes}


def rows_of(ids, roles, **columns):
    """Rows of a campaign's file; what is not given is the same for all."""
    n = len(ids)
    rows = {
        "part": "best",
        "offer": "call",
        "channel": "phone",
        "stratum": "all",
        "p_offer": float(np.mean([role == "offer" for role in roles])),
        "draw": 0.5,
        "expected_gain": 10.0,
        "expected_gain_low": 5.0,
        "expected_gain_high": 15.0,
        "expected_cost": 2.0,
        "churn_probability": 0.5,
        "risk_band": "high",
        "segment": "loyal",
        "clv_if_kept": 50.0,
        "clv_if_silent": 20.0,
        "value_at_risk": 15.0,
        "value_to_protect": 15.0,
        "expected_spend": 40.0,
        "risk_reasons": "",
        **columns,
    }
    table = pd.DataFrame({"customer_id": ids, "role": roles, **rows}, index=range(n))
    table["risk_reasons"] = [["silent for long"]] * n
    return table[[*CAMPAIGN_COLUMNS]]


@pytest.fixture
def few(tmp_path):
    """Six customers, to be checked by hand.

    Three are called (2 EUR each): a spends 100, b 50, c nothing. Three are not: d
    spends 40, e and f nothing. All bought once before.
    """
    ids = list("abcdef")
    orders = [(each, "2024-05-01", 10.0) for each in ids]
    orders += [("a", "2024-07-05", 100.0), ("b", "2024-07-20", 50.0)]
    orders += [("d", "2024-08-01", 40.0), ("a", "2024-09-23", 900.0)]
    orders += [("z", "2024-10-01", 1.0)]
    return Launched(
        tmp_path,
        rows_of(ids, ["offer"] * 3 + ["control"] * 3),
        pd.DataFrame(orders, columns=["customer_id", "order_time", "amount"]),
        pd.DataFrame(
            {
                "customer_id": ["a", "b", "c"],
                "campaign_id": "summer",
                "contacted_at": "2024-07-01",
                "offer_id": "call",
                "is_control": 0,
            }
        ),
        manifest_of(),
    ).write()


def many_of(folder, *, n=2_000, effect=0.15, seed=0, control=0.3, **manifest):
    """Customers in numbers: without a call half come back, with one `effect` more.

    The effect is twice as large in the segment "loyal" as among the "new", and their
    expected gain says so.
    """
    rng = np.random.default_rng(seed)
    ids = np.array([f"c{i:05d}" for i in range(n)])
    roles = np.where(rng.permutation(n) < control * n, "control", "offer")
    is_loyal = rng.random(n) < 0.5
    size = rng.lognormal(3.5, 0.6, n)
    lift = effect * np.where(is_loyal, 4 / 3, 2 / 3)
    chance = 0.5 + np.where(roles == "offer", lift, 0.0)
    buys = rng.random(n) < chance
    spend = size * rng.lognormal(0, 0.3, n)
    day = pd.Timestamp(LAUNCH) + pd.to_timedelta(rng.integers(0, 84, n), "D")
    before = pd.DataFrame(
        {"customer_id": ids, "order_time": "2024-05-01", "amount": size.round(2)}
    )
    after = pd.DataFrame({"customer_id": ids, "order_time": day, "amount": spend})
    last = pd.DataFrame(
        {"customer_id": ["z"], "order_time": ["2024-12-01"], "amount": [1.0]}
    )
    orders = pd.concat([before, after[buys], last])
    orders["order_time"] = pd.to_datetime(orders["order_time"]).dt.strftime("%Y-%m-%d")
    gain = 0.3 * size * lift + rng.random(n) / 100
    rows = rows_of(
        ids,
        roles,
        p_offer=1 - control,
        segment=np.where(is_loyal, "loyal", "new"),
        expected_spend=size / 2,
        clv_if_kept=size,
        churn_probability=np.where(is_loyal, 0.4, 0.6),
        risk_band=np.where(is_loyal, "medium", "high"),
        expected_gain=gain,
        expected_gain_low=gain / 2,
        expected_gain_high=gain * 1.5,
        expected_cost=0.1,
    )
    contacts = pd.DataFrame(
        {
            "customer_id": ids,
            "campaign_id": "summer",
            "contacted_at": str(LAUNCH),
            "offer_id": "call",
            "is_control": (roles == "control").astype(int),
        }
    )
    content = manifest_of(
        **{"offers": {"call": offer(per_contact=0.1)}, "control_share": control}
        | manifest
    )
    return Launched(folder, rows, orders, contacts, content).write()


@pytest.fixture
def make_many(tmp_path):
    return lambda **changes: many_of(tmp_path, **changes)


@pytest.fixture(scope="session")
def company(tmp_path_factory):
    """A simulated company with made-up scores; its outputs may be written to."""
    return scored_company(tmp_path_factory.mktemp("company"))


@pytest.fixture(scope="session")
def standing(company):
    """Where the customers of that company stand."""
    return read_standing(company.work())
