"""Read YAML as people mean it: days stay text, and no key may stand twice.

YAML would make a date of 2024-06-30 and stop at 2024-06-31, 90 of 1:30 and 8 of 010.
The settings' own types say what a value must be, so that their message names the
setting.
"""

from __future__ import annotations

import math
import re
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """Safe YAML without timestamps, sexagesimal or octal numbers, and repeated keys."""

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            if name is not None and name != "<<" and name in seen:
                problem = f"the key '{name}' stands twice"
                raise yaml.constructor.ConstructorError(
                    problem=problem, problem_mark=key.start_mark
                )
            seen |= {name} if name is not None else set()
        return super().construct_mapping(node, deep)


_READ_OTHERWISE = ("timestamp", "int", "float")
_NUMBERS = {
    "int": r"[-+]?(0|[1-9][0-9_]{0,30})",
    "float": r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9]+)([eE][-+][0-9]+)?"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
}
_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag.rpartition(":")[2] not in _READ_OTHERWISE
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _kind, _pattern in _NUMBERS.items():
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(f"^({_pattern})$"), [*"-+.0123456789"]
    )


_MOST_VALUES = 100_000


class NotYamlError(ValueError):
    """The text cannot be read; the message says where and why, without the file."""


def read_yaml(text: str) -> Any:
    """Return what YAML text holds."""
    try:
        data = yaml.load(text, Loader=_Loader)
        if _size(data, {}) > _MOST_VALUES:
            msg = (
                ": through its aliases (*name) it refers to itself or grows too large."
            )
            raise NotYamlError(msg)
        return data
    except NotYamlError:
        raise
    except yaml.YAMLError as error:
        raise NotYamlError(_what_is_wrong(error)) from error
    except RecursionError as error:
        msg = ": it is nested too deeply."
        raise NotYamlError(msg) from error
    except (ValueError, AttributeError, TypeError) as error:
        # a tag such as !!int before something else
        msg = f": {error}."
        raise NotYamlError(msg) from error


def _size(node: Any, known: dict[int, float]) -> float:
    """Return how many values a node holds once all aliases are written out."""
    children = (
        node.values() if isinstance(node, dict) else node if type(node) is list else ()
    )
    if not children:
        return 1
    if id(node) not in known:
        known[id(node)] = math.inf  # what it stays while it is met inside of itself
        known[id(node)] = 1 + sum(_size(child, known) for child in children)
    return known[id(node)]


def _what_is_wrong(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or ""
    place = f" at line {mark.line + 1}" if mark else ""
    hint = ""
    if "'\\t'" in problem:
        hint = " A tab cannot indent: use blanks."
    elif isinstance(error, yaml.scanner.ScannerError | yaml.parser.ParserError):
        hint = " Check indentation and quotes there."
    return place + (f": {problem}." if problem else ".") + hint
