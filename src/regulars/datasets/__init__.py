"""Small public data sets, and simulated customers."""

from regulars.datasets.public import (
    PublicDataset,
    cdnow_master,
    cdnow_sample,
    complete_journey,
    donations,
)
from regulars.datasets.simulate import (
    Simulation,
    SimulationSummary,
    simulate_customers,
    write_simulation,
)

__all__ = [
    "PublicDataset",
    "Simulation",
    "SimulationSummary",
    "cdnow_master",
    "cdnow_sample",
    "complete_journey",
    "donations",
    "simulate_customers",
    "write_simulation",
]
