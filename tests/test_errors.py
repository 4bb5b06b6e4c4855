from __future__ import annotations

import inspect

import pytest

from regulars import errors
from regulars.errors import ConvergenceError, RegularsError, suggestion

CLASSES = [
    found
    for _, found in inspect.getmembers(errors, inspect.isclass)
    if found.__module__ == "regulars.errors"
]


@pytest.mark.parametrize("found", CLASSES, ids=lambda found: found.__name__)
def test_every_class_has_one_of_the_two_roots(found):
    root = errors.RegularsWarning if issubclass(found, Warning) else RegularsError
    assert issubclass(found, root)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ConfigError", ValueError),
        ("DataError", ValueError),
        ("LeakageError", ValueError),
        ("NotEnoughHistoryError", ValueError),
        ("MissingExtraError", ImportError),
        ("ConvergenceError", RuntimeError),
    ],
)
def test_error_is_caught_as_the_builtin_kind(name, kind):
    with pytest.raises(kind, match="told"):
        raise getattr(errors, name)("told")


def test_convergence_error_carries_what_the_optimiser_said():
    error = ConvergenceError("no", iterations=7, gradient=[1, 2.5])
    assert (error.iterations, error.gradient) == (7, (1.0, 2.5))
    assert (ConvergenceError("no").iterations, ConvergenceError("no").gradient) == (
        None,
        None,
    )


def test_suggestion_keeps_the_spelling_of_the_option():
    assert suggestion("customer_id", ["CustomerID"]) == " Did you mean 'CustomerID'?"


def test_suggestion_is_empty_when_nothing_is_near():
    assert suggestion("colour", ["time", "source"]) == ""
    assert suggestion("colour", []) == ""
