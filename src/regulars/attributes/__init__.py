"""Churn from a row of attributes: what tables with a label and contracts share."""
