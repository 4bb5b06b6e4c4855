"""Questions that an analyst would ask of the tables before anything is trained."""
