"""Scores for every customer: batch, files, the model endpoint, reasons in words."""
