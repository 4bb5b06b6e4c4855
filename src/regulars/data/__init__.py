"""Reading, checking and shaping the tables that everything else starts from."""
