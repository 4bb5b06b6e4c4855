"""The tables beside purchases and contracts, as features read them."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd

from regulars.kinds.signal_tables import signals_of, strangers

DAY = pd.Timestamp("2024-01-01")


def attributes(**columns):
    frame = pd.DataFrame(columns).assign(
        customer_id=[*"abcd"], known_from=DAY, known_from_date=DAY
    )
    signals, _ = signals_of({"customers": ibis.memtable(frame)})
    return signals


def test_texts_of_days_and_of_flags_are_days_and_flags():
    signals = attributes(
        born=["1980-01-01", "1990-05-05", None, "2000-01-01"],
        vip=["TRUE", "false", None, "true"],
        plan=["true", "false", "trial", None],
    )
    found = signals.tables["customers"]
    assert found["born"].dt.year.tolist()[:2] == [1980, 1990]
    np.testing.assert_array_equal(found["vip"], [1.0, 0.0, np.nan, 1.0])
    assert found["plan"].tolist() == ["true", "false", "trial", None]


def test_numbers_written_as_texts_are_kept_as_they_were_written():
    signals = attributes(code=["01", "02", "03", "04"], age=[1, 2, 3, 4])
    assert signals.tables["customers"]["code"].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert signals.written.to_dict("list") == {"code": ["01", "02", "03", "04"]}


def test_ids_of_another_type_are_the_same_customers():
    table = ibis.memtable(pd.DataFrame({"customer_id": ["1", "2"], "town": ["a", "b"]}))
    first = pd.Series([DAY, DAY], [1, 3])
    signals, _ = signals_of({"customers": table}, first)
    assert signals.tables["customers"]["customer_id"].tolist() == ["1"]
    assert strangers(signals, pd.Series([1, 3]), "a purchase") == []
    assert len(strangers(signals, pd.Series([3]), "a purchase")) == 1
