"""The locks are complete: installing them by name needs nothing else anywhere.

What a package requires is read from its installed metadata. A pin for another Python or
system is not installed here, so what it requires cannot be read: it has to be pinned
when others ask for it, and is a leaf otherwise. uv, which makes the locks, has read it.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
RUN = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["setup"]]
ROOTS = {
    "requirements.lock": [*RUN, *EXTRAS["excel"]],
    "requirements-dev.lock": [
        *RUN,
        *EXTRAS["excel"],
        *EXTRAS["data"],
        *EXTRAS["postgres"],
        *EXTRAS["dev"],
    ],
}
LOCKS = list(ROOTS)
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
# sys_platform, os_name, platform_system, platform_machine
SYSTEMS = {
    "Linux": ("linux", "posix", "Linux", "x86_64"),
    "Linux on ARM": ("linux", "posix", "Linux", "aarch64"),
    "Mac": ("darwin", "posix", "Darwin", "arm64"),
    "Mac with Intel": ("darwin", "posix", "Darwin", "x86_64"),
    "Windows": ("win32", "nt", "Windows", "AMD64"),
    "Windows on ARM": ("win32", "nt", "Windows", "ARM64"),
}


@dataclass(frozen=True)
class Pin:
    """One line of a lock."""

    name: str
    requirement: Requirement
    hashes: frozenset[str]

    @property
    def version(self) -> str:
        return str(self.requirement.specifier).removeprefix("==")

    def applies(self, environment: dict[str, str]) -> bool:
        marker = self.requirement.marker
        return marker is None or marker.evaluate(environment)


def read_lock(name: str) -> list[Pin]:
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    return [read_pin(line) for line in text.splitlines()]


def read_pin(line: str) -> Pin:
    requirement = Requirement(line.partition(" --hash")[0])
    hashes = frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", line))
    return Pin(canonicalize_name(requirement.name), requirement, hashes)


def environment(python: str, system: str) -> dict[str, str]:
    sys_platform, os_name, platform_system, machine = SYSTEMS[system]
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{python}.0",
        "os_name": os_name,
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": platform_system,
        "platform_version": "",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": sys_platform,
        "extra": "",
    }


ENVIRONMENTS = {
    f"{python} {system}": environment(python, system)
    for python in PYTHONS
    for system in SYSTEMS
}


def requirements_of(pin: Pin) -> list[Requirement]:
    """Return what the pinned release requires, or nothing if it is not installed."""
    try:
        installed = metadata.distribution(pin.name)
    except metadata.PackageNotFoundError:
        return []
    if installed.version != pin.version:
        return []
    return [Requirement(text) for text in installed.requires or []]


@pytest.fixture(scope="module")
def required() -> dict[tuple[str, str], list[Requirement]]:
    return {
        (pin.name, pin.version): requirements_of(pin)
        for lock in LOCKS
        for pin in read_lock(lock)
    }


def gaps(
    pins: Iterable[Pin],
    roots: list[str],
    environment: dict[str, str],
    required: dict[tuple[str, str], list[Requirement]],
) -> Iterator[str]:
    """Yield each requirement that the pins do not meet in an environment."""
    here: dict[str, Pin] = {}
    for pin in pins:
        if pin.applies(environment):
            if pin.name in here:
                yield f"{pin.name} is pinned twice"
            here[pin.name] = pin
    todo = [("", Requirement(text), "") for text in roots]
    seen: set[tuple[str, str]] = set()
    for name in here:
        todo += asked_by(here[name], "", seen, required)
    while todo:
        parent, requirement, extra = todo.pop()
        marker = requirement.marker
        if marker and not marker.evaluate(environment | {"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        found = here.get(name)
        if found is None:
            yield f"{parent or 'the project'} requires {requirement}: not in the lock"
        elif not requirement.specifier.contains(found.version, prereleases=True):
            yield f"{parent or 'the project'} requires {requirement}: {found.version}"
        else:
            for wanted in requirement.extras:
                todo += asked_by(found, wanted, seen, required)


def asked_by(
    pin: Pin,
    extra: str,
    seen: set[tuple[str, str]],
    required: dict[tuple[str, str], list[Requirement]],
) -> list[tuple[str, Requirement, str]]:
    """Return what a pin requires with an extra, the first time that it is asked."""
    if (pin.name, extra) in seen:
        return []
    seen.add((pin.name, extra))
    return [(pin.name, wanted, extra) for wanted in required[pin.name, pin.version]]


@pytest.mark.parametrize("where", ENVIRONMENTS)
@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_every_requirement(lock, where, required):
    assert not list(gaps(read_lock(lock), ROOTS[lock], ENVIRONMENTS[where], required))


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_not_installed_is_for_elsewhere(lock):
    # else a package would pass as a leaf of which nobody has read the requirements
    here = {str(key): str(value) for key, value in default_environment().items()}
    for pin in read_lock(lock):
        if pin.applies(here):
            version = metadata.version(pin.name)
            assert version == pin.version, f"{pin.name} {version}: run 'make setup'"


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_without_any_one_pin_has_a_gap(lock, required):
    pins = read_lock(lock)
    for pin in pins:
        rest = [other for other in pins if other is not pin]
        assert any(
            any(gaps(rest, ROOTS[lock], environment, required))
            for environment in ENVIRONMENTS.values()
            if pin.applies(environment)
        ), pin.name


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_with_an_old_release_has_a_gap(lock, required):
    old = Requirement("duckdb==0.1")
    pins = [
        replace(pin, requirement=old) if pin.name == "duckdb" else pin
        for pin in read_lock(lock)
    ]
    known = required | {("duckdb", "0.1"): []}
    found = list(gaps(pins, ROOTS[lock], ENVIRONMENTS["3.12 Linux"], known))
    assert any("duckdb" in gap and gap.endswith(": 0.1") for gap in found)


def test_requirement_with_an_extra_and_a_marker_is_followed():
    required = {
        ("one", "1"): [Requirement("two[fast]>=1; python_version < '3.13'")],
        ("two", "1"): [
            Requirement("three; extra == 'fast' and sys_platform == 'win32'"),
            Requirement("four; extra == 'slow'"),
        ],
    }
    pins = [read_pin("one==1"), read_pin("two==1")]
    for where, expected in {
        "3.12 Windows": ["two requires three"],
        "3.13 Windows": [],
        "3.12 Mac": [],
    }.items():
        found = list(gaps(pins, ["one"], ENVIRONMENTS[where], required))
        assert [gap.partition(";")[0] for gap in found] == expected


def test_running_needs_what_the_tools_go_with():
    run, dev = (
        {(pin.name, pin.version): pin.hashes for pin in read_lock(lock)}
        for lock in LOCKS
    )
    assert run.items() <= dev.items()


def test_running_needs_no_tool():
    names = {pin.name for pin in read_lock("requirements.lock")}
    roots = {canonicalize_name(Requirement(text).name) for text in RUN}
    tools = {canonicalize_name(Requirement(text).name) for text in EXTRAS["dev"]}
    reading = {Requirement(text).name for text in EXTRAS["excel"]}
    assert not names & (tools - roots - reading)


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_hashes_and_names_no_index(lock):
    assert "://" not in (ROOT / lock).read_text("utf-8")
    for pin in read_lock(lock):
        assert pin.hashes, pin.name
        assert re.fullmatch(r"==[^,*]+", str(pin.requirement.specifier)), pin.name
