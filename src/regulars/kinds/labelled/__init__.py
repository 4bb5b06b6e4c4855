"""A table that says itself who has churned: read, learn, score."""
