"""How many requests a key may make, and how many are in hand at once."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from regulars.serving.faults import ServingError

if TYPE_CHECKING:
    from collections.abc import Callable


class RateLimit:
    """A token bucket a key: so many requests a second, and so many at once."""

    def __init__(
        self, per_second: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = per_second
        self._size = max(per_second, 1.0)
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, key: str) -> None:
        """Take a token of a key, or refuse the request and say when to come again."""
        now = self._clock()
        tokens, since = self._buckets.get(key, (self._size, now))
        tokens = min(self._size, tokens + (now - since) * self._rate)
        if tokens < 1:
            self._buckets[key] = (tokens, now)
            wait = math.ceil((1 - tokens) / self._rate)
            msg = (
                f"This key has made its {self._rate:g} requests a second. Send the "
                f"request again in {wait} s; several customers fit into one request."
            )
            raise ServingError(429, "too_many_requests", msg, retry_after=wait)
        self._buckets[key] = (tokens - 1, now)


class Places:
    """So many requests in hand at once; it belongs to one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.taken = 0

    def enter(self) -> None:
        """Take a place, or refuse the request."""
        if self.taken >= self._most:
            msg = (
                f"The server has {self._most} requests in hand. Send the request again "
                "in 1 s."
            )
            raise ServingError(503, "busy", msg, retry_after=1)
        self.taken += 1

    def leave(self) -> None:
        """Give a place back."""
        self.taken -= 1
