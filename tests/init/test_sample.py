from __future__ import annotations

from regulars.config import TableSettings
from regulars.data.engine import connect
from regulars.data.reading import read_raw
from regulars.init.sample import column_sql, take_sample


def test_sample_is_text_without_blanks_and_words_for_nothing(tmp_path):
    (tmp_path / "a.csv").write_text("id,note\n007, x \n8,n/a\n")
    engine = connect()
    settings = TableSettings(path=str(tmp_path / "a.csv"))
    sample = take_sample(read_raw("transactions", settings, engine, tmp_path), engine)
    assert sample.ask("SELECT note FROM {sample} ORDER BY id") == [
        {"note": "x"},
        {"note": None},
    ]
    assert sample.one("SELECT note FROM {plain} WHERE id = '007'") == {"note": " x "}


def test_name_of_a_column_is_quoted_where_it_has_to_be():
    assert column_sql("email") == "email"
    assert column_sql("order") == '"order"'
    assert column_sql("Unit Price") == '"Unit Price"'
