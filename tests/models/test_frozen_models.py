"""Models of earlier forms still load, and answer what they answered."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from regulars.scoring.pyfunc import _load_pyfunc

FROZEN = sorted((Path(__file__).parent / "frozen").glob("format-*.zip"))


def test_there_is_a_frozen_model():
    assert FROZEN


@pytest.mark.parametrize("file", FROZEN, ids=lambda file: file.stem)
def test_frozen_model_answers_as_it_did(file, tmp_path):
    with zipfile.ZipFile(file) as archive:
        archive.extractall(tmp_path)
    request = pd.DataFrame(json.loads((tmp_path / "request.json").read_text()))
    answer = _load_pyfunc(str(tmp_path / "model")).predict(
        request, {"as_of": "2025-12-31"}
    )
    text = answer.to_json(orient="records", double_precision=15, date_format="iso")
    expected = json.loads((tmp_path / "answer.json").read_text())
    pd.testing.assert_frame_equal(
        pd.DataFrame(json.loads(text)).drop(columns="scored_at"),
        pd.DataFrame(expected).drop(columns="scored_at"),
        rtol=1e-9,
    )
