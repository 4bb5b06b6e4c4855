from __future__ import annotations

import pandas as pd
import pytest

from regulars.config import parse_settings
from regulars.errors import NotEnoughHistoryError
from regulars.kinds.contractual import open_contracts


def quiet(_step):
    return None


def opened(folder, contracts, **tables):
    """Write tables and open them."""
    places = {"subscriptions": contracts, **tables}
    for name, rows in places.items():
        rows.to_csv(folder / f"{name}.csv", index=False)
    sources = ", ".join(
        f"{name}: {{path: '{folder.as_posix()}/{name}.csv'}}" for name in places
    )
    settings = parse_settings(
        f"name: saas\nsource: {{{sources}}}\n"
        "time: {horizon_days: 60, training_cutoffs: 2}\n"
        f"churn: {{kind: contractual}}\noutputs: '{folder.as_posix()}/out'\n"
    )
    return open_contracts(settings, quiet)


@pytest.fixture
def file_rows(contracts):
    return contracts.rename(
        columns={"started_date": "started_at", "ended_date": "ended_at"}
    )


def test_fingerprint_does_not_depend_on_the_order_of_rows(made, contracts):
    whole = made(contracts).fingerprint()
    assert made(contracts.sample(frac=1, random_state=1)).fingerprint() == whole
    dearer = contracts.assign(monthly_amount=contracts["monthly_amount"] + 1)
    assert made(dearer).fingerprint() != whole


def test_fingerprint_knows_the_dated_tables(made, contracts):
    visit = pd.DataFrame(
        {"customer_id": ["c001"], "event_type": ["visit"], "day": ["2024-01-01"]}
    )
    assert made(contracts, events=visit).fingerprint() != made(contracts).fingerprint()


def test_contract_that_ends_before_it_begins_is_left_out_with_a_note(
    tmp_path, file_rows
):
    file_rows.loc[3, "ended_at"] = file_rows.loc[3, "started_at"] - pd.Timedelta(days=1)
    work = opened(tmp_path, file_rows)
    assert "c003" not in {*work.spells["customer_id"]}
    note = "1 contracts end before they begin (customers c003): left out."
    assert note in work.notes


def test_table_of_other_customers_is_noted(tmp_path, file_rows):
    events = pd.DataFrame(
        {"customer_id": ["z1"], "event_type": ["x"], "event_time": ["2024-01-01"]}
    )
    work = opened(tmp_path, file_rows, events=events)
    assert "No customer of events has a contract" in " ".join(work.notes)


def test_history_that_holds_no_validation_window_is_refused(tmp_path, file_rows):
    late = file_rows[file_rows["started_at"] > "2024-04-01"].assign(ended_at=None)
    with pytest.raises(NotEnoughHistoryError, match="too short for a test"):
        opened(tmp_path, late)
