import pytest
import yaml

from regulars.data.config_text import beside, name_of, sql_of, text_of, time_lines


@pytest.mark.parametrize(
    ("path", "name"),
    [("data/My Orders*.csv", "my-orders"), ("a.b.csv", "a"), ("*.csv", "customers")],
)
def test_name_comes_from_the_file(path, name):
    assert name_of(path) == name


@pytest.mark.parametrize(
    "text", ["orders.csv", "no", "N", "Total (€)", 'the "best" one', "7", "a: b", ""]
)
def test_text_is_read_back_as_it_was(text):
    assert yaml.safe_load(f"x: {text_of(text)}") == {"x": text}


@pytest.mark.parametrize(
    "sql", ["price", "status = 'paid'", '"Unit price" * 2', "a LIKE '\\d\"%'"]
)
def test_expression_is_read_back_as_it_was(sql):
    assert yaml.safe_load(f"x: {sql_of(sql)}") == {"x": sql}


def test_plain_words_need_no_quotes():
    assert (text_of("orders.csv"), sql_of("price")) == ("orders.csv", "price")


def test_note_stands_behind_its_setting_only():
    assert beside({"where": "why"}, "where") == "  # why"
    assert beside({"where": "why"}, "path") == ""


def test_several_formats_of_times_are_a_question():
    assert time_lines((), None) == []
    assert time_lines((), "%d.%m.%Y") == ['    time_format: "%d.%m.%Y"']
    question = time_lines(("%d/%m/%Y", "%m/%d/%Y"), None)
    assert all(line.lstrip().startswith("#") for line in question)
