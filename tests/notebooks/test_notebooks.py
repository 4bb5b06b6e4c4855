"""Notebooks run from top to bottom, and are stored bare."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture(
    params=[
        "02-purchase-process",
        pytest.param("04-retention-and-loyalty", marks=pytest.mark.slow),
        pytest.param("05-score-and-serve", marks=pytest.mark.slow),
    ]
)
def notebook(request):
    return nbformat.read(NOTEBOOKS / f"{request.param}.ipynb", as_version=4)


def test_outputs_are_stripped(notebook):
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)


def test_every_cell_runs(notebook, tmp_path, monkeypatch):
    with warnings.catch_warnings():  # of the Jupyter stack, not ours
        warnings.simplefilter("ignore")
        from nbclient import NotebookClient

        monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
        # the package under test, wherever this checkout lies
        source = str(Path(__file__).parents[2] / "src")
        monkeypatch.setenv(
            "PYTHONPATH", os.pathsep.join([source, os.environ.get("PYTHONPATH", "")])
        )
        client = NotebookClient(
            notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}
        )
        done = client.execute()
    assert all(cell.execution_count for cell in done.cells if cell.cell_type == "code")
