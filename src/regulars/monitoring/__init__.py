"""The watch over a model that serves: data, drift and outcomes."""
