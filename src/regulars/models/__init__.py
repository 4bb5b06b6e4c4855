"""Models of churn, spend and segments, and the one that holds them together."""
