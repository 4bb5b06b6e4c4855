"""What the endpoint answers when it does not answer scores: JSON, never a traceback."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from regulars.errors import RegularsError, RequestError
from regulars.serving.answers import written


class ServingError(RegularsError):
    """A request that is refused with a status of its own."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        customer: str | int | None = None,
        field: str | None = None,
        *,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.customer = customer
        self.field = field
        self.retry_after = retry_after

    def answer(self) -> Response:
        """Return the answer of this fault."""
        error: dict[str, Any] = {
            "code": self.code,
            "message": str(self),
            "customer": self.customer,
            "field": self.field,
        }
        headers = {}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return Response(
            written({"error": error}), self.status, headers, "application/json"
        )


def fault_of(error: Exception) -> ServingError:
    """Return the fault of any error; of one that nobody foresaw only that it was."""
    if isinstance(error, ServingError):
        return error
    if isinstance(error, RequestError):
        return ServingError(422, error.code, str(error), error.customer, error.field)
    if isinstance(error, RegularsError):
        return ServingError(422, "cannot_be_scored", str(error))
    msg = "The server failed on this request. Ask those who run it: its log says why."
    return ServingError(500, "server_error", msg)
