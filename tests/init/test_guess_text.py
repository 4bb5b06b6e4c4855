from __future__ import annotations

import yaml

from regulars.config import SqlExpression, parse_settings
from regulars.init.guess_text import GuessedConfig, render_config


def guess(**more):
    return GuessedConfig(
        name="shop",
        path="orders.csv",
        columns={"customer_id": "no", "order_time": "day", "amount": "total"},
        time_format=None,
        time_choices=(),
        currency="EUR",
        duplicates="keep",
        horizon_days=90,
        step_days=30,
        notes={},
        **more,
    )


def test_text_is_read_back_as_it_was_guessed():
    settings = parse_settings(render_config(guess()))
    table = settings.source.transactions
    assert table.columns["customer_id"] == "no"
    assert (table.duplicates, settings.time.horizon_days) == ("keep", 90)


def test_condition_with_a_backslash_needs_no_quotes():
    where = "regexp_matches(sku, '^\\d+$')"
    text = render_config(guess(where=where))
    assert yaml.safe_load(text)["source"]["transactions"]["where"] == where


def test_notes_stand_beside_their_settings():
    sql = SqlExpression(sql="a * b")
    noted = guess()
    noted.columns["amount"] = sql
    noted.notes["columns.amount"] = "without tax"
    assert 'amount: {sql: "a * b"}  # without tax' in render_config(noted)
