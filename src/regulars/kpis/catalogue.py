"""What each KPI is called, which group it belongs to and what unit it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Group = Literal["retention", "loyalty", "value"]
Unit = Literal["share", "points", "money", "days", "number", "count"]


@dataclass(frozen=True)
class Kpi:
    """One KPI: its name in files, and its words on a page."""

    name: str
    label: str
    group: Group
    unit: Unit
    # whether more of it is good news; None where it depends
    more_is_better: bool | None = True


CATALOGUE: dict[str, Kpi] = {
    kpi.name: kpi
    for kpi in (
        Kpi("customers", "Customers at the end", "retention", "count"),
        Kpi("customers_gained", "Customers gained", "retention", "count"),
        Kpi("customers_lost", "Customers lost", "retention", "count", False),
        Kpi("buyers", "Customers who bought", "retention", "count"),
        Kpi("orders", "Orders", "retention", "count"),
        Kpi("revenue", "Revenue", "retention", "money"),
        Kpi("retention_rate", "Customers kept (CRR)", "retention", "share"),
        Kpi("churn_rate", "Customers lost, share", "retention", "share", False),
        Kpi("repeat_purchase_rate", "Bought more than once", "retention", "share"),
        Kpi("purchase_frequency", "Orders a buyer", "retention", "number"),
        Kpi("aov", "Mean order", "retention", "money"),
        Kpi("revenue_per_buyer", "Revenue a buyer", "retention", "money"),
        Kpi(
            "gross_revenue_retention",
            "Revenue kept of the year before, gross",
            "retention",
            "share",
        ),
        Kpi(
            "net_revenue_retention",
            "Revenue kept of the year before, net",
            "retention",
            "share",
        ),
        Kpi("reactivation_rate", "Lapsed customers won back", "retention", "share"),
        Kpi(
            "second_purchase_rate", "New customers who buy again", "retention", "share"
        ),
        Kpi(
            "second_purchase_days",
            "Median days to the second purchase",
            "retention",
            "days",
            False,
        ),
        Kpi("contract_customers", "Customers with a contract", "retention", "count"),
        Kpi(
            "contract_customers_gained",
            "Customers with a contract, gained",
            "retention",
            "count",
        ),
        Kpi(
            "contract_customers_lost",
            "Customers with a contract, lost",
            "retention",
            "count",
            False,
        ),
        Kpi("contract_retention_rate", "Contracts kept", "retention", "share"),
        Kpi(
            "contract_churn_rate", "Contracts lost, share", "retention", "share", False
        ),
        Kpi("contract_revenue", "Contract revenue a month", "retention", "money"),
        Kpi(
            "gross_contract_revenue_retention",
            "Contract revenue kept, gross",
            "retention",
            "share",
        ),
        Kpi(
            "net_contract_revenue_retention",
            "Contract revenue kept, net",
            "retention",
            "share",
        ),
        Kpi("nps", "Net promoter score", "loyalty", "points"),
        Kpi("promoter_share", "Promoters (9 and 10)", "loyalty", "share"),
        Kpi("detractor_share", "Detractors (0 to 6)", "loyalty", "share", False),
        Kpi("survey_response_rate", "Answered a survey", "loyalty", "share"),
        Kpi(
            "orders_of_answering",
            "Orders of the answering",
            "loyalty",
            "number",
            None,
        ),
        Kpi("orders_of_silent", "Orders of the silent", "loyalty", "number", None),
        Kpi("spend_of_answering", "Spend of the answering", "loyalty", "money", None),
        Kpi("spend_of_silent", "Spend of the silent", "loyalty", "money", None),
        Kpi("referral_rate", "Customers who brought somebody", "loyalty", "share"),
        Kpi("referral_conversion", "Referrals that bought", "loyalty", "share"),
        Kpi("participation_rate", "In the loyalty programme", "loyalty", "share"),
        Kpi("redemption_rate", "Members who redeemed", "loyalty", "share"),
        Kpi("full_price_share", "Orders without a discount", "loyalty", "share"),
        Kpi("tenure_days", "Mean tenure", "loyalty", "days", None),
        Kpi("breadth", "Categories a buyer", "loyalty", "number"),
        Kpi(
            "repurchase_after_bad_experience",
            "Bought again after a bad experience",
            "loyalty",
            "share",
        ),
        Kpi(
            "repurchase_after_price_rise",
            "Bought the product again after a price rise",
            "loyalty",
            "share",
        ),
        Kpi(
            "repurchase_before_price_rise",
            "The same products, before the rise",
            "loyalty",
            "share",
            None,
        ),
        Kpi(
            "price_rise_difference",
            "Difference that the price rise makes",
            "loyalty",
            "share",
        ),
        Kpi("historical_clv", "Margin so far a customer", "value", "money", None),
        Kpi("predicted_clv", "Predicted value a customer", "value", "money"),
        Kpi("top_10_share", "Revenue of the top 10%", "value", "share", None),
        Kpi("top_20_share", "Revenue of the top 20%", "value", "share", None),
        Kpi("gini", "Concentration (Gini)", "value", "number", None),
        Kpi("value_at_risk", "Value at risk", "value", "money", False),
        Kpi("value_at_risk_share", "Value at risk, share", "value", "share", False),
    )
}
"""All KPIs by name, in the order in which they are shown."""
