from __future__ import annotations

import pytest
from tests.init.logs import contracts, written

from regulars.errors import ConfigError
from regulars.init.kinds_guess import guess_kind


def test_contracts_without_a_customer_are_refused(tmp_path):
    path = written(tmp_path, contracts().rename(columns={"account_id": "x"}))
    with pytest.raises(ConfigError, match="no column that names the customer"):
        guess_kind(path)
