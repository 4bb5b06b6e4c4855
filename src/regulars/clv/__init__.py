"""Models of the purchase process: who still buys, how often, worth how much."""
