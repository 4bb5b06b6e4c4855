"""Models of the purchase process: who still buys, how often, worth how much."""

from regulars.clv.beta_geo import BetaGeoModel
from regulars.clv.modified_beta_geo import ModifiedBetaGeoModel

__all__ = ["BetaGeoModel", "ModifiedBetaGeoModel"]
