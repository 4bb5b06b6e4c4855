from __future__ import annotations

import numpy as np


def test_control_group_is_not_contacted(seen_of):
    found = seen_of(
        "contacts", ["03-01", "03-02"], is_control=[True, False], cost_amount=[1, 2]
    )
    assert found["contacts_ever"].tolist() == [1, 0]
    assert found["contact_cost_ever"].tolist() == [2, 0]
    assert found["contact_cost_last_90_days"].tolist() == [2, 0]


def test_offer_taken_on_the_cutoff_is_not_known(seen_of, dates):
    found = seen_of(
        "contacts",
        ["03-01", "03-02", "03-03"],
        is_control=[False, False, True],
        offer_id=["o", None, "o"],
        redeemed_date=dates("03-31", "04-01", "03-30"),
    )
    assert found["offers_taken"].tolist() == [1, 0]
    assert found["offers_taken_last_90_days"]["a"] == 1
    assert found["days_since_offer_taken"]["a"] == 1
    assert found["contacts_redeemed_share"]["a"] == 0.5
    # the second contact had none
    assert found["offers_redeemed_share"]["a"] == 1
    assert np.isnan(found["contacts_redeemed_share"]["b"])
