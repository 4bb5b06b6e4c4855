from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from regulars.config import KpiSettings
from regulars.kpis import KpiData
from regulars.kpis.spans import Span
from regulars.kpis.support import support_kpis

APRIL = Span(date(2024, 4, 1), date(2024, 5, 1))
TICKET = "customer_id opened_at due_at resolved_at department tags"


def purchases(names, day, order):
    return [(name, day, f"{order}{name}", 10.0, False) for name in names]


EXPOSED, OTHERS = ["e1", "e2", "e3", "e4"], ["c1", "c2", "c3", "c4", "c5", "c6"]
LOG = [
    *purchases([*EXPOSED, *OTHERS], "2024-03-10", 1),
    *purchases(EXPOSED[:2], "2024-04-01", 2),
    *purchases(OTHERS[:5], "2024-04-02", 2),
    # nobody else's last purchase lies so far back
    *purchases(["u"], "2024-01-10", 1),
    *purchases(["e3"], "2024-04-15", 3),  # a day after the 30 days are over
]
TICKETS = [
    (name, "2024-03-14", "2024-03-15 12:00", None, "billing", "late; parcel")
    for name in [*EXPOSED, "u", "never bought"]
]


@pytest.fixture(scope="session")
def make(make_ledger, tables):
    def make(log=LOG, tickets=TICKETS):
        return KpiData(
            make_ledger(log),
            date(2024, 6, 1),
            tables={"tickets": tables.table("tickets", TICKET, tickets)},
            settings=KpiSettings(after_days=30),
        )

    return make


def test_late_tickets_are_set_beside_comparable_customers(make):
    found = support_kpis(make(), APRIL)
    [gap] = found["experiences"]
    assert gap["experience"] == "sla_breach"
    # 2 of 4 stopped; of the six others of their stratum one did
    assert (gap["n_customers"], gap["n_unmatched"], gap["n_compared"]) == (4, 1, 6)
    assert gap["rate"] == 0.5
    assert gap["rate_compared"] == pytest.approx(1 / 6)
    assert gap["gap"] == pytest.approx(1 / 3)
    assert gap["low"] < gap["gap"] < gap["high"]
    assert gap["value_lost"] == pytest.approx(4 * 10 / 3)
    # four customers are too few to tell departments apart
    assert found["parts"] == []


def test_experience_that_cannot_be_followed_yet_is_counted_apart(make):
    late = [(*TICKETS[0][:2], "2024-04-20 12:00", *TICKETS[0][3:])]
    found = support_kpis(make(tickets=late), APRIL)
    assert (found["experiences"], found["n_open"]) == ([], 1)


def test_no_ticket_and_no_survey_is_nothing_to_say(make_data):
    assert support_kpis(make_data(), APRIL) is None


def test_what_comes_after_the_followed_days_changes_nothing(make):
    more = [*LOG, *purchases(EXPOSED, "2024-05-01", 9)]
    assert support_kpis(make(more), APRIL) == support_kpis(make(), APRIL)


def _simulated(seed, effect):
    """Customers of two habits; the frequent ones have more tickets and stay more."""
    random = np.random.default_rng(seed)
    log, tickets = [], []
    for number in range(800):
        name, frequent = f"k{number:04}", number % 2 == 0
        log += purchases([name], "2024-03-10", 1)
        if frequent:
            log += purchases([name], "2024-03-01", 0)
        exposed = random.random() < (0.4 if frequent else 0.1)
        stays = (0.8 if frequent else 0.3) - effect * exposed
        if random.random() < stays:
            log += purchases([name], "2024-04-02", 2)
        if exposed:
            part = "billing" if random.random() < 0.5 else "delivery"
            tickets.append((name, "2024-03-14", "2024-03-15 12:00", None, part, "late"))
    return log, tickets


@pytest.mark.parametrize("effect", [0.0, 0.2])
def test_difference_of_strata_finds_what_habits_would_hide(make, effect):
    inside, naive = 0, []
    for seed in range(12):
        log, tickets = _simulated(seed, effect)
        found = support_kpis(make(log, tickets), APRIL)
        [gap] = found["experiences"]
        inside += gap["low"] <= effect <= gap["high"]
        stopped = {row[0] for row in log} - {r[0] for r in log if r[1] > "2024-03-15"}
        exposed = {row[0] for row in tickets}
        others = {row[0] for row in log} - exposed
        naive.append(
            len(stopped & exposed) / len(exposed) - len(stopped & others) / len(others)
        )
        parts = {part["part"] for part in found["parts"]}
        assert parts == {"department=billing", "department=delivery", "tag=late"}
        costs = [part["value_lost"] for part in found["parts"]]
        assert costs == sorted(costs, reverse=True)
    assert inside >= 10
    # without strata the exposed look better than they are
    assert np.mean(naive) < effect - 0.1
