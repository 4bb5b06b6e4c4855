"""The kinds of churn: what each reads, learns from and reports."""
