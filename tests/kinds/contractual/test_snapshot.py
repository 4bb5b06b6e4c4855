from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from regulars.config import parse_settings
from regulars.kinds import contractual
from regulars.kinds.contractual.snapshot import snapshot

CUTOFF = date(2024, 9, 1)
N = 60


def quiet(_step):
    return None


def days(rng, count, low=0, high=400):
    start = np.datetime64("2024-01-01")
    return pd.Series(start + rng.integers(low, high, count)).dt.strftime("%Y-%m-%d")


def tables(seed=0):
    """Every dated table, over four hundred days."""
    rng = np.random.default_rng(seed)
    who = [f"c{n:02}" for n in range(N)]
    start = pd.to_datetime(days(rng, N, 0, 250))
    life = pd.to_timedelta(rng.integers(20, 400, N), unit="D")
    ended = (start + life).where(rng.random(N) < 0.6)

    def some(count):
        return rng.choice(who, count)

    opened = pd.to_datetime(days(rng, 80))
    return {
        "subscriptions": pd.DataFrame(
            {
                "customer_id": who,
                "started_at": start,
                "ended_at": ended,
                "plan": rng.choice(["s", "m"], N),
                "monthly_amount": rng.choice([9.0, 19.0], N),
            }
        ),
        "events": pd.DataFrame(
            {
                "customer_id": some(300),
                "event_time": days(rng, 300),
                "event_type": rng.choice(["visit", "email_open"], 300),
            }
        ),
        "tickets": pd.DataFrame(
            {
                "customer_id": some(80),
                "opened_at": opened,
                "resolved_at": opened + pd.to_timedelta(rng.integers(0, 60, 80), "D"),
                "due_at": opened + pd.Timedelta(days=10),
                "priority": rng.choice(["low", "high"], 80),
                "csat": rng.integers(1, 6, 80),
            }
        ),
        "surveys": pd.DataFrame(
            {
                "customer_id": some(60),
                "answered_at": days(rng, 60),
                "score": rng.integers(0, 11, 60),
            }
        ),
        "loyalty": pd.DataFrame(
            {
                "customer_id": some(90),
                "posted_at": days(rng, 90),
                "kind": rng.choice(["earn", "redeem"], 90),
                "points": rng.integers(-50, 100, 90),
                "tier": rng.choice(["gold", "silver"], 90),
            }
        ),
        "referrals": pd.DataFrame(
            {
                "referrer_id": some(30),
                "referred_id": some(30),
                "referred_at": days(rng, 30),
            }
        ),
        "contacts": pd.DataFrame(
            {
                "customer_id": some(70),
                "campaign_id": "spring",
                "contacted_at": days(rng, 70),
                "offer_id": "o1",
                "is_control": rng.random(70) < 0.3,
                "redeemed_at": days(rng, 70),
            }
        ),
        "customers": pd.DataFrame(
            {
                "customer_id": who * 2,
                "known_from": [*days(rng, N, 0, 100), *days(rng, N, 200, 400)],
                "city": rng.choice(["Rome", "Oslo", "Bern"], 2 * N),
                "seats": rng.integers(1, 50, 2 * N),
                "is_company": rng.random(2 * N) < 0.5,
            }
        ),
        "transactions": pd.DataFrame(
            {
                "customer_id": some(200),
                "order_time": days(rng, 200),
                "amount": rng.integers(1, 90, 200).astype(float),
            }
        ),
    }


def opened(folder, frames, cutoff="2025-02-04"):
    source = []
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
        named = {"seats": "seats", "city": "city", "is_company": "is_company"}
        columns = f", columns: {named}" if name == "customers" else ""
        source.append(f"{name}: {{path: '{folder.as_posix()}/{name}.csv'{columns}}}")
    return contractual.open_contracts(
        parse_settings(
            f"name: all\nsource: {{{', '.join(source)}}}\n"
            f"time: {{horizon_days: 40, cutoff: {cutoff}}}\n"
            "churn: {kind: contractual}\n"
            f"outputs: '{folder.as_posix()}/out'\n"
        ),
        quiet,
    )


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return opened(tmp_path_factory.mktemp("tables"), tables())


def test_every_dated_table_becomes_columns(work):
    rows = snapshot(work, CUTOFF)
    assert {
        "events_visit_last_30_days",
        "days_since_events_email_open",
        "tickets_high_ever",
        "tickets_open",
        "tickets_late",
        "mean_days_to_resolve",
        "last_survey_score",
        "points_balance",
        "tier",
        "loyalty_redeem_last_90_days",
        "referrals_ever",
        "was_referred",
        "contacts_ever",
        "offers_taken",
        "city",
        "seats",
        "is_company",
        "revenue",
    } <= set(rows.columns)
    assert rows["seats"].dtype == np.float64


def test_columns_count_what_happened_before_the_cutoff(work):
    frames = tables()
    rows = snapshot(work, CUTOFF).set_index("customer_id")
    day = pd.Timestamp(CUTOFF)
    events = frames["events"].assign(at=pd.to_datetime(frames["events"]["event_time"]))
    past = events[(events["at"] < day) & (events["at"] >= day - pd.Timedelta(days=30))]
    counts = past[past["event_type"] == "visit"].groupby("customer_id").size()
    wanted = counts.reindex(rows.index).fillna(0)
    found = rows["events_visit_last_30_days"]
    np.testing.assert_array_equal(found, wanted)
    tickets = frames["tickets"]
    known = tickets[tickets["opened_at"] < day]
    pending = known[known["resolved_at"] >= day].groupby("customer_id").size()
    np.testing.assert_array_equal(
        rows["tickets_open"], pending.reindex(rows.index).fillna(0)
    )


def test_customers_held_out_are_not_contacted(work):
    control = tables()["contacts"].query("is_control")["customer_id"]
    never = set(control) - set(tables()["contacts"].query("not is_control").customer_id)
    rows = snapshot(work, date(2025, 2, 1)).set_index("customer_id")
    here = [who for who in never if who in rows.index]
    assert (rows.loc[here, "contacts_ever"] == 0).all()


def test_satisfaction_counts_from_the_resolution_on_and_users_are_told(work):
    frames = tables()
    rows = snapshot(work, CUTOFF).set_index("customer_id")
    known = frames["tickets"].query("opened_at < @CUTOFF and resolved_at < @CUTOFF")
    mean = known.groupby("customer_id")["csat"].mean().reindex(rows.index)
    np.testing.assert_allclose(rows["mean_csat"], mean)
    assert any("once a ticket is resolved" in note for note in work.notes)


def test_satisfaction_without_a_resolution_is_not_used_and_users_are_told(tmp_path):
    frames = tables()
    kept = {name: frames[name] for name in ("subscriptions", "tickets")}
    kept["tickets"] = kept["tickets"].drop(columns="resolved_at")
    found = opened(tmp_path, kept)
    assert not {"mean_csat", "last_csat"} & {*snapshot(found, CUTOFF)}
    assert any("became known: tickets.csat" in note for note in found.notes)


def test_attributes_without_a_day_are_not_used(tmp_path):
    frames = tables()
    kept = {name: frames[name] for name in ("subscriptions", "customers")}
    kept["customers"] = kept["customers"].drop(columns="known_from").head(N)
    found = opened(tmp_path, kept)
    assert "city" not in snapshot(found, CUTOFF)
    assert any("known_from" in note for note in found.notes)


def test_contracts_that_never_ran_are_reported(tmp_path):
    frames = tables()
    contracts = frames["subscriptions"]
    contracts.loc[0, "ended_at"] = contracts.loc[0, "started_at"] - pd.Timedelta("9D")
    found = opened(tmp_path, {"subscriptions": contracts})
    assert any("1 contracts end before they begin" in note for note in found.notes)
    assert "c00" not in set(found.spells["customer_id"])


def contracts_of_late_customer(frames):
    late = frames["subscriptions"].head(1).assign(customer_id="zz", ended_at=pd.NaT)
    return late.assign(started_at=pd.Timestamp("2025-02-01"))


def corrupted(frames, seed):
    """Change, add and delete what lies at or after the cutoff."""
    rng = np.random.default_rng(seed)
    day = pd.Timestamp(CUTOFF)
    when = {
        "events": "event_time",
        "tickets": "opened_at",
        "surveys": "answered_at",
        "loyalty": "posted_at",
        "referrals": "referred_at",
        "contacts": "contacted_at",
        "customers": "known_from",
        "transactions": "order_time",
        "subscriptions": "started_at",
    }
    changed = {}
    for name, column in when.items():
        frame = frames[name].copy()
        late = pd.to_datetime(frame[column]) >= day
        more = frame[late].sample(frac=0.5, random_state=seed)
        frame = pd.concat([frame[~late], more.sample(frac=1, random_state=seed)])
        for other in ("ended_at", "resolved_at", "due_at", "redeemed_at"):
            if other in frame:
                times = pd.to_datetime(frame[other])
                # an end may be moved, but not out of what was not known
                open_then = times.isna() | (times >= day)
                shift = pd.to_timedelta(rng.integers(0, 90, len(frame)), unit="D")
                frame[other] = times.where(~open_then, day + shift)
        changed[name] = frame.reset_index(drop=True)
    # somebody who comes late keeps the last day of the log where it was
    late = contracts_of_late_customer(frames)
    changed["subscriptions"] = pd.concat([changed["subscriptions"], late])
    return changed


@hypothesis_settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 10_000))
def test_nothing_from_the_cutoff_on_changes_a_feature(work, tmp_path, seed):
    before = snapshot(work, CUTOFF)
    later = opened(tmp_path, corrupted(tables(), seed))
    found = snapshot(replace(later, timeline=work.timeline), CUTOFF)
    pd.testing.assert_frame_equal(found, before, check_exact=True)
