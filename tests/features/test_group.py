from __future__ import annotations

import ibis
import pytest

from regulars.errors import ConfigError
from regulars.features.group import ratio, refuse_repeated


def test_ratio_is_null_when_there_is_nothing_to_divide_by():
    table = ibis.memtable({"part": [3, 3], "whole": [2, 0]})
    quotient = table.select(share=ratio(table.part, table.whole)).to_pyarrow()
    assert quotient["share"].to_pylist() == [1.5, None]


def test_name_that_two_groups_use_is_refused():
    refuse_repeated("shop:own", "feature", set())
    with pytest.raises(ConfigError, match="'shop:own' uses the feature name 'aov'"):
        refuse_repeated("shop:own", "feature", {"revenue", "aov"})
