"""Keep your regular customers: churn, value, reasons and offers from purchases."""

__version__ = "0.1.0"
