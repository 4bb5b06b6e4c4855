from __future__ import annotations

import pandas as pd
import pytest


def _doubled_days(log):
    again = log[log["order_time"].between("2024-03-04", "2024-03-10 23:59:59")]
    return pd.concat([log, again.assign(order_id="B" + again["order_id"])])


def _doubled_under_other_ids(log):
    again = log.sample(frac=1, random_state=1)
    names = {
        "order_id": "B" + again["order_id"],
        "customer_id": "B" + again["customer_id"],
    }
    return pd.concat([log, again.assign(**names)])


def _tripled(log):
    parts = [log.assign(order_id=f"{k}-" + log["order_id"]) for k in range(3)]
    return pd.concat(parts)


def _near_copies(log):
    numbers = pd.Series(log["order_id"].unique()).sample(frac=0.05, random_state=1)
    again = log[log["order_id"].isin(numbers)]
    return pd.concat([log, again.assign(order_id="B" + again["order_id"])])


def _exact_copies(log):
    return pd.concat([log, log[log.index % 20 == 0]])


CASES = [
    (_doubled_days, "doubled_days", {"n_days": 7}, {"near_copies"}),
    (_doubled_under_other_ids, "doubled_days", {"times": 2}, set()),
    (_tripled, "doubled_days", {"times": 3}, {"near_copies"}),
    (_near_copies, "near_copies", {}, set()),
    (_exact_copies, "exact_copies", {}, set()),
]


@pytest.mark.parametrize(("spoil", "key", "figures", "together"), CASES)
def test_spoilt_log_is_asked_about(assert_asked, spoil, key, figures, together):
    assert_asked(spoil, key, figures, together)


def test_copies_under_duplicates_keep_name_the_setting(ask, healthy):
    both = pd.concat([healthy, healthy.sample(frac=1, random_state=2)])
    keep = "source.transactions.duplicates=keep"
    finding = ask(both, overrides=[keep])["doubled_days"]
    assert finding.setting.override == "source.transactions.duplicates='set_aside'"
