from __future__ import annotations

from hypothesis import settings

# a busy machine is no failing test
settings.register_profile("regulars", deadline=None)
settings.load_profile("regulars")
