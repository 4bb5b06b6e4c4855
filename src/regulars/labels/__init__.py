"""What happened in the horizon."""
