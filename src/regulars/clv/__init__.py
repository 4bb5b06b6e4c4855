"""Models of the purchase process: who still buys, how often, worth how much.

A library of its own that takes a summary and nothing else. The product uses BG/NBD,
MBG/NBD, Pareto/NBD and Gamma-Gamma through `regulars.clv.process`, with the shares of
returns and margin, `discounted_clv` and the diagnostics of the report. The rest is for
notebooks: BG/BB, sBG, covariates, intervals, draws, paths, new customers, lifetimes.
"""

from regulars.clv.beta_geo import BetaGeoModel
from regulars.clv.beta_geo_beta_binom import BetaGeoBetaBinomModel
from regulars.clv.diagnostics import (
    frequency_fit,
    holdout_by_frequency,
    holdout_scores,
    survival_fit,
    tracking,
)
from regulars.clv.gamma_gamma import GammaGammaModel
from regulars.clv.lifetimes_bridge import from_lifetimes, to_lifetimes
from regulars.clv.matrices import alive_matrix, purchases_matrix
from regulars.clv.modified_beta_geo import ModifiedBetaGeoModel
from regulars.clv.pareto_nbd import ParetoNBDModel
from regulars.clv.paths import alive_paths
from regulars.clv.shifted_beta_geo import ShiftedBetaGeoModel, summary_from_survivors
from regulars.clv.spend_diagnostics import spend_by_frequency, spend_density
from regulars.clv.summary import grouped_summary, summarise
from regulars.clv.value import discounted_clv, new_customer_clv, residual_clv
from regulars.clv.value_intervals import discounted_clv_interval

__all__ = [
    "BetaGeoBetaBinomModel",
    "BetaGeoModel",
    "GammaGammaModel",
    "ModifiedBetaGeoModel",
    "ParetoNBDModel",
    "ShiftedBetaGeoModel",
    "alive_matrix",
    "alive_paths",
    "discounted_clv",
    "discounted_clv_interval",
    "frequency_fit",
    "from_lifetimes",
    "grouped_summary",
    "holdout_by_frequency",
    "holdout_scores",
    "new_customer_clv",
    "purchases_matrix",
    "residual_clv",
    "spend_by_frequency",
    "spend_density",
    "summarise",
    "summary_from_survivors",
    "survival_fit",
    "to_lifetimes",
    "tracking",
]
