"""Fitted models as plain data: a dictionary, and a JSON file.

A model goes in and a dictionary of numbers and names comes out, and back again, equal
to the last bit: Python writes a float with the digits that give the same float.
Nothing in such a file can run code, unlike a pickle.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from regulars.errors import DataError, suggestion

if TYPE_CHECKING:
    import os

    from regulars.clv.base import ParametricModel

FORMAT = 1
_DERIVED = ("params_", "standard_errors_", "correlations_")


def model_to_dict(model: ParametricModel) -> dict[str, Any]:
    """Return a fitted model as a dictionary that JSON can hold."""
    check_is_fitted(model, "theta_")
    derived = {*_DERIVED, *(f"{name}_" for name in model._parameters)}
    state = {
        name: _encode(value)
        for name, value in sorted(vars(model).items())
        if name.endswith("_") and not name.startswith("_") and name not in derived
    }
    settings = {k: _encode(v) for k, v in model.get_params(deep=False).items()}
    return {
        "model": type(model).__name__,
        "format": FORMAT,
        "settings": settings,
        "params": dict(model.params_),
        "state": state,
    }


def model_from_dict(
    data: dict[str, Any], *classes: type[ParametricModel]
) -> ParametricModel:
    """Return the model that a dictionary describes."""
    by_name = {each.__name__: each for each in classes}
    name = data.get("model") if isinstance(data, dict) else None
    if name not in by_name:
        msg = (
            f"The data describe a model {name!r}; expected {sorted(by_name)}."
            f"{suggestion(str(name), by_name)} Load it with the class that saved it."
        )
        raise DataError(msg)
    if data.get("format") != FORMAT:
        msg = (
            f"The data have format {data.get('format')!r}, but {FORMAT} is read here. "
            "Install the version of regulars that saved the model, or fit again."
        )
        raise DataError(msg)
    kind = by_name[name]
    defaults = inspect.signature(kind.__init__).parameters
    settings = {key: _decode(value) for key, value in data["settings"].items()}
    for key, value in settings.items():  # JSON knows no tuples
        if isinstance(value, list) and isinstance(defaults[key].default, tuple):
            settings[key] = tuple(value)
    model = kind(**settings)
    state = {key: _decode(value) for key, value in data["state"].items()}
    for key, value in state.items():
        setattr(model, key, value)
    model._set_theta(state["theta_"], state["covariance_"])
    return model


def save_model(model: ParametricModel, path: str | os.PathLike[str]) -> None:
    """Write a fitted model to a JSON file."""
    text = json.dumps(model_to_dict(model), indent=2, allow_nan=False)
    Path(path).write_text(text + "\n", encoding="utf-8")


def load_model(
    path: str | os.PathLike[str], *classes: type[ParametricModel]
) -> ParametricModel:
    """Read a model from a JSON file."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        msg = f"{path} is no JSON file: {error}. Pass one that .save wrote."
        raise DataError(msg) from error
    return model_from_dict(data, *classes)


def _encode(value: Any) -> Any:
    """Return a value as what JSON can hold; arrays keep their kind."""
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": value.dtype.str}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)):
        return [_encode(item) for item in value]
    if isinstance(value, dict):
        return {key: _encode(item) for key, item in value.items()}
    return value


def _decode(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"array", "dtype"}:
        return np.array(value["array"], dtype=np.dtype(value["dtype"]))
    if isinstance(value, dict):
        return {key: _decode(item) for key, item in value.items()}
    return value
