"""The settings of a run: typed, frozen, read once and passed down."""

from regulars.config.campaign_sections import (
    CampaignSettings,
    ChannelSettings,
    ControlSettings,
    ExportSettings,
    OfferCost,
    OfferSettings,
    PressureSettings,
    RuleSettings,
)
from regulars.config.kpi_sections import KpiSettings, LoyaltyWeights, ProgrammeSettings
from regulars.config.reading import load_settings, parse_settings
from regulars.config.sections import (
    BacktestSettings,
    ChurnSettings,
    CustomersSettings,
    FeatureSettings,
    GateSettings,
    MonitoringSettings,
    ProfitSettings,
    ScoreSettings,
    ScoreTableSettings,
    ServingSettings,
    TimeSettings,
    TrackingSettings,
    ValueSettings,
)
from regulars.config.settings import Settings
from regulars.config.spark_section import SparkSettings
from regulars.config.tables import (
    FillDownSettings,
    JoinSettings,
    LabelledSettings,
    SourceSettings,
    SqlExpression,
    TableSettings,
)

__all__ = [
    "BacktestSettings",
    "CampaignSettings",
    "ChannelSettings",
    "ChurnSettings",
    "ControlSettings",
    "CustomersSettings",
    "ExportSettings",
    "FeatureSettings",
    "FillDownSettings",
    "GateSettings",
    "JoinSettings",
    "KpiSettings",
    "LabelledSettings",
    "LoyaltyWeights",
    "MonitoringSettings",
    "OfferCost",
    "OfferSettings",
    "PressureSettings",
    "ProfitSettings",
    "ProgrammeSettings",
    "RuleSettings",
    "ScoreSettings",
    "ScoreTableSettings",
    "ServingSettings",
    "Settings",
    "SourceSettings",
    "SparkSettings",
    "SqlExpression",
    "TableSettings",
    "TimeSettings",
    "TrackingSettings",
    "ValueSettings",
    "load_settings",
    "parse_settings",
]
