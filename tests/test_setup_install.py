"""`make setup` installs the locked releases, whatever else an index offers by now.

A small project has the Makefile of this one, and an index of hand-made wheels that
offers a newer release of everything. It is set up with the pip that came with each
Python that is at hand.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
OLD_PIP = (23, 3)  # the first that keeps to a pin when an extra is asked for

# The extra of `base` is what an older pip stumbles on.
REQUIRES = {
    "quick": [],
    "base": ["quick>=1; extra == 'fast'"],
    "middle": ["base[fast]>=1"],
    "tool": ["base[fast]>=1", "middle"],
}
RUN = ["quick", "base", "middle"]
DEV = [*RUN, "tool"]

SETTINGS = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "shop"
version = "1"
dependencies = ["middle>=1"]
"""
# Building is not what is tested: the wheel lies there.
BACKEND = """\
import os, shutil
def build_editable(folder, settings=None, metadata=None):
    return os.path.basename(shutil.copy("shop-1-py3-none-any.whl", folder))
"""


def write_wheel(folder: Path, name: str, version: str, requires: list[str]) -> Path:
    """Write the smallest wheel that pip installs."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": "",
        f"{info}/METADATA": "\n".join(
            [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
            + [f"Provides-Extra: {extra}" for extra in ["fast"] if name == "base"]
            + [f"Requires-Dist: {text}" for text in requires]
            + [""]
        ),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: a test\n"
        "Root-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [f"{file},," for file in [*files, f"{info}/RECORD"]]
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
        archive.writestr(f"{info}/RECORD", "\n".join([*record, ""]))
    return path


@dataclass
class Index:
    """A package index on this machine that remembers what it was asked for."""

    folder: Path
    address: str
    asked: list[str] = field(default_factory=list)

    def lock(self, names: list[str], version: str) -> str:
        lines = []
        for name in names:
            wheel = self.folder / name / f"{name}-{version}-py3-none-any.whl"
            digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
            lines.append(f"{name}=={version} \\\n    --hash=sha256:{digest}\n")
        return "".join(lines)


@pytest.fixture
def index(tmp_path) -> Iterator[Index]:
    folder = tmp_path / "index"
    for name, requires in REQUIRES.items():
        for version in ("1.0", "2.0"):
            write_wheel(folder / name, name, version, requires)
    found = Index(folder, "")

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            found.asked.append(self.path)

    with ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))
    ) as server:
        found.address = f"http://127.0.0.1:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@dataclass(frozen=True)
class Checkout:
    """A project with the Makefile of this one."""

    folder: Path
    index: Index
    python: str

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command that knows of no index but this one, and of no settings."""
        strange = re.compile(
            r"PIP_|UV_|PYTHON|MAKE|VIRTUAL_ENV|\w+_proxy$", re.IGNORECASE
        )
        kept = {
            key: value for key, value in os.environ.items() if not strange.match(key)
        }
        return subprocess.run(
            command,
            cwd=self.folder,
            env=kept
            | {"PIP_INDEX_URL": self.index.address, "PIP_CONFIG_FILE": os.devnull}
            | {"PIP_NO_CACHE_DIR": "1", "PIP_RETRIES": "0"},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def make(self, target: str) -> subprocess.CompletedProcess[str]:
        return self.run("make", target, f"PYTHON={self.python}")

    def pip(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(self.folder / ".venv/bin/python", "-m", "pip", *arguments)

    def write_locks(self, run: str, dev: str) -> None:
        (self.folder / "requirements.lock").write_text(run, encoding="utf-8")
        (self.folder / "requirements-dev.lock").write_text(dev, encoding="utf-8")

    def installed(self) -> dict[str, str]:
        done = self.pip("list", "--format=json", "--disable-pip-version-check")
        found = {row["name"]: row["version"] for row in json.loads(done.stdout)}
        return {
            name: found[name] for name in found if name not in {"pip", "setuptools"}
        }


def make_checkout(tmp_path: Path, index: Index, python: str) -> Checkout:
    folder = tmp_path / "shop"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
    (folder / "backend.py").write_text(BACKEND, encoding="utf-8")
    write_wheel(folder, "shop", "1", ["middle>=1"])
    checkout = Checkout(folder, index, python)
    checkout.write_locks(index.lock(RUN, "1.0"), index.lock(DEV, "1.0"))
    return checkout


@pytest.fixture
def checkout(tmp_path, index) -> Checkout:
    return make_checkout(tmp_path, index, sys.executable)


def find_python(version: str) -> str | None:
    """Return a Python of this version that can make environments, if there is one."""
    names = [f"python{version}"]
    if shutil.which("pyenv"):
        whence = ["pyenv", "whence", "--path", *names]
        names += subprocess.run(
            whence, capture_output=True, text=True, check=False
        ).stdout.split()
    if sys.version.startswith(f"{version}."):
        names.insert(0, sys.executable)
    probe = f"import ensurepip, sys; sys.exit(not sys.version.startswith('{version}.'))"
    for path in filter(None, map(shutil.which, names)):
        tried = subprocess.run([path, "-c", probe], capture_output=True, check=False)
        if tried.returncode == 0:
            return path
    return None


@pytest.mark.slow
@pytest.mark.parametrize("version", PYTHONS)
def test_setup_takes_the_locked_releases_with_the_pip_of(version, tmp_path, index):
    python = find_python(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine")
    checkout = make_checkout(tmp_path, index, python)

    done = checkout.make("setup")
    assert done.returncode == 0, done.stdout + done.stderr
    assert checkout.installed() == dict.fromkeys(DEV, "1.0") | {"shop": "1"}
    assert "No broken requirements found." in done.stdout
    # the lock's own names, each for its page and its one file
    pages = [path for path in index.asked if not path.endswith(".whl")]
    assert set(pages) == {f"/{name}/" for name in DEV}
    files = {path.rpartition("/")[2] for path in index.asked} - {""}
    assert files == {f"{name}-1.0-py3-none-any.whl" for name in DEV}

    # the pip is Python's own, and the fault that this is about is its fault
    own = checkout.run(python, "-c", "import ensurepip; print(ensurepip.version())")
    pip = own.stdout.strip()
    assert f"pip {pip} " in checkout.pip("--version").stdout
    resolving = checkout.pip(
        *["install", "--dry-run", "--ignore-installed", "--require-hashes"],
        *["-r", "requirements.lock"],
    )
    if tuple(map(int, pip.split(".")[:2])) < OLD_PIP:
        assert resolving.returncode != 0
        assert "must have their versions pinned with ==" in resolving.stderr
        assert "base[fast]" in resolving.stderr


@pytest.mark.slow
def test_running_comes_without_the_tools_and_they_follow_a_new_lock(checkout, index):
    assert checkout.make(".venv/.installed").returncode == 0
    assert checkout.installed() == dict.fromkeys(RUN, "1.0") | {"shop": "1"}
    assert checkout.make("setup").returncode == 0
    assert "tool" in checkout.installed()
    # nothing has changed: nothing is done
    index.asked.clear()
    assert checkout.make("setup").returncode == 0
    assert not index.asked
    # what running needs is brought up to date, and so are the tools that are there
    checkout.write_locks(index.lock(RUN, "2.0"), index.lock(DEV, "2.0"))
    done = checkout.make(".venv/.installed")
    assert done.returncode == 0, done.stdout + done.stderr
    assert checkout.installed() == dict.fromkeys(DEV, "2.0") | {"shop": "1"}


def test_setup_stops_at_a_lock_with_a_gap(checkout, index):
    checkout.write_locks(index.lock(["quick", "middle"], "1.0"), "")
    done = checkout.make(".venv/.installed")
    assert done.returncode != 0
    assert "middle 1.0 requires base, which is not installed." in done.stdout
    assert "'make clean' and begin anew" in done.stderr
    assert not (checkout.folder / ".venv/.installed").exists()


def test_setup_refuses_a_file_with_another_hash(checkout, index):
    text = index.lock(RUN, "1.0")
    digest = re.findall(r"sha256:(\w+)", text)[0]
    checkout.write_locks(text.replace(digest, "0" * 64), text)
    done = checkout.make(".venv/.installed")
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr


@pytest.mark.parametrize(
    ("target", "tools"),
    [("demo", False), *((name, True) for name in ("test", "lint", "bench", "docs"))],
)
def test_tools_are_installed_for(target, tools, tmp_path):
    done = subprocess.run(
        ["make", "-n", target, f"VENV={tmp_path}", f"PYTHON={sys.executable}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "-r requirements.lock" in done.stdout
    assert ("-r requirements-dev.lock" in done.stdout) is tools


def test_ci_resolves_nothing_either():
    text = (ROOT / ".ci/run").read_text("utf-8").replace("\\\n", " ")
    installs = [line for line in text.splitlines() if "pip install" in line]
    assert any("-r requirements.lock" in line for line in installs)
    for line in installs:
        assert "--no-deps" in line
        assert "--require-hashes" in line or "*.whl" in line
        assert "--upgrade" not in line
