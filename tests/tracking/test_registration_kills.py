"""A registration that is killed at any moment leaves models that load, or none."""

from __future__ import annotations

import json
import random
import zipfile
from pathlib import Path

import pytest
from tests.killing import Forks

from regulars.models.retention import RetentionModel
from regulars.tracking import Store

KILLS = 20
FROZEN = Path(__file__).parents[1] / "models" / "frozen" / "format-3.zip"
REGISTER = """
import shutil, tempfile
from pathlib import Path
import mlflow.pyfunc
from regulars.tracking import RunRecord, Store

def work(seconds):
    folder = Path(shutil.copytree(sys.argv[2], Path(tempfile.mkdtemp(), "model")))
    begin(seconds)
    record = RunRecord({}, {}, {}, model=folder)
    Store(sys.argv[1], "shop").register(record, is_champion=True)
"""


@pytest.fixture
def registrar(tmp_path):
    with zipfile.ZipFile(FROZEN) as archive:
        archive.extractall(tmp_path)
    uri = f"sqlite:///{(tmp_path / 'mlflow.db').as_posix()}"
    forks = Forks(REGISTER, uri, tmp_path / "model", TMPDIR=str(tmp_path))
    yield forks, Store(uri, "shop")
    forks.close()


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
    forks, store = registrar
    assert forks.run()
    seconds = forks.run()
    rng, n_ended, n_killed = random.Random(7), 2, 0
    while n_killed < KILLS:
        before = store.champion_version()
        ended = forks.run(kill_after=rng.uniform(0, seconds)) is not None
        n_ended, n_killed = n_ended + ended, n_killed + (not ended)
        known = versions_that_load(store)
        champion = store.champion_version()
        assert champion in known
        assert ended or champion == before or int(champion) > int(before)
        assert n_ended <= len(known) <= n_ended + n_killed
    assert forks.run()
    newest = store.champion_version()
    assert newest == max(versions_that_load(store), key=int)
