"""Every public name is exported, documented and shown at work."""

from __future__ import annotations

import dataclasses
import doctest
import importlib
import inspect
import pkgutil
import re
from collections import Counter
from pathlib import Path

import pytest
from pydantic import BaseModel

import regulars

TESTS = Path(__file__).parent
WORDS = re.compile(r"\w+")


def _modules():
    names = [
        each.name for each in pkgutil.walk_packages(regulars.__path__, "regulars.")
    ]
    return [importlib.import_module(name) for name in sorted(names)]


def _own(module):
    """Public functions and classes that a module defines itself."""
    for name, found in vars(module).items():
        own = getattr(found, "__module__", None) == module.__name__
        if (
            own
            and not name.startswith("_")
            and (inspect.isfunction(found) or inspect.isclass(found))
        ):
            yield pytest.param(found, id=f"{module.__name__}.{name}")


MODULES = _modules()
PUBLIC = [case for module in MODULES for case in _own(module)]
EXPORTED = {name for module in MODULES for name in getattr(module, "__all__", [])}
"""Names that users import; the others need but a line that says what they do."""
PACKAGES = [module for module in MODULES if hasattr(module, "__path__")]


@pytest.fixture(scope="module")
def tested_words():
    """Every word of the tests, and of the examples in docstrings."""
    files = [path for path in TESTS.rglob("*.py") if path != Path(__file__)]
    words = {word for path in files for word in WORDS.findall(path.read_text())}
    finder = doctest.DocTestFinder()
    for module in MODULES:
        for test in finder.find(module):
            for example in test.examples:
                words |= {*WORDS.findall(example.source)}
    return words


@pytest.fixture(scope="module")
def used_words():
    """How often each word stands in the package."""
    files = Path(regulars.__file__).parent.rglob("*.py")
    return Counter(word for path in files for word in WORDS.findall(path.read_text()))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_module_says_what_it_is_for(module):
    assert module.__doc__
    assert module.__doc__.strip()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_package_exports_what_it_imports(package):
    imported = {
        name
        for name, found in vars(package).items()
        if not name.startswith("_")
        and getattr(found, "__module__", "").startswith(f"{package.__name__}.")
    }
    exported = [*getattr(package, "__all__", [])]
    assert imported <= {*exported}
    assert exported == sorted({*exported})
    assert all(hasattr(package, name) for name in exported)


@pytest.mark.parametrize("found", PUBLIC)
def test_public_name_is_documented(found):
    own = found.__doc__ if inspect.isclass(found) else inspect.getdoc(found)
    assert own
    assert own.strip()
    # dataclasses and pydantic write a signature where nobody wrote a docstring
    assert not own.startswith(f"{found.__name__}(")


@pytest.mark.parametrize(
    "found", [case for case in PUBLIC if case.values[0].__name__ in EXPORTED]
)
def test_arguments_of_exported_names_are_described(found):
    if inspect.isclass(found) and (
        dataclasses.is_dataclass(found) or issubclass(found, BaseModel | BaseException)
    ):
        pytest.skip("its fields are its arguments; the settings describe themselves")
    if inspect.isclass(found) and found.__subclasses__():
        pytest.skip("a base, whose arguments its subclasses describe")
    arguments = inspect.signature(found).parameters
    described = inspect.getdoc(found) or ""
    command_line = found.__module__ == "regulars.cli"
    missing = [
        name
        for name in arguments
        if not command_line and not re.search(rf"\b{name}\b", described)
    ]
    assert missing == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_exported_name_is_tested_or_shown_at_work(package, tested_words):
    """Results need no test of their own: they are what the tested functions return."""
    exported = {
        name: getattr(package, name) for name in getattr(package, "__all__", [])
    }
    results = {
        name for name, found in exported.items() if dataclasses.is_dataclass(found)
    }
    assert sorted({*exported} - results - tested_words) == []


@pytest.mark.parametrize("found", PUBLIC)
def test_public_name_is_used_or_tested(found, tested_words, used_words):
    command = found.__module__ == "regulars.cli"
    assert command or found.__name__ in tested_words or used_words[found.__name__] > 1
