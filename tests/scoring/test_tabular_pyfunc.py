from __future__ import annotations

import json

import pytest

from regulars.errors import DataError
from regulars.scoring.tabular_pyfunc import _load_pyfunc


def test_endpoint_of_an_old_tabular_model_is_refused_in_a_sentence(tmp_path):
    old = {"format": 1, "kind": "attributes", "recipe": {}, "encoder": {}}
    (tmp_path / "model.json").write_text(json.dumps(old))
    with pytest.raises(DataError, match=r"no longer read\. Train again: regulars"):
        _load_pyfunc(str(tmp_path))
