from __future__ import annotations

import pytest
from tests.init.test_unknown import opened

from regulars.init.number_values import holds_numbers, value_sql


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["5", "7.5"], True),
        (["1.234,50 €", "7,25 €"], True),
        (["2024-01-01", "2024-01-02"], False),
        (["blue", "5"], False),
    ],
)
def test_column_holds_numbers_as_computers_or_people_write_them(
    tmp_path, texts, expected
):
    rows = "".join(f"a;{text}\n" for text in texts)
    profile = opened(tmp_path, f"id;value\n{rows}").profiles[1]
    assert holds_numbers(profile) is expected


def test_value_is_read_as_it_is_written(tmp_path):
    file = opened(tmp_path, "id;value\na;1.234,50 €\nb;7,25 €\n")
    sql = value_sql(file.profiles[1])
    total = file.sample.one(f"SELECT sum({sql}) AS total FROM {{sample}}")
    assert total == {"total": 1241.75}
