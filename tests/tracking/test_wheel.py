"""The wheel beside a model is the package, and can be installed where it is served."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

import regulars
from regulars.tracking import Store
from regulars.tracking.records import RunRecord
from regulars.tracking.wheel import requirements, write_wheel

FROZEN = Path(__file__).parents[1] / "models" / "frozen" / "format-3.zip"
PREDICT = """
import json, sys
import mlflow, pandas as pd
mlflow.set_tracking_uri("file:" + sys.argv[3])
model = mlflow.pyfunc.load_model(sys.argv[1])
answer = model.predict(pd.read_json(sys.argv[2]), params={"as_of": "2025-12-31"})
print(json.dumps(answer["churn_probability"].tolist()))
"""


def test_wheel_holds_the_package_and_says_so(tmp_path):
    wheel = write_wheel(tmp_path)
    package = Path(regulars.__file__).parent
    with zipfile.ZipFile(wheel) as archive:
        held = {n for n in archive.namelist() if n.startswith("regulars/")}
        record = archive.read(f"regulars-{regulars.__version__}.dist-info/RECORD")
        for line in record.decode().splitlines()[:-1]:
            name, digest, size = line.rsplit(",", 2)
            data = archive.read(name)
            found = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
            assert digest == "sha256=" + found.rstrip(b"=").decode()
            assert int(size) == len(data)
    for module in package.rglob("*.py"):
        assert f"regulars/{module.relative_to(package).as_posix()}" in held


def test_wheel_has_the_same_bytes_each_time(tmp_path):
    (tmp_path / "again").mkdir()
    first = write_wheel(tmp_path).read_bytes()
    assert write_wheel(tmp_path / "again").read_bytes() == first


def test_requirements_are_those_that_run_here():
    pinned = requirements()
    assert f"mlflow=={pytest.importorskip('mlflow').__version__}" in pinned
    assert all("==" in line for line in pinned)
    assert any(line.startswith("ibis-framework[duckdb]==") for line in pinned)


@pytest.mark.slow
def test_model_loads_where_only_its_requirements_are_installed(tmp_path):
    with zipfile.ZipFile(FROZEN) as archive:
        archive.extractall(tmp_path)
    store = Store(f"sqlite:///{tmp_path / 'store' / 'mlflow.db'}", "frozen")
    record = RunRecord({}, {}, {}, model=tmp_path / "model")
    store.register(record, is_champion=True)
    folder = store.fetch()[0].parents[1]
    python = tmp_path / "elsewhere" / "bin" / "python"
    _run(sys.executable, "-m", "venv", str(tmp_path / "elsewhere"))
    install = (str(python), "-m", "pip", "install", "--quiet", "-r", "requirements.txt")
    _run(*install, cwd=folder)
    request = str(tmp_path / "request.json")
    told = _run(
        *(str(python), "-I", "-c", PREDICT, str(folder), request),
        str(tmp_path / "runs"),
        cwd=tmp_path,
    )
    expected = pd.DataFrame(json.loads((tmp_path / "answer.json").read_text()))
    found = json.loads(told.splitlines()[-1])
    assert found == pytest.approx(expected["churn_probability"].tolist(), abs=1e-9)


def _run(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
