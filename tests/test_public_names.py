"""Every public name is exported, documented and shown at work."""

from __future__ import annotations

import ast
import dataclasses
import doctest
import importlib
import inspect
import json
import pkgutil
import re
from collections import Counter
from pathlib import Path

import pytest
from pydantic import BaseModel

import regulars

TESTS = Path(__file__).parent
ROOT = TESTS.parent
LOOSE_NAMES = ("errors", "pipeline", "timeline")
WORDS = re.compile(r"\w+")
SECTION = re.compile(
    r"^(Parameters|Returns|Raises|Yields|Attributes|Examples|Notes)\n-+$", re.M
)
IMPORT = re.compile(r"from (regulars[\w.]*) import (\([^)]*\)|[^\n]+)")
MOST_DOCSTRING = 1 / 3


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
OWN = [case for module in MODULES for case in _own(module)]
PACKAGES = [module for module in MODULES if hasattr(module, "__path__")]
LOOSE = [importlib.import_module(f"regulars.{n}") for n in LOOSE_NAMES]
PUBLIC = {
    f"{found.__module__}.{found.__qualname__}": found
    for module in (*PACKAGES, *LOOSE)
    for found in (getattr(module, name) for name in getattr(module, "__all__", ()))
    if inspect.isfunction(found) or inspect.isclass(found)
}
"""What users import; all else needs but a line that says what it does."""


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
    for _, text in _texts_for_users():  # which are run, too
        words |= {*WORDS.findall(text)}
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


def test_only_packages_and_loose_modules_say_what_they_export():
    saying = {module.__name__ for module in MODULES if "__all__" in vars(module)}
    allowed = {module.__name__ for module in (*PACKAGES, *LOOSE)}
    assert saying <= allowed


@pytest.mark.parametrize("found", OWN)
def test_name_is_documented(found):
    own = found.__doc__ if inspect.isclass(found) else inspect.getdoc(found)
    assert own
    assert own.strip()
    # dataclasses and pydantic write a signature where nobody wrote a docstring
    assert not own.startswith(f"{found.__name__}(")


def _is_record(found):
    """Whether fields say what there is to say: of records, errors and protocols."""
    return inspect.isclass(found) and (
        dataclasses.is_dataclass(found)
        or issubclass(found, BaseModel | BaseException | tuple)
        or getattr(found, "_is_protocol", False)
    )


def _has_page(found):
    return bool(SECTION.search(inspect.getdoc(found) or ""))


def test_public_names_have_pages_and_no_others_do():
    named = {f"{f.__module__}.{f.__qualname__}": f for (f,) in (c.values for c in OWN)}
    pages = {name for name, found in named.items() if _has_page(found)}
    records = {name for name, found in named.items() if _is_record(found)}
    assert sorted(pages - {*PUBLIC}) == []
    assert sorted({*PUBLIC} - records - pages) == []


@pytest.mark.parametrize("found", [*PUBLIC.values()], ids=[*PUBLIC])
def test_arguments_of_public_names_are_described(found):
    if _is_record(found):
        pytest.skip("its fields are its arguments")
    if inspect.isclass(found) and found.__subclasses__():
        pytest.skip("a base, whose arguments its subclasses describe")
    described = inspect.getdoc(found) or ""
    missing = [
        name
        for name in inspect.signature(found).parameters
        if not re.search(rf"\b{name}\b", described)
    ]
    assert missing == []


def _texts_for_users():
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        yield path.name, path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        yield path.name, "\n".join("".join(cell["source"]) for cell in cells)


@pytest.mark.parametrize(("name", "text"), [*_texts_for_users()])
def test_documents_import_public_names(name, text):
    unknown = []
    for module, names in IMPORT.findall(text):
        package = importlib.import_module(module)
        for each in WORDS.findall(re.sub(r" as \w+", "", names)):
            found = getattr(package, each, None)
            is_public = each in getattr(package, "__all__", ()) or (
                inspect.ismodule(found)
            )
            if not is_public:
                unknown.append(f"{module}.{each}")
    assert unknown == []


def test_docstrings_are_at_most_a_third_of_the_lines():
    lines = docstrings = 0
    for path in Path(regulars.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        lines += text.count("\n")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                first = node.body[0] if node.body else None
                if ast.get_docstring(node) is not None and first is not None:
                    docstrings += first.end_lineno - first.lineno + 1
    assert docstrings <= MOST_DOCSTRING * lines


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_exported_name_is_tested_or_shown_at_work(package, tested_words):
    """Results need no test of their own: they are what the tested functions return."""
    exported = {
        name: getattr(package, name) for name in getattr(package, "__all__", [])
    }
    results = {name for name, found in exported.items() if _is_record(found)}
    assert sorted({*exported} - results - tested_words) == []


@pytest.mark.parametrize("found", OWN)
def test_name_is_used_or_tested(found, tested_words, used_words):
    command = found.__module__ == "regulars.cli"
    assert command or found.__name__ in tested_words or used_words[found.__name__] > 1
