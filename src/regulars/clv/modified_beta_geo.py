"""The MBG/NBD model: as BG/NBD, but customers may leave after the first purchase too.

It cures the one oddity of BG/NBD, by which everybody who bought once is alive for sure.
"""

from __future__ import annotations

from regulars.clv.beta_geo_shared import GeometricDropoutModel


class ModifiedBetaGeoModel(GeometricDropoutModel):
    """MBG/NBD: BG/NBD with one more chance to leave, at the first purchase.

    Use it where many customers buy once and never again. Everything else is as in
    `BetaGeoModel`.

    Parameters
    ----------
    penalty : float, default 0.0
        L2 penalty on the logarithms of the parameters, >= 0; see `BetaGeoModel`.
    purchase_covariates, dropout_covariates : sequence of str, default ()
        Columns that change the purchase rate and the dropout; see `BetaGeoModel`.

    Attributes
    ----------
    r_, alpha_, a_, b_ : float
        Parameters; alpha in the unit of time of the summary.
    params_, standard_errors_ : dict of str to float
        Parameters, and their standard errors (NaN at an edge).
    correlations_ : pandas.DataFrame
        Correlations of the estimates.
    log_likelihood_, aic_, bic_ : float
        As in the papers.
    converged_ : bool
        True after every fit that returns.

    See Also
    --------
    BetaGeoModel : Nobody leaves before the second purchase.

    References
    ----------
    .. [1] Batislam, Denizel and Filiztekin (2007), Empirical validation and comparison
       of models for customer base analysis, Int. J. of Research in Marketing 24.
    .. [2] Hoppe and Wagner (2007), The case for the Central Variant of the
       Betageometric/NBD model, Marketing JRM 3.

    Examples
    --------
    >>> import pandas as pd
    >>> summary = pd.DataFrame({
    ...     "frequency": [0, 0, 1, 1, 1, 2, 2, 4, 7],
    ...     "recency": [0, 0, 3, 20, 33, 9, 25, 26, 37],
    ...     "T": [39, 30, 39, 30, 35, 38, 29, 32, 39],
    ...     "weight": [80, 60, 20, 12, 6, 9, 6, 5, 4],
    ... })
    >>> model = ModifiedBetaGeoModel().fit(summary)
    >>> {name: round(value, 3) for name, value in model.params_.items()}
    {'r': 2.018, 'alpha': 24.087, 'a': 1.186, 'b': 0.675}
    >>> model.expected_purchases(summary.tail(2), t=26).round(3).tolist()
    [1.467, 2.491]
    """

    _first_flip = 1
