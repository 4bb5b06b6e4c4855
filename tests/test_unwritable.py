"""Every command that writes refuses a folder that it cannot write to."""

from __future__ import annotations

from pathlib import Path

import pytest

# a file in the place of a folder stops root too, whom no permission stops
BLOCKED = "blocked"


@pytest.fixture
def folder(tmp_path, monkeypatch, shop):
    monkeypatch.chdir(tmp_path)
    Path(BLOCKED).write_text("")
    return shop.folder


@pytest.mark.parametrize(
    "words",
    [
        ("init", "FOLDER/orders.csv", "--out", "blocked/new.yaml"),
        ("check", "FOLDER/shop.yaml", "--set", "outputs=blocked/out"),
        ("score", "FOLDER/shop.yaml", "--set", "outputs=blocked/out"),
        ("kpis", "FOLDER/shop.yaml", "--set", "outputs=blocked"),
        ("simulate", "--customers", "2", "--out", "blocked/sim"),
        ("train", "FOLDER/shop.yaml", "--set", "tracking.uri=sqlite:///blocked/m.db"),
        ("demo", "--set", "outputs=blocked/out"),
    ],
    ids=lambda words: words[0],
)
def test_what_cannot_be_written_is_refused_in_a_sentence(words, folder, command):
    status, _, err = command(*(word.replace("FOLDER", str(folder)) for word in words))
    assert status == 2, err
    assert err.startswith("regulars: ")
    assert "blocked" in err
    assert "writ" in err


@pytest.mark.parametrize("verb", ["check", "run"])
def test_read_only_outputs_are_not_called_unreadable(
    verb, folder, command, monkeypatch
):
    def refuse(path, **_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("pathlib.Path.touch", refuse)
    status, _, err = command(verb, folder / "shop.yaml", "--quiet")
    assert status == 2
    assert "quarantine.csv' cannot be written: Read-only file system." in err
