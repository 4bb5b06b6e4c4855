"""What the container is built by works: its first stage is run here, step by step."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTAINERFILE = (ROOT / "docs" / "Containerfile").read_text("utf-8")
BUILD = CONTAINERFILE.split("\nFROM ")[1]


def copied():
    lines = re.findall(r"^COPY (?!--)(.+)$", BUILD, re.M)
    return [source for line in lines for source in line.split()[:-1]]


def test_container_copies_what_is_there():
    assert "src" in copied()
    assert all((ROOT / source).exists() for source in copied())


def test_container_runs_as_nobody_special_and_holds_no_secret():
    assert re.search(r"^USER (?!root)\w+$", CONTAINERFILE, re.M)
    assert not re.search(r"password|token|secret", CONTAINERFILE, re.I)


@pytest.mark.slow
def test_container_s_package_is_built_from_the_lock(tmp_path):
    folder, target = tmp_path / "build", tmp_path / "regulars"
    folder.mkdir()
    for source in copied():
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        copy(ROOT / source, folder / source)
    for command in re.findall(r"^RUN (.+)$", BUILD, re.M):
        here = command.replace("/opt/regulars", str(target))
        here = re.sub(r"^python\b", sys.executable, here)
        done = subprocess.run(
            ["bash", "-euc", here],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        assert done.returncode == 0, done.stderr
    told = subprocess.run(
        [target / "bin" / "regulars", "--version"], capture_output=True, check=True
    )
    assert told.stdout.strip()
