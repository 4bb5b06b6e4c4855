"""Small public data sets, and simulated customers."""

from regulars.datasets.company import Company, simulate_company, write_company
from regulars.datasets.company_life import CompanyEffects
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
    "Company",
    "CompanyEffects",
    "PublicDataset",
    "Simulation",
    "SimulationSummary",
    "cdnow_master",
    "cdnow_sample",
    "complete_journey",
    "donations",
    "simulate_company",
    "simulate_customers",
    "write_company",
    "write_simulation",
]
