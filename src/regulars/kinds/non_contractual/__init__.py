"""Purchases: churn is silence."""
