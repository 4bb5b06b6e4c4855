"""Models of the purchase process: who still buys, how often, worth how much."""

from regulars.clv.beta_geo import BetaGeoModel
from regulars.clv.beta_geo_beta_binom import BetaGeoBetaBinomModel
from regulars.clv.gamma_gamma import GammaGammaModel
from regulars.clv.lifetimes_bridge import from_lifetimes, to_lifetimes
from regulars.clv.modified_beta_geo import ModifiedBetaGeoModel
from regulars.clv.pareto_nbd import ParetoNBDModel
from regulars.clv.paths import alive_paths
from regulars.clv.shifted_beta_geo import ShiftedBetaGeoModel, summary_from_survivors
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
    "alive_paths",
    "discounted_clv",
    "discounted_clv_interval",
    "from_lifetimes",
    "grouped_summary",
    "new_customer_clv",
    "residual_clv",
    "summarise",
    "summary_from_survivors",
    "to_lifetimes",
]
