"""The BG/NBD model: buying at random until leaving after some purchase.

The workhorse: four numbers, fitted to any number of customers in seconds.
"""

from __future__ import annotations

from regulars.clv.beta_geo_shared import GeometricDropoutModel


class BetaGeoModel(GeometricDropoutModel):
    """BG/NBD: beta-geometric dropout, negative binomial purchases.

    For businesses without a contract, where customers buy when they like and leave
    without a word. While active, a customer buys as a Poisson process whose rate is
    Gamma(r, alpha) over customers; after each *repeat* purchase the customer leaves
    with a probability that is Beta(a, b). Customers who bought once are taken to be
    alive for certain: `ModifiedBetaGeoModel` lifts that.

    Parameters
    ----------
    penalty : float, default 0.0
        L2 penalty, >= 0: ``penalty * sum(theta ** 2)`` a customer is taken off the
        log-likelihood, where theta are the logarithms of the parameters (times scaled
        so that the longest T is 10) and the coefficients of standardised covariates.
    purchase_covariates : sequence of str, default ()
        Columns that change the purchase rate:
        ``alpha_i = alpha * exp(-sum(purchase_z * z))``.
    dropout_covariates : sequence of str, default ()
        Columns that change the dropout probability:
        ``a_i = a * exp(sum(dropout_a_z * z))``, ``b_i`` likewise.

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
    ModifiedBetaGeoModel : Lets customers leave after the first purchase.
    ParetoNBDModel : Lets them leave at any moment.

    Notes
    -----
    Equations (6) to (10) of [1]_; a likelihood costs one exponential and one logarithm
    for each distinct history of repeat buyers.

    References
    ----------
    .. [1] Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way: An
       Alternative to the Pareto/NBD Model, Marketing Science 24(2).
    .. [2] Hardie (2004), note 027 on the numerics of the likelihood.

    Examples
    --------
    >>> import pandas as pd
    >>> summary = pd.DataFrame({
    ...     "frequency": [0, 0, 1, 1, 1, 2, 2, 4, 7],
    ...     "recency": [0, 0, 3, 20, 33, 9, 25, 26, 37],
    ...     "T": [39, 30, 39, 30, 35, 38, 29, 32, 39],
    ...     "weight": [80, 60, 20, 12, 6, 9, 6, 5, 4],
    ... })
    >>> model = BetaGeoModel().fit(summary)
    >>> {name: round(value, 3) for name, value in model.params_.items()}
    {'r': 0.205, 'alpha': 6.826, 'a': 0.539, 'b': 0.753}
    >>> model.expected_purchases(summary.tail(2), t=26).round(3).tolist()
    [1.887, 3.245]
    """

    _first_flip = 0
