from __future__ import annotations

import pytest

from regulars.tracking import host_of, scratch_folder


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("postgresql://u:secret@db:5432/x", "postgresql://db"),
        ("https://token@host/path?key=secret", "https://host"),
        ("sqlite:///models/mlflow.db", "sqlite:///models/mlflow.db"),
    ],
)
def test_host_of_shows_no_secret(uri, shown):
    assert host_of(uri) == shown


def test_scratch_folder_is_gone_afterwards():
    with scratch_folder() as folder:
        (folder / "a").write_text("x")
    assert not folder.exists()
