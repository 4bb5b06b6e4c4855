from __future__ import annotations

import pytest

from regulars.data.engine import connect
from regulars.init.unknown import look_at, open_unknown


def opened(folder, text, name="a.csv"):
    (folder / name).write_text(text)
    engine = connect()
    path = str(folder / name)
    return look_at(path, open_unknown(path, engine, folder), engine)


def test_file_without_a_header_gets_numbered_columns(tmp_path):
    file = opened(tmp_path, "7,2024-01-01,5\n8,2024-01-02,6\n")
    assert [each.name for each in file.profiles] == ["column1", "column2", "column3"]
    assert file.profiles[0].n_rows == 2


def test_header_with_one_number_is_a_header(tmp_path):
    file = opened(tmp_path, "id,day,2024\n8,2024-01-02,6\n")
    assert [each.name for each in file.profiles] == ["id", "day", "2024"]


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("orders.csv", "order"),
        ("categories.csv", "category"),
        ("address.csv", "address"),
    ],
)
def test_stem_is_the_name_in_the_singular(tmp_path, name, stem):
    assert opened(tmp_path, "id,n\na,1\n", name).stem == stem
