"""A project whose folder is moved, copied, renamed or only read."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from pathlib import Path

import pandas as pd
import pytest

from regulars.errors import ConfigError, DataError
from regulars.tracking import RunRecord, Store
from regulars.tracking.locations import LocalStore
from regulars.tracking.relocation import COLUMNS
from regulars.training.promotion import evaluate_challenger

PROJECT = """\
name: shop
source: {transactions: {path: orders.csv}}
time: {horizon_days: 28, training_cutoffs: 2, step_days: 28, cutoff: 2024-12-01}
tracking: {uri: "sqlite:///models/mlflow.db"}
"""


def _locations(database):
    """Return every location that a store names, by table and column."""
    with sqlite3.connect(database) as connection:
        return {
            (table, column): [
                value
                for (value,) in connection.execute(f'SELECT "{column}" FROM "{table}"')
            ]
            for table, column, _ in COLUMNS
        }


def _write_locations(database, before, after):
    """Write absolute locations into a store, as one made in another place has them."""
    with sqlite3.connect(database) as connection:
        for table, column, _ in COLUMNS:
            connection.execute(
                f'UPDATE "{table}" SET "{column}" = replace("{column}", ?, ?)',
                (before, after),
            )


def _content(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def home(tmp_path, run_shop):
    """A trained project that lies where it was made."""
    shop, _ = run_shop
    folder = tmp_path / "home" / "shop"
    shutil.copytree(shop.folder / "store", folder / "models")
    shutil.copy(shop.folder / "orders.csv", folder)
    (folder / "shop.yaml").write_text(PROJECT)
    _write_locations(
        folder / "models" / "mlflow.db",
        (shop.folder / "store").as_uri(),
        (folder / "models").as_uri(),
    )
    return folder


@pytest.fixture
def move(home, tmp_path):
    """A function that moves or copies the project; it returns the new folder."""

    def call(how, target):
        new = tmp_path / target
        new.parent.mkdir(parents=True, exist_ok=True)
        if how == "move":
            home.rename(new)
        else:
            shutil.copytree(home, new)
        if how == "copy a retrained one":
            for model in (home / "models").rglob("model.json"):
                model.write_text("{}")
        return new

    return call


def _store(folder, name="shop"):
    return Store(f"sqlite:///{folder.as_posix()}/models/mlflow.db", name)


def _record(folder):
    return RunRecord(
        params={"a": "1"},
        metrics={"b": 2.0},
        tags={},
        artifacts=folder / "out",
        model=folder / "new" / "model",
        tested_model=folder / "new" / "model",
    )


def _train(folder, *, is_champion=True):
    """Register the champion again, as a training does."""
    store = _store(folder)
    source, _ = store.fetch()
    shutil.copytree(source, folder / "new" / "model")
    (folder / "out").mkdir()
    (folder / "out" / "card.json").write_text("{}")
    return store.register(_record(folder), is_champion=is_champion)


@pytest.mark.parametrize(
    ("how", "target"),
    [
        ("move", "elsewhere/shop"),
        ("move", "home/renamed"),
        ("move", "new home/shop"),
        ("copy", "elsewhere/shop"),
        ("copy a retrained one", "home/copy"),
        ("copy a retrained one", "elsewhere/deep/er/shop"),
        ("move", "Kunden #1 100%/shop"),
        ("copy", "Grüße [x] {y} & (z);/shop"),
    ],
)
def test_moved_project_loads_its_own_files(home, move, how, target):
    before, _ = _store(home).fetch()
    wanted = _content(before)
    folder = move(how, target)
    model, registered = _store(folder).fetch()
    assert model.is_relative_to(folder)
    assert _content(model) == wanted
    assert registered.model_version == "1"
    assert _store(folder).fetch_tested("1").is_relative_to(folder)
    assert not _store(folder).is_lost("1")


def test_moved_project_scores_the_same(run_shop, move, command, tmp_path):
    _, result = run_shop
    folder = move("move", "Kunden #1 100%/shop")
    before = _content(folder)
    status, _, err = command(
        *("score", folder / "shop.yaml"),
        *("--set", f"source.transactions.path='{folder}/orders.csv'"),
        *("--set", f"tracking.uri=sqlite:///{folder}/models/mlflow.db"),
        *("--set", f"outputs={tmp_path}/out #2"),
    )
    assert (status, err) == (0, "")
    # nothing was written into the project: it may be read-only
    assert _content(folder) == before
    ours = pd.read_parquet(tmp_path / "out #2" / "scores.parquet")
    theirs = pd.read_parquet(result["scores"])
    pd.testing.assert_frame_equal(
        ours.drop(columns="scored_at"),
        theirs.drop(columns="scored_at"),
        check_exact=True,
    )


def test_project_is_found_through_a_link_and_from_its_own_folder(
    home, tmp_path, monkeypatch
):
    link = tmp_path / "link"
    link.symlink_to(home)
    assert _store(link).fetch()[0].is_dir()
    strange = tmp_path / "what? a%20b"
    home.rename(strange)
    monkeypatch.chdir(strange)
    # a name of no other test: MLflow keeps a store by its address, wherever it stood
    (strange / "models").rename(strange / "moved")
    for uri in ("sqlite:///moved/mlflow.db", f"sqlite:///{strange}/moved/mlflow.db"):
        assert Store(uri, "shop").fetch()[0].is_relative_to(strange)
    assert {path.name for path in strange.parent.iterdir()} == {
        "home",
        "link",
        strange.name,
    } - ({"home"} if not (tmp_path / "home").exists() else set())


@pytest.mark.parametrize("name", ["Kunden?", "what? a=b", "a%20b"])
def test_address_that_mlflow_would_misread_is_refused(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(ConfigError, match="for signs of an address"):
        _ = Store(f"sqlite:///{tmp_path}/{name}/mlflow.db", "x").client
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_address_with_escapes_is_read_as_one(home, tmp_path):
    home.rename(tmp_path / "my shop")
    store = Store(f"sqlite:///{tmp_path}/my%20shop/models/mlflow.db?timeout=20", "shop")
    assert store.fetch()[0].is_relative_to(tmp_path / "my shop")
    assert not (tmp_path / "my%20shop").exists()


@pytest.mark.parametrize("keeps_original", [True, False])
def test_store_without_its_files_is_refused_in_a_sentence(
    home, move, keeps_original, run_shop
):
    folder = move("copy" if keeps_original else "move", "elsewhere/shop")
    shutil.rmtree(folder / "models" / "artifacts")
    store = _store(folder)
    with pytest.raises(DataError, match="Copy the folder 'artifacts' together with"):
        store.load()
    assert store.is_lost("1")
    decision = evaluate_challenger(None, None, store)
    assert decision.is_champion
    assert decision.reason == "the files of the champion, version 1, are lost"


def test_files_that_stayed_where_they_were_are_read_there(home, tmp_path):
    new = tmp_path / "elsewhere" / "models"
    new.mkdir(parents=True)
    (home / "models" / "mlflow.db").rename(new / "mlflow.db")
    assert _store(new.parent).fetch()[0].is_relative_to(home)


def test_store_of_another_system_is_read(home, tmp_path):
    database = home / "models" / "mlflow.db"
    _write_locations(
        database, (home / "models").as_uri(), "file:///C:/Users/me/my%20shop/models"
    )
    assert _store(home).fetch()[0].is_relative_to(home)
    _write_locations(
        database, "file:///C:/Users/me/my%20shop/models", r"C:\Users\me\shop\models"
    )
    assert _store(home).fetch()[0].is_relative_to(home)


def test_training_after_a_move_writes_beside_the_store(home, move):
    folder = move("move", "elsewhere/shop")
    registered = _train(folder)
    assert not home.exists()
    store = _store(folder)
    assert store.champion_version() == registered.model_version == "2"
    for version in ("1", "2"):
        assert store.fetch(version)[0].is_relative_to(folder)
        assert store.fetch_tested(version).is_relative_to(folder)
    kept = folder / "models" / "artifacts" / "shop" / registered.run_id / "artifacts"
    assert (kept / "card.json").is_file()


def test_copies_side_by_side_train_each_for_itself(home, move):
    folder = move("copy", "home/copy")
    before = _content(home)
    _train(folder)
    assert _content(home) == before
    _train(home)
    assert _store(home).fetch("2")[0].is_relative_to(home)
    assert _store(folder).fetch("2")[0].is_relative_to(folder)


def test_backtest_after_a_move_writes_beside_the_store(home, move):
    folder = move("move", "elsewhere/shop")
    (folder / "files").mkdir()
    (folder / "files" / "backtest.json").write_text("{}")
    parent = RunRecord({}, {}, {"name": "backtest"}, artifacts=folder / "files")
    run_id = _store(folder).record_runs(parent, {"child": RunRecord({}, {}, {})})
    written = folder / "models" / "artifacts" / "shop" / run_id / "artifacts"
    assert (written / "backtest.json").is_file()
    assert not home.exists()


def test_relocate_serves_mlflow_itself(home, move, command):
    import mlflow

    folder = move("move", "elsewhere #2/shop")
    uri = f"sqlite:///{folder}/models/mlflow.db"
    words = ("relocate", folder / "shop.yaml", "--set", f"tracking.uri={uri}")
    n_locations = sum(
        home.as_uri() in (value or "")
        for values in _locations(folder / "models" / "mlflow.db").values()
        for value in values
    )
    status, out, _ = command(*words)
    assert status == 0
    assert f"{n_locations} locations changed" in " ".join(out.split())
    locations = str(_locations(folder / "models" / "mlflow.db"))
    assert home.as_uri() not in locations
    assert folder.as_uri() in locations
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    try:
        served = mlflow.pyfunc.load_model("models:/shop@champion")
    finally:
        mlflow.set_tracking_uri(before[0])
        mlflow.set_registry_uri(before[1])
    assert served.metadata.run_id == _store(folder).fetch()[1].run_id
    status, out, _ = command(*words)
    assert (status, "nothing to change" in out) == (0, True)


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("sqlite:///nowhere/mlflow.db", r"There is no store '.*nowhere/mlflow\.db'"),
        ("http://localhost:1", "is no SQLite file"),
    ],
)
def test_relocate_of_no_local_store_is_refused(shop, command, uri, said):
    status, _, err = command("relocate", shop.config, "--set", f"tracking.uri={uri}")
    assert status == 2
    assert pd.Series([err]).str.contains(said)[0]
    assert not Path("nowhere").exists()


def test_locations_that_somebody_chose_are_kept(home, move, tmp_path):
    folder = move("copy", "elsewhere/shop")
    database = folder / "models" / "mlflow.db"
    chosen = tmp_path / "big disk"
    shutil.copytree(folder / "models" / "artifacts" / "shop", chosen / "shop")
    places = (f"{(home / 'models' / 'artifacts').as_uri()}", chosen.as_uri())
    _write_locations(database, *places)
    before = _locations(database)
    assert _store(folder).relocate() == 0
    assert _locations(database) == before
    assert _store(folder).fetch()[0].is_relative_to(chosen)
    _write_locations(database, chosen.as_uri(), "s3://bucket")
    assert LocalStore(database).place("s3://bucket/shop/1/artifacts", 2) is None
    assert _store(folder).relocate() == 0


def test_reading_where_there_is_no_store_makes_none(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/models/mlflow.db", "shop")
    assert store.champion_version() is None
    for ask in (store.load, lambda: store.load("3"), store.rollback):
        with pytest.raises(DataError, match=r"there is no file '.*models/mlflow\.db'"):
            ask()
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("read_only", "verb"),
    [("models/mlflow.db", "train"), ("models", "backtest"), ("", "train")],
)
def test_read_only_store_is_refused_before_the_work(
    home, command, read_only, verb, monkeypatch
):
    blocked = home / read_only
    if not read_only:
        shutil.rmtree(home / "models")
    ask = os.access
    monkeypatch.setattr(
        "os.access",
        lambda path, mode: Path(path) != blocked and ask(path, mode),
    )
    monkeypatch.chdir(home)
    status, _, err = command(verb, "shop.yaml", "--set", f"outputs={home}/out")
    assert status == 2
    assert f"'{blocked}' is read-only" in err
    assert not (home / "out" / "training.json").exists()
