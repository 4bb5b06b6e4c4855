import pytest

from regulars.config import SourceSettings
from regulars.data.contract import TABLES, day_name
from regulars.errors import ConfigError


def test_every_table_of_the_settings_has_a_contract():
    plain = {"engine", "time_zone", "currency"}
    assert set(TABLES) == set(SourceSettings.model_fields) - plain


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_contract_is_complete(table):
    assert len(set(table.names)) == len(table.names)
    assert table.id_column in table.required
    assert table.meaning
    assert all(column.meaning for column in table.columns)


def test_unknown_column_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match=r"'quantty'.*Did you mean 'quantity'"):
        TABLES["transactions"].column("quantty")


def test_customers_take_any_attribute():
    assert TABLES["customers"].column("shoe_size").kind == "any"


@pytest.mark.parametrize("name", ["day", "known_from_date", "size = large", "__row"])
def test_attribute_of_a_name_with_a_meaning_is_refused(name):
    with pytest.raises(ConfigError, match=f"no attribute can be called '{name}'"):
        TABLES["customers"].column(name)


def test_days_have_distinct_names():
    for table in TABLES.values():
        days = [day_name(c.name) for c in table.columns if c.kind == "time"]
        assert len(set(days)) == len(days)
        assert not set(days) & set(table.names)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("order_time", "order_date"),
        ("opened_at", "opened_date"),
        ("known_from", "known_from_date"),
    ],
)
def test_day_is_named_after_its_time(name, day):
    assert day_name(name) == day


def test_first_required_time_says_when():
    assert TABLES["tickets"].time_column == "opened_at"
    assert TABLES["customers"].time_column is None
    assert TABLES["transactions"].required == ("customer_id", "order_time", "amount")
