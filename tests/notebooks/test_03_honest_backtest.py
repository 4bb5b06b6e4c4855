"""The notebook about the backtest runs from top to bottom, and is stored bare."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "03-honest-backtest.ipynb"


@pytest.mark.slow
def test_every_cell_of_the_backtest_runs(tmp_path, monkeypatch):
    with warnings.catch_warnings():  # of the Jupyter stack, not ours
        warnings.simplefilter("ignore")
        from nbclient import NotebookClient

        monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
        # the package under test, wherever this checkout lies
        paths = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
        client = NotebookClient(
            nbformat.read(NOTEBOOK, as_version=4),
            timeout=400,
            resources={"metadata": {"path": str(tmp_path)}},
        )
        done = client.execute()
    assert all(cell.execution_count for cell in done.cells if cell.cell_type == "code")
