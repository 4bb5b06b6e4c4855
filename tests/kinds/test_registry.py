from __future__ import annotations

from typing import get_args

import pytest

from regulars.config import parse_settings
from regulars.config.sections import ChurnSettings
from regulars.errors import ConfigError
from regulars.kinds.registry import KINDS, kind_of


@pytest.fixture
def settings():
    return parse_settings("{name: x, source: {transactions: {path: a.csv}}}")


def test_every_kind_of_the_configuration_is_known_by_its_name():
    asked = get_args(ChurnSettings.model_fields["kind"].annotation)
    assert {*KINDS} == {*asked}
    assert all(kind.name == name for name, kind in KINDS.items())


def test_kind_is_that_of_the_settings(settings):
    assert kind_of(settings) is KINDS["non_contractual"]


def test_unknown_kind_trains_nothing_else(settings):
    churn = settings.churn.model_copy(update={"kind": "contractul"})
    unknown = settings.model_copy(update={"churn": churn})
    with pytest.raises(ConfigError, match=r"Did you mean 'contractual'\?.*kinds are"):
        kind_of(unknown)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_kind_that_lays_out_can_be_opened_for_figures_first(name):
    kind = KINDS[name]
    assert (kind.lay_out is None) == (kind.open_for_kpis is None)
