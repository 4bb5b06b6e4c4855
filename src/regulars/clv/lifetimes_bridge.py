"""Fitted models as fitters of lifetimes, and back.

lifetimes is archived, but many know its plots and methods by heart.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from regulars.errors import ConfigError, DataError

if TYPE_CHECKING:
    from regulars.clv.base import ParametricModel

#: Class here: (class there, our parameters in its order).
COUNTERPARTS = {
    "BetaGeoModel": ("BetaGeoFitter", ("r", "alpha", "a", "b")),
    "ModifiedBetaGeoModel": ("ModifiedBetaGeoFitter", ("r", "alpha", "a", "b")),
    "ParetoNBDModel": ("ParetoNBDFitter", ("r", "alpha", "s", "beta")),
    "GammaGammaModel": ("GammaGammaFitter", ("p", "q", "v")),
    "BetaGeoBetaBinomModel": (
        "BetaGeoBetaBinomFitter",
        ("alpha", "beta", "gamma", "delta"),
    ),
}


def to_lifetimes(model: ParametricModel, summary: pd.DataFrame | None = None) -> Any:
    """Return a fitter of lifetimes with the parameters of a fitted model.

    Parameters
    ----------
    model : ParametricModel
        Fitted, without covariates.
    summary : pandas.DataFrame, optional
        Becomes its ``data``, which its plots need.

    Returns
    -------
    lifetimes fitter
        With ``params_``, ``variance_matrix_``, ``standard_errors_``,
        ``confidence_intervals_`` and, given a summary, ``data``.

    Raises
    ------
    ConfigError
        If lifetimes has no such model, or none with covariates.
    """
    check_is_fitted(model, "theta_")
    theirs, names = _counterpart(type(model).__name__)
    if len(model.params_) > len(names):
        extra = [name for name in model.params_ if name not in names]
        msg = f"lifetimes knows no covariates, but the model has {extra}."
        raise ConfigError(msg)
    fitter = getattr(_lifetimes(), theirs)(penalizer_coef=model.penalty)
    order = [model._parameters.index(name) for name in names]
    natural = np.array([model.params_[name] for name in names])
    covariance = model.covariance_[np.ix_(order, order)] * np.outer(natural, natural)
    fitter.params_ = pd.Series(natural, index=list(names))
    fitter.variance_matrix_ = pd.DataFrame(covariance, index=names, columns=names)
    fitter.standard_errors_ = fitter._compute_standard_errors()
    fitter.confidence_intervals_ = fitter._compute_confidence_intervals()
    fitter._negative_log_likelihood_ = -model.log_likelihood_ / model.n_customers_
    fitter._scale = 1.0
    if hasattr(fitter, "conditional_expected_number_of_purchases_up_to_time"):
        fitter.predict = fitter.conditional_expected_number_of_purchases_up_to_time
    if summary is not None:
        data = summary.copy()
        if "weights" not in data:
            data["weights"] = data.pop("weight") if "weight" in data else 1
        if theirs == "BetaGeoBetaBinomFitter":
            data = data.rename(columns={"T": "n_periods"})
        fitter.data = data
    return fitter


def from_lifetimes(kind: type[ParametricModel], fitter: Any) -> ParametricModel:
    """Return a model with the parameters of a fitter of lifetimes.

    Parameters
    ----------
    kind : type
        Class of the model.
    fitter : lifetimes fitter
        Fitted, with its ``data``: the likelihood is worked out again from them, as its
        own is kept on another scale.

    Returns
    -------
    ParametricModel
        Fitted; the covariance is the fitter's.

    Raises
    ------
    DataError
        If the fitter is of another model, or not fitted.
    """
    theirs, _ = _counterpart(kind.__name__)
    if type(fitter).__name__ != theirs:
        msg = (
            f"{kind.__name__} takes over a lifetimes.{theirs}, got "
            f"{type(fitter).__name__}."
        )
        raise DataError(msg)
    if not (hasattr(fitter, "params_") and hasattr(fitter, "data")):
        msg = f"The {theirs} has no params_ or data. Fit it before handing it over."
        raise DataError(msg)
    model = kind(penalty=0.0)  # its penalty is on another scale
    params = fitter.params_[list(model._parameters)].to_numpy(dtype=np.float64)
    variance = getattr(fitter, "variance_matrix_", None)
    covariance = np.zeros((params.size, params.size))
    if variance is not None:
        own = variance.loc[list(model._parameters), list(model._parameters)]
        covariance = own.to_numpy(dtype=np.float64) / np.outer(params, params)
    data = fitter.data.rename(columns={"weights": "weight", "n_periods": "T"})
    model._adopt(np.log(params), covariance, data)
    return model


def _counterpart(name: str) -> tuple[str, tuple[str, ...]]:
    if name not in COUNTERPARTS:
        msg = f"lifetimes has no counterpart of {name}; it has {list(COUNTERPARTS)}."
        raise ConfigError(msg)
    return COUNTERPARTS[name]


def _lifetimes() -> Any:
    """Import lifetimes without what it warns about and sets for the process."""
    with warnings.catch_warnings():  # it silences a category for good, and warns
        warnings.simplefilter("ignore")
        import lifetimes
    return lifetimes
