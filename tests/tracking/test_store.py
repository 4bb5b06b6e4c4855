from __future__ import annotations

import logging
from pathlib import Path

import pytest

from regulars.errors import ConfigError, DataError
from regulars.models.retention import RetentionModel
from regulars.tracking import CHAMPION, RunRecord, Store
from regulars.tracking.environment import addressed

PICKLES = {".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle", ".npy", ".pt"}


@pytest.fixture(scope="module")
def store(run_shop):
    settings = run_shop[0].settings()
    return Store(settings.tracking.uri, settings.name)


def _artefact(store, version="1"):
    from mlflow.artifacts import download_artifacts

    with addressed(store.uri):
        return Path(download_artifacts(artifact_uri=f"models:/{store.name}/{version}"))


def test_first_model_is_the_champion(store, run_shop):
    assert store.champion_version() == "1"
    model, registered = store.load()
    assert isinstance(model, RetentionModel)
    assert registered.model_uri == run_shop[1]["model_uri"] == "models:/shop/1"
    assert registered.run_id == run_shop[1]["run_id"]


def test_artefact_holds_data_only(store):
    files = [path for path in _artefact(store).rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if path.suffix in PICKLES]
    # a pickle of protocol 2 and later begins with this byte, whatever its name
    assert not [path for path in files if path.read_bytes()[:1] == b"\x80"]
    # the wheel is installed where somebody wants it; loading a model reads past it
    known = {".json", ".txt", ".yaml", "", ".md", ".whl"}
    assert {path.suffix for path in files} <= known


def test_artefact_names_our_loader_and_no_pickled_model(store):
    import yaml

    described = yaml.safe_load((_artefact(store) / "MLmodel").read_text())
    flavour = described["flavors"]["python_function"]
    assert flavour["loader_module"] == "regulars.scoring.pyfunc"
    assert "python_model" not in flavour
    assert {*described["flavors"]} == {"python_function"}
    assert described["signature"]["inputs"]


def test_run_keeps_parameters_figures_and_the_fingerprint(store, run_shop):
    shop, result = run_shop
    run = store.client.get_run(result["run_id"])
    assert run.data.params["time.horizon_days"] == "28"
    assert run.data.params["chosen.calibration"]
    assert run.data.metrics["test.roc_auc"] == pytest.approx(result["test"]["roc_auc"])
    assert "baseline.bg_nbd.log_loss" in run.data.metrics
    assert "value_test.mae" in run.data.metrics
    card = shop.read("training.json")
    assert run.data.tags["regulars.fingerprint"] == card["fingerprint"]


def test_model_that_was_tested_lies_beside_the_one_that_scores(store):
    tested = store.load_tested("1")
    final, _ = store.load("1")
    assert tested.process.purchases_.params_ != final.process.purchases_.params_


def test_unknown_version_is_told(store):
    with pytest.raises(DataError, match=r"Cannot load model models:/shop/99 from"):
        store.load("99")


def test_no_model_of_that_name_has_no_champion(store):
    nobody = Store(store.uri, "nobody")
    assert nobody.champion_version() is None
    with pytest.raises(DataError, match="no champion called 'nobody'"):
        nobody.load()


@pytest.mark.parametrize("uri", ["ftp-ish://nowhere", "sqlite:////proc/none/x.db"])
def test_store_that_cannot_be_opened_is_told(uri):
    with pytest.raises(ConfigError, match=r"Cannot open tracking\.uri"):
        _ = Store(uri, "x").client


@pytest.fixture(scope="module")
def small_store(tmp_path_factory, store):
    """A store of its own, and a function that registers the model again."""
    folder = tmp_path_factory.mktemp("store")
    model, _ = store.load()
    model.save(folder / "model")
    (folder / "artifacts").mkdir()
    context = _artefact(store) / "data" / "model" / "serving.json"
    (folder / "model" / "serving.json").write_bytes(context.read_bytes())
    own = Store(f"sqlite:///{folder}/deep/mlflow.db", "small")

    def register(*, is_champion):
        record = RunRecord(
            params={"a": "1"},
            metrics={"b": 2.0},
            tags={"c": "3"},
            artifacts=folder / "artifacts",
            model=folder / "model",
            tested_model=None,
            input_example=None,
        )
        return own.register(record, is_champion=is_champion)

    return own, register


def test_alias_moves_only_to_a_winner(small_store):
    own, register = small_store
    first = register(is_champion=True)
    assert own.champion_version() == first.model_version
    second = register(is_champion=False)
    assert int(second.model_version) == int(first.model_version) + 1
    assert own.champion_version() == first.model_version
    third = register(is_champion=True)
    assert own.champion_version() == third.model_version
    assert own.load()[1].run_id == third.run_id
    assert own.load(second.model_version)[1].run_id == second.run_id
    aliases = own.client.get_model_version("small", third.model_version).aliases
    assert [*aliases] == [CHAMPION]
    assert own.load_tested(second.model_version) is None


def test_register_leaves_mlflow_as_it_was_and_says_nothing(small_store, capfd):
    import mlflow

    before = mlflow.get_tracking_uri(), logging.getLogger("mlflow").level
    own, register = small_store
    found = register(is_champion=False)
    own.tag_version(found.model_version, {"reason": "none"})
    assert (mlflow.get_tracking_uri(), logging.getLogger("mlflow").level) == before
    assert mlflow.active_run() is None
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "")
    tags = own.client.get_model_version("small", found.model_version).tags
    assert tags["reason"] == "none"
