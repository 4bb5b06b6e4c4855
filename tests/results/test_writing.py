"""Text files, whole or not at all."""

from __future__ import annotations

import stat

import pytest

from regulars.errors import ConfigError
from regulars.results.writing import make_folder, replacing, write_text


def test_text_takes_the_place_of_the_old_one(tmp_path):
    write_text("old", tmp_path / "a" / "page.html")
    path = write_text("new\n", tmp_path / "a" / "page.html")
    assert path.read_bytes() == b"new\n"
    assert [each.name for each in path.parent.iterdir()] == ["page.html"]


def test_old_text_stays_when_writing_fails(tmp_path):
    path = write_text("old", tmp_path / "page.html")

    def fail():
        with replacing(path) as temporary:
            temporary.write_text("new")
            raise RuntimeError("half")

    with pytest.raises(RuntimeError, match="half"):
        fail()
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["page.html"]


def test_others_may_read_what_is_written(tmp_path):
    path = write_text("", tmp_path / "page.html")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_folder_that_cannot_be_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(ConfigError, match=r"Cannot write .*out'.*Name a folder"):
        make_folder(tmp_path / "out")
