"""What a run writes into its outputs folder, as types: read, checked and written."""

from __future__ import annotations

from regulars.results.backtest import BacktestResult
from regulars.results.campaign_manifest import CampaignManifest
from regulars.results.check import CheckResult
from regulars.results.files import as_result, read_result, write_result
from regulars.results.kpis import KpiResult
from regulars.results.lists import ListsResult
from regulars.results.monitoring import MonitoringResult
from regulars.results.readout import ReadoutResult
from regulars.results.target import TargetResult
from regulars.results.training import RunSummary, TrainingResult, TrainingSummary

__all__ = [
    "BacktestResult",
    "CampaignManifest",
    "CheckResult",
    "KpiResult",
    "ListsResult",
    "MonitoringResult",
    "ReadoutResult",
    "RunSummary",
    "TargetResult",
    "TrainingResult",
    "TrainingSummary",
    "as_result",
    "read_result",
    "write_result",
]
