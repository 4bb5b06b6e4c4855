from __future__ import annotations

import pytest
import yaml

from regulars.findings.finding import (
    Finding,
    Setting,
    column_sql,
    counted,
    listed,
    share_words,
)


@pytest.mark.parametrize(
    "value",
    ["keep", "it's", ["a", "b'c"], {"sql": "lower(\"Customer ID\") = 'x'"}],
)
def test_line_of_a_setting_is_read_back_as_it_was(value):
    setting = Setting("source.transactions.where", value)
    assert yaml.safe_load(setting.line) == {"where": value}
    assert setting.override == f"source.transactions.{setting.line}".replace(
        ": ", "=", 1
    )
    assert setting.words.endswith("under `source.transactions`")


@pytest.mark.parametrize(
    ("share", "words"), [(0.0, "0.0%"), (0.0001, "under 0.1%"), (0.123, "12.3%")]
)
def test_share_is_not_rounded_to_nothing(share, words):
    assert share_words(share) == words


def test_count_has_its_noun():
    assert counted(1, "row") == "1 row"
    assert counted(1200, "day has", "days have") == "1,200 days have"


def test_examples_are_five_at_most():
    ids = [str(number) for number in range(9)]
    assert listed(ids) == "'0', '1', '2', '3', '4'"
    finding = Finding("key", "ask", "Seen.", "Do.", examples=ids)
    assert finding.summary()["examples"] == ids[:5]


@pytest.mark.parametrize(
    ("name", "sql"), [("email", "email"), ("inner", '"inner"'), ("Größe", '"Größe"')]
)
def test_name_of_a_column_is_quoted_where_sql_needs_it(name, sql):
    assert column_sql(name) == sql
