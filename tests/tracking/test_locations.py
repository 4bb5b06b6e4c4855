from __future__ import annotations

from pathlib import Path

import pytest

from regulars.tracking.locations import (
    artifact_location,
    database_file,
    local_parts,
    readable_address,
)


@pytest.mark.parametrize(
    ("uri", "file"),
    [
        ("sqlite:///models/mlflow.db", "models/mlflow.db"),
        ("sqlite:////data/Kunden #1 100%/m.db", "/data/Kunden #1 100%/m.db"),
        ("sqlite:///m.db?timeout=20&check_same_thread=false", "m.db"),
        ("sqlite:///what?/m.db", "what?/m.db"),
        ("sqlite:///a?b=c/m.db", "a?b=c/m.db"),
        ("sqlite:///:memory:", None),
        ("sqlite:///file:m.db?mode=ro&uri=true", None),
        ("postgresql://db/mlflow", None),
        ("http://localhost", None),
    ],
)
def test_file_of_a_store_is_read_from_its_address(uri, file):
    assert database_file(uri) == (None if file is None else Path(file))


@pytest.mark.parametrize(
    ("location", "parts"),
    [
        ("/shop/artifacts/1", ("shop", "artifacts", "1")),
        ("file:///C:/my%20shop/artifacts/1", ("C:", "my shop", "artifacts", "1")),
        (r"C:\shop\artifacts", ("C:", "shop", "artifacts")),
        ("s3://bucket/artifacts/1", None),
    ],
)
def test_location_is_divided_by_either_kind_of_slash(location, parts):
    assert local_parts(location) == parts


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgres_is_reached_by_the_driver_that_the_extra_installs(scheme):
    assert readable_address(f"{scheme}://me@db/x") == "postgresql+psycopg://me@db/x"


def test_other_drivers_are_the_users_choice():
    address = "postgresql+psycopg2://me@db/x"
    assert readable_address(address) == address


@pytest.mark.parametrize(
    ("uri", "chosen", "location"),
    [
        ("sqlite:///store/m.db", None, "file://HERE/store/artifacts/shop"),
        ("sqlite:///store/m.db", "files", "file://HERE/files/shop"),
        ("postgresql://db/x", None, "file://HERE/models/artifacts/shop"),
        ("postgresql://db/x", "my files", "file://HERE/my%20files/shop"),
        ("postgresql://db/x", "s3://bucket/a/", "s3://bucket/a/shop"),
        ("mysql+pymysql://db/x", None, "file://HERE/models/artifacts/shop"),
        ("http://localhost", None, None),
    ],
)
def test_files_of_a_new_experiment_have_one_place(
    uri, chosen, location, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    expected = location and location.replace("HERE", tmp_path.resolve().as_posix())
    assert artifact_location(uri, chosen, "shop") == expected
