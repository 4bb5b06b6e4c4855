"""Small public data sets, and simulated customers."""
