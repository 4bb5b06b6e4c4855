"""From rows with outcomes to a tested, gated, registered model."""
