"""A registration that is killed at any moment leaves models that load, or none."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from regulars.models.retention import RetentionModel
from regulars.tracking import Store

KILLS = 20
FROZEN = Path(__file__).parents[1] / "models" / "frozen" / "format-3.zip"
# each line that it reads makes it a copy that registers, and is killed so many seconds
# later
REGISTRAR = """
import os, shutil, signal, sys, tempfile, threading, traceback
from pathlib import Path
import mlflow.pyfunc
from regulars.tracking import RunRecord, Store

def register(seconds):
    folder = Path(shutil.copytree(sys.argv[2], Path(tempfile.mkdtemp(), "model")))
    record = RunRecord({}, {}, {}, model=folder)
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
    Store(sys.argv[1], "shop").register(record, is_champion=True)
    os._exit(0)

print("ready", flush=True)
for line in iter(sys.stdin.readline, ""):
    child = os.fork()
    if not child:
        try:
            register(float(line))
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    print(os.waitpid(child, 0)[1], flush=True)
"""


@pytest.fixture
def registrar(tmp_path):
    with zipfile.ZipFile(FROZEN) as archive:
        archive.extractall(tmp_path)
    uri = f"sqlite:///{(tmp_path / 'mlflow.db').as_posix()}"
    process = subprocess.Popen(
        [sys.executable, "-c", REGISTRAR, uri, str(tmp_path / "model")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "TMPDIR": str(tmp_path)},
    )
    assert process.stdout.readline() == "ready\n"

    def register(kill_after=3_600.0):
        """Return whether it ended, and after how many seconds."""
        process.stdin.write(f"{kill_after}\n")
        process.stdin.flush()
        begin = time.monotonic()
        status = int(process.stdout.readline())
        assert status in (0, signal.SIGKILL)
        return status == 0, time.monotonic() - begin

    yield register, Store(uri, "shop")
    process.stdin.close()
    process.wait(timeout=60)
    process.stdout.close()


def versions_that_load(store):
    """Return the versions of the registry, each of which is whole and knows itself."""
    found = store.client.search_model_versions("name = 'shop'")
    versions = {str(each.version) for each in found}
    for version in versions:
        folder, registered = store.fetch(version)
        RetentionModel.load(folder)  # by its checksums
        said = json.loads((folder / "provenance.json").read_text())
        assert said == {"model_version": version, "run_id": registered.run_id}
    return versions


@pytest.mark.slow
def test_registration_killed_at_any_moment_leaves_whole_models(registrar):
    register, store = registrar
    assert register()[0]
    seconds = register()[1]
    rng, n_ended, n_killed = random.Random(7), 2, 0
    while n_killed < KILLS:
        before = store.champion_version()
        ended, _ = register(kill_after=rng.uniform(0, seconds))
        n_ended, n_killed = n_ended + ended, n_killed + (not ended)
        known = versions_that_load(store)
        champion = store.champion_version()
        assert champion in known
        assert ended or champion == before or int(champion) > int(before)
        assert n_ended <= len(known) <= n_ended + n_killed
    assert register()[0]
    newest = store.champion_version()
    assert newest == max(versions_that_load(store), key=int)
