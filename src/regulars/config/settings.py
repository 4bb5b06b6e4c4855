"""All settings of a run in one object, read once and passed down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from regulars.config.campaign_sections import CampaignSettings, Name, RuleSettings
from regulars.config.kpi_sections import KpiSettings, ProgrammeSettings
from regulars.config.sections import (
    LARGEST_SEED,
    BacktestSettings,
    ChurnSettings,
    CustomersSettings,
    FeatureSettings,
    GateSettings,
    MonitoringSettings,
    ProfitSettings,
    ScoreSettings,
    ServingSettings,
    TimeSettings,
    TrackingSettings,
    ValueSettings,
)
from regulars.config.spark_section import SparkSettings
from regulars.config.tables import Section, SourceSettings


class Settings(Section):
    """All settings of a run; see `load_settings`."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        description="Name of the MLflow experiment and of the registered model.",
    )
    source: SourceSettings = Field(description="Where the data lie.")
    time: TimeSettings = Field(default=TimeSettings(), description="Windows.")
    churn: ChurnSettings = Field(
        default=ChurnSettings(), description="Churn classifier."
    )
    value: ValueSettings = Field(default=ValueSettings(), description="Money.")
    customers: CustomersSettings = Field(
        default=CustomersSettings(), description="Attributes of customers."
    )
    features: FeatureSettings = Field(
        default=FeatureSettings(), description="Features."
    )
    scores: ScoreSettings = Field(
        default=ScoreSettings(), description="The scored table."
    )
    backtest: BacktestSettings = Field(
        default=BacktestSettings(), description="The backtest."
    )
    gate: GateSettings = Field(
        default=GateSettings(), description="Who becomes champion."
    )
    profit: ProfitSettings = Field(
        default=ProfitSettings(), description="Costs of a retention offer."
    )
    monitoring: MonitoringSettings = Field(
        default=MonitoringSettings(), description="What the watch tolerates."
    )
    kpis: KpiSettings = Field(
        default=KpiSettings(), description="How the business's figures are counted."
    )
    programme: ProgrammeSettings = Field(
        default=ProgrammeSettings(), description="Costs of the loyalty programme."
    )
    campaign: CampaignSettings = Field(
        default=CampaignSettings(), description="Offers, budget and control group."
    )
    rules: dict[Name, RuleSettings] = Field(
        default={}, description="Lists of customers for whom a condition holds."
    )
    spark: SparkSettings = Field(
        default=SparkSettings(), description="How a cluster is used."
    )
    tracking: TrackingSettings = Field(
        default=TrackingSettings(), description="MLflow."
    )
    serving: ServingSettings = Field(
        default=ServingSettings(), description="The endpoint, `regulars serve`."
    )
    outputs: str = Field("", description="Folder of the results; empty: out/<name>.")
    seed: int = Field(
        0, ge=0, le=LARGEST_SEED, description="Seed of everything random."
    )

    @model_validator(mode="before")
    @classmethod
    def _default_outputs(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.get("outputs") and "name" in data:
            return {**data, "outputs": f"out/{data['name']}"}
        return data

    @model_validator(mode="before")
    @classmethod
    def _labelled_has_its_own_table(cls, data: Any) -> Any:
        # it stands under churn: no log is needed beside it
        churn = data.get("churn") if isinstance(data, dict) else None
        if isinstance(churn, dict) and churn.get("kind") == "labelled":
            return {**data, "source": data.get("source") or {}}
        return data

    @property
    def outputs_folder(self) -> Path:
        """Folder of the results."""
        return Path(self.outputs)
