from __future__ import annotations

from pathlib import Path

import pytest

from regulars.tracking.locations import database_file, local_parts


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
