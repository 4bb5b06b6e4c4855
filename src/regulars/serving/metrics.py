"""What Prometheus reads at ``/metrics``: of all workers together."""

from __future__ import annotations

import os

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.responses import Response

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """The figures of one worker; where there are several they share a folder."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "regulars_requests",
            "Requests answered.",
            ("path", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "regulars_request_seconds",
            "Time from a request's first byte to its answer.",
            ("path",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._customers = Counter(
            "regulars_customers_scored",
            "Customers scored.",
            registry=self._registry,
        )
        self.in_flight = Gauge(
            "regulars_requests_in_flight",
            "Requests in hand.",
            multiprocess_mode="livesum",
            registry=self._registry,
        )
        self._version = Gauge(
            "regulars_model_version",
            "1 for the version that answers.",
            ("model", "version"),
            multiprocess_mode="livemax",
            registry=self._registry,
        )
        self._reloads = Counter(
            "regulars_reloads",
            "Looks for a new champion, by what came of them.",
            ("outcome",),
            registry=self._registry,
        )

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def scored(self, n_customers: int) -> None:
        """Count customers."""
        self._customers.inc(n_customers)

    def serves(self, name: str, version: str, before: str | None) -> None:
        """Note which version answers from now on."""
        if before is not None:
            self._version.labels(name, before).set(0)
        self._version.labels(name, version).set(1)

    def reloaded(self, outcome: str) -> None:
        """Count a reload, or one that failed."""
        self._reloads.labels(outcome).inc()

    def page(self) -> Response:
        """Return the figures in Prometheus's text form."""
        registry = self._registry
        if os.environ.get(FOLDER):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Response(
            generate_latest(registry), headers={"content-type": CONTENT_TYPE_LATEST}
        )
