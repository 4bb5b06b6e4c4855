"""Fitted models as plain data: a dictionary, and a JSON file.

Nothing in such a file can run code, unlike a pickle; a model read back is equal to the
last bit, because Python writes a float with the digits that give the same float.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from regulars.clv.base import ParametricModel
from regulars.errors import DataError, suggestion

if TYPE_CHECKING:
    import os
    from typing import Self

FORMAT = 1
# what `_set_theta` works out again from theta_ and covariance_
_DERIVED = ("params_", "standard_errors_", "correlations_")


class JsonModel(ParametricModel):
    """Models that can be kept as data."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted model as plain data, for JSON."""
        check_is_fitted(self, "theta_")
        derived = {*_DERIVED, *(f"{name}_" for name in self._parameters)}
        state = {
            name: _encode(value)
            for name, value in sorted(vars(self).items())
            if name.endswith("_") and not name.startswith("_") and name not in derived
        }
        settings = {k: _encode(v) for k, v in self.get_params(deep=False).items()}
        return {
            "model": type(self).__name__,
            "format": FORMAT,
            "settings": settings,
            "params": dict(self.params_),
            "state": state,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Return the model that `to_dict` described, equal to the last bit."""
        _check_description(data, cls.__name__)
        model = cls(**_settings(cls, data["settings"]))
        state = {key: _decode(value) for key, value in data["state"].items()}
        for key, value in state.items():
            setattr(model, key, value)
        model._set_theta(state["theta_"], state["covariance_"])
        return model

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted model to a JSON file."""
        text = json.dumps(self.to_dict(), indent=2, allow_nan=False)
        Path(path).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a model from a JSON file that `save` wrote."""
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            msg = f"{path} is no JSON file: {error}. Pass one that .save wrote."
            raise DataError(msg) from error
        return cls.from_dict(data)


def _check_description(data: Any, expected: str) -> None:
    name = data.get("model") if isinstance(data, dict) else None
    if name != expected:
        msg = (
            f"The data describe a model {name!r}; expected {[expected]}."
            f"{suggestion(str(name), [expected])} Load it with the class that saved it."
        )
        raise DataError(msg)
    if data.get("format") != FORMAT:
        msg = (
            f"The data have format {data.get('format')!r}, but {FORMAT} is read here. "
            "Install the version of regulars that saved the model, or fit again."
        )
        raise DataError(msg)


def _settings(kind: type[JsonModel], encoded: dict[str, Any]) -> dict[str, Any]:
    """Return constructor arguments; JSON knows no tuples, so lists become them."""
    defaults = inspect.signature(kind.__init__).parameters
    settings = {key: _decode(value) for key, value in encoded.items()}
    for key, value in settings.items():
        if isinstance(value, list) and isinstance(defaults[key].default, tuple):
            settings[key] = tuple(value)
    return settings


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
