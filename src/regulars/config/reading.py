"""From YAML and ``--set key.sub=value`` to one `Settings` object.

An unknown key is an error that names the nearest known one, so that a misspelt setting
is never quietly ignored. ``${NAME}`` comes from the environment, so that no secret has
to stand in a file.
"""

from __future__ import annotations

import os
import re
import reprlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from regulars.config.addresses import hide_passwords, host_of
from regulars.config.settings import Settings
from regulars.config.yaml_text import NotYamlError, read_yaml
from regulars.errors import ConfigError, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import ErrorDetails


def load_settings(path: str | Path, overrides: Iterable[str] = ()) -> Settings:
    r"""Read a configuration file.

    Parameters
    ----------
    path : str or Path
        YAML file.
    overrides : iterable of str
        ``key.sub=value`` pairs that win over the file; values are read as YAML.

    Returns
    -------
    Settings

    Raises
    ------
    ConfigError
        The file is missing or not YAML, a key is unknown, or a value is out of range.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "shop.yaml").write_text(
    ...     "name: shop\nsource: {transactions: {path: orders.csv}}")
    >>> load_settings(folder / "shop.yaml", ["time.horizon_days=28"]).time.horizon_days
    28
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        msg = (
            f"Cannot read the configuration '{file}': {reason}. Pass the path of a "
            "YAML file; 'regulars init FILE' writes one for a purchase log."
        )
        raise ConfigError(msg) from error
    return parse_settings(text, overrides, origin=str(file))


def parse_settings(
    text: str, overrides: Iterable[str] = (), *, origin: str = "configuration"
) -> Settings:
    """Read settings from YAML text; as `load_settings`.

    Parameters
    ----------
    text : str
        YAML.
    overrides : iterable of str
        ``key.sub=value`` pairs that win over the text.
    origin : str
        Where the text comes from, for messages.

    Returns
    -------
    Settings

    Examples
    --------
    >>> parse_settings("{name: x, source: {transactions: {path: a.csv}}, tme: {}}")
    Traceback (most recent call last):
        ...
    regulars.errors.ConfigError: configuration: unknown key 'tme'. Did you mean 'time'?
    """
    try:
        data = read_yaml(text)
    except NotYamlError as error:
        msg = f"{origin} is not valid YAML{error}"
        raise ConfigError(msg) from error
    if not isinstance(data, dict):
        msg = f"{origin} must hold keys such as 'name' and 'source'; it does not."
        raise ConfigError(msg)
    for override in overrides:
        _apply_override(data, override)
    try:
        return Settings.model_validate(_without_blank_sections(_expand(data, origin)))
    except ValidationError as error:
        msg = f"{origin}: " + "; ".join(_sentence(e) for e in error.errors()[:5])
        raise ConfigError(msg) from error


def _apply_override(data: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    shown = hide_passwords(override)
    if not equals or not key.strip():
        msg = f"--set '{shown}' must have the form key.sub=value."
        raise ConfigError(msg)
    node = data
    *parents, leaf = key.strip().split(".")
    for parent in parents:
        if node.get(parent) is None:  # a section that is left blank
            node[parent] = {}
        node = node[parent]
        if not isinstance(node, dict):
            msg = f"--set '{shown}': '{parent}' holds a value, not a section."
            raise ConfigError(msg)
    try:
        node[leaf] = _typed(value)
    except NotYamlError as error:
        msg = f"--set '{shown}': the value is not valid YAML."
        raise ConfigError(msg) from error


def _typed(text: str) -> Any:
    """Read the value of an override; `` #`` in a path begins no comment there."""
    value = read_yaml(text)
    is_cut = isinstance(value, str) and " #" in text and text.strip().startswith(value)
    return text.strip() if is_cut else value


def _without_blank_sections(data: dict[Any, Any]) -> dict[Any, Any]:
    """Drop sections of which only the name stands there: they hold the defaults."""
    return {
        key: value
        for key, value in data.items()
        if value is not None or key not in Settings.model_fields or key == "name"
    }


def _expand(node: Any, origin: str) -> Any:
    if isinstance(node, dict):
        return {key: _expand(value, origin) for key, value in node.items()}
    if isinstance(node, list):
        return [_expand(value, origin) for value in node]
    if isinstance(node, str):
        return re.sub(r"\$\{(\w+)\}", lambda match: _variable(match[1], origin), node)
    return node


def _variable(name: str, origin: str) -> str:
    if name not in os.environ:
        msg = f"{origin} uses ${{{name}}}, which is not set in the environment."
        raise ConfigError(msg)
    return os.environ[name]


# keys of earlier versions
REPLACED = {"churn.classifiers": "churn.members"}


def _sentence(error: ErrorDetails) -> str:
    where = [str(part) for part in error["loc"]]
    key = ".".join(part for part in where if part not in {"str", "SqlExpression"})
    if key in REPLACED:
        return f"unknown key '{key}'. '{REPLACED[key]}' has taken its place."
    if error["type"] == "extra_forbidden":
        known = _known_keys(where[:-1])
        return f"unknown key '{key}'.{suggestion(where[-1], known)}"
    if error["type"] == "missing":
        return f"'{key}' is missing"
    if error["type"] in {"model_type", "dict_type"}:
        keys = ", ".join(_known_keys(where)[:5])
        return f"'{key}' is a section of keys{keys and f', such as {keys}'}: no value"
    message = error["msg"].removeprefix("Value error, ")
    given = error["input"]
    given = reprlib.repr(
        host_of(given) if isinstance(given, str) and "://" in given else given
    )
    is_said = error["type"] == "value_error" and given in message
    got = "" if is_said else f" (got {given})"
    return f"'{key}': {message[:1].lower()}{message[1:]}{got}"


def _known_keys(path: list[str]) -> list[str]:
    model: type[BaseModel] | None = Settings
    for part in path:
        if part.isdigit():  # a place in a list, whose items are of the model at hand
            continue
        annotation = model.model_fields[part].annotation if model else None
        options = getattr(annotation, "__args__", (annotation,))
        model = next(
            (o for o in options if isinstance(o, type) and issubclass(o, BaseModel)),
            None,
        )
    return list(model.model_fields) if model else []
