"""What every request passes on its way in and out: key, rate, figures, log."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from regulars.errors import ConfigError
from regulars.serving.faults import ServingError, fault_of
from regulars.serving.logs import log, log_failure

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from regulars.serving.keys import Doorkeeper
    from regulars.serving.limits import RateLimit
    from regulars.serving.metrics import Metrics

# what a load balancer asks: they say nothing of customers
OPEN = frozenset({"/ping", "/health", "/version"})
PATHS = OPEN | {"/invocations", "/openapi.json", "/metrics"}
_LIMITED = ("/invocations", "/customers/")


class Front:
    """The application behind its door."""

    def __init__(
        self, app: ASGIApp, doorkeeper: Doorkeeper, rate: RateLimit, metrics: Metrics
    ) -> None:
        self._app = app
        self._doorkeeper = doorkeeper
        self._rate = rate
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, whatever happens."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), 0
        key: str | None = None

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            key = self._admit(scope)
            await self._app(scope, receive, watch)
        except Exception as error:
            fault = fault_of(error)
            if fault.status == 500:
                log_failure("request failed", error)
            if not status:
                await fault.answer()(scope, receive, watch)
        finally:
            seconds, path = time.perf_counter() - start, _shape(scope["path"])
            self._metrics.answered(path, status, seconds)
            log(
                "request",
                method=scope["method"],
                path=path,
                status=status,
                ms=round(seconds * 1e3, 2),
                key=key,
            )

    def _admit(self, scope: Scope) -> str | None:
        """Return the name of the key of a request, or refuse it."""
        path = scope["path"]
        if path in OPEN:
            return None
        headers = Headers(scope=scope)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else None
        key = self._owner(headers.get("x-api-key") or bearer)
        if key is None:
            msg = (
                "This needs an API key: send it as 'Authorization: Bearer KEY' or "
                "'X-API-Key: KEY'."
            )
            raise ServingError(401, "no_valid_key", msg)
        if path.startswith(_LIMITED):
            self._rate.take(key)
        return key

    def _owner(self, secret: str | None) -> str | None:
        try:
            return self._doorkeeper.admit(secret)
        except ConfigError as error:
            # where keys are kept is not for those who ask
            log("keys_not_read", level=logging.ERROR, reason=str(error))
            msg = "The keys cannot be read at the moment. Ask again in a minute."
            raise ServingError(503, "keys_not_read", msg, retry_after=60) from error


def answer_fault(request: Request, error: Exception) -> Response:
    """Answer an error of a route, or of the router: no such path, no such method."""
    if not isinstance(error, HTTPException):
        return fault_of(error).answer()
    path, method = _shape(request.url.path), request.method
    words = {
        404: ("no_such_path", "There is nothing at this path; see /openapi.json."),
        405: ("no_such_method", f"{path} does not take {method}; see /openapi.json."),
    }
    code, message = words.get(error.status_code, ("refused", str(error.detail)))
    answer = ServingError(error.status_code, code, message).answer()
    answer.headers.update(error.headers or {})
    return answer


def _shape(path: str) -> str:
    """Return a path without the customer's id, which belongs in no log."""
    if path.startswith("/customers/"):
        return "/customers/{customer_id}"
    return path if path in PATHS else "other"
