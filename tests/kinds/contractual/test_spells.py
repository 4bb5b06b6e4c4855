from __future__ import annotations

from datetime import date

import pandas as pd

from regulars.kinds.contractual.spells import running, spells_of, tenures_before


def contracts(*rows):
    names = ["customer_id", "started_date", "ended_date", "plan"]
    return pd.DataFrame(rows, columns=names)


def test_change_of_plan_is_no_cancellation():
    found = spells_of(
        contracts(
            ("a", "2024-01-01", "2024-03-01", "s"),
            ("a", "2024-03-01", None, "m"),
            ("b", "2024-01-01", "2024-02-01", "s"),
        )
    )
    assert found["spell_end"].isna().tolist() == [True, True, False]
    assert found["spell_start"].dt.month.tolist() == [1, 1, 1]


def test_day_between_contracts_parts_the_spells():
    found = spells_of(
        contracts(
            ("a", "2024-01-01", "2024-02-01", "s"),
            ("a", "2024-02-02", None, "s"),
        )
    )
    assert found["spell_start"].nunique() == 2


def test_contract_inside_another_does_not_end_the_spell():
    found = spells_of(
        contracts(
            ("a", "2024-01-01", "2024-12-01", "s"),
            ("a", "2024-02-01", "2024-03-01", "m"),
            ("a", "2024-06-01", "2024-07-01", "m"),
        )
    )
    assert found["spell_end"].eq(pd.Timestamp("2024-12-01")).all()


def test_running_is_half_open():
    spells = spells_of(contracts(("a", "2024-01-10", "2024-02-01", "s")))
    days = [date(2024, 1, 10), date(2024, 1, 11), date(2024, 2, 1), date(2024, 2, 2)]
    assert [len(running(spells, day)) for day in days] == [0, 1, 1, 0]


def test_tenure_of_a_running_spell_lasts_to_the_cutoff():
    spells = spells_of(contracts(("a", "2024-01-01", None, "s")))
    tenure, ended = tenures_before(spells, date(2024, 1, 31))
    assert tenure.tolist() == [30.0]
    assert ended.tolist() == [False]
