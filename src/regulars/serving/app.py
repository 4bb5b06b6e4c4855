"""The application: MLflow's scoring protocol and what an operator needs around it.

Scoring runs in threads, so that ``/ping`` answers while it works.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from regulars.errors import RegularsError
from regulars.scoring.sinks.tables import kept_scores
from regulars.serving.answers import written
from regulars.serving.faults import ServingError
from regulars.serving.front import Front, answer_fault
from regulars.serving.gathering import Desk
from regulars.serving.keys import Doorkeeper, KeyFile
from regulars.serving.limits import Places, RateLimit
from regulars.serving.logs import log, log_failure
from regulars.serving.lookup import customer_page
from regulars.serving.metrics import Metrics
from regulars.serving.model import ModelHolder
from regulars.serving.openapi import describe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from concurrent.futures import Future

    from starlette.requests import Request

    from regulars.config import Settings

JSON = "application/json"
T = TypeVar("T")


class Endpoint:
    """What the routes of one worker share."""

    def __init__(
        self, settings: Settings, version: str | None = None, workers: int = 1
    ) -> None:
        self.limits = settings.serving
        self.holder = ModelHolder(settings, version)
        self.metrics = Metrics()
        self.doorkeeper = Doorkeeper(KeyFile.of(settings))
        self.rate = RateLimit(self.limits.requests_per_second / workers)
        self.places = Places(self.limits.concurrent_requests)
        self.scores = kept_scores(settings)
        self._desk = Desk(self.limits)
        self._lookups = ThreadPoolExecutor(2, "lookup")
        self._asked_to_reload = asyncio.Event()
        self.metrics.serves(self.holder.name, self.holder.model.version, None)

    async def ping(self, request: Request) -> Response:
        """Answer that the server is there and has a model."""
        return Response("\n", media_type=JSON)

    async def version(self, request: Request) -> Response:
        """Answer MLflow's version, as MLflow's own server does."""
        from mlflow.version import VERSION

        return Response(VERSION, media_type=JSON)

    async def health(self, request: Request) -> Response:
        """Answer which model serves."""
        model = self.holder.model
        return JSONResponse(
            {
                "status": "ok",
                "model": self.holder.name,
                "model_version": model.version,
                "run_id": model.run_id,
                "requests_in_flight": self.places.taken,
            }
        )

    async def openapi(self, request: Request) -> Response:
        """Answer the description of requests and answers."""
        return JSONResponse(describe(self.holder.model, self.limits))

    async def figures(self, request: Request) -> Response:
        """Answer Prometheus."""
        return self.metrics.page()

    async def invocations(self, request: Request) -> Response:
        """Answer the scores of a request."""
        _check_type(request.headers.get("content-type", JSON))
        body: bytes = await self._within(
            _body(request, self.limits.body_bytes), _too_long
        )
        model = self.holder.model
        answer = await self._done(lambda: self._desk.ask(model, body))
        self.metrics.scored(answer.n_customers)
        return Response(
            answer.body,
            media_type=JSON,
            headers={"X-Model-Version": model.version},
        )

    async def customer(self, request: Request) -> Response:
        """Answer what the batch kept of a customer."""
        who = request.path_params["customer_id"]
        page = await self._done(
            lambda: self._lookups.submit(customer_page, self.scores, who)
        )
        return Response(written(page), media_type=JSON)

    async def _done(self, begin: Callable[[], Future[T]]) -> T:
        """Wait for work beside the loop; its place is free when it is done."""
        self.places.enter()
        self.metrics.in_flight.inc()
        loop, work = asyncio.get_running_loop(), begin()
        work.add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave))
        result: T = await self._within(asyncio.wrap_future(work), _too_slow)
        return result

    def _leave(self) -> None:
        self.places.leave()
        self.metrics.in_flight.dec()

    async def _within(self, work: Any, fault: Callable[[float], ServingError]) -> T:
        most = self.limits.request_seconds
        try:
            result: T = await asyncio.wait_for(work, most)
        except TimeoutError as error:
            raise fault(most) from error
        return result

    @asynccontextmanager
    async def life(self, app: Starlette) -> AsyncIterator[None]:
        """Look for new champions as long as the server runs."""
        loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            with suppress(NotImplementedError, AttributeError):  # Windows
                loop.add_signal_handler(signal.SIGHUP, self._asked_to_reload.set)
        looking = asyncio.create_task(self._look_for_champions())
        log("serving", model=self.holder.name, version=self.holder.model.version)
        try:
            yield
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking
            self._desk.close()
            self._lookups.shutdown()
            log("stopped")

    async def _look_for_champions(self) -> None:
        while True:
            with suppress(TimeoutError):
                every = self.limits.reload_seconds or None
                await asyncio.wait_for(self._asked_to_reload.wait(), every)
            self._asked_to_reload.clear()
            try:
                done = await asyncio.to_thread(self.holder.reload)
            except Exception as error:  # the old model goes on
                self.metrics.reloaded("failed")
                log_failure("reload failed", error)
                continue
            if done is not None:
                before, after = done
                self.metrics.serves(self.holder.name, after, before)
                self.metrics.reloaded("done")
                log("reloaded", before=before, after=after)


async def _body(request: Request, most: int) -> bytes:
    """Read a body as far as it may go."""
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > most:
        raise _too_large(most)
    parts, n_bytes = [], 0
    async for part in request.stream():
        parts.append(part)
        n_bytes += len(part)
        if n_bytes > most:
            raise _too_large(most)
    return b"".join(parts)


def _too_large(most: int) -> ServingError:
    msg = (
        f"The body is larger than {most:,} bytes; send fewer customers at once "
        "(serving.body_bytes)."
    )
    return ServingError(413, "body_too_large", msg)


def _too_long(seconds: float) -> ServingError:
    msg = f"The body did not arrive within {seconds:g} s; send it again."
    return ServingError(503, "body_too_slow", msg, retry_after=1)


def _too_slow(seconds: float) -> ServingError:
    msg = (
        f"The answer took more than {seconds:g} s (serving.request_seconds); send "
        "fewer customers at once, or ask for no reasons."
    )
    return ServingError(503, "too_slow", msg, retry_after=1)


def _check_type(content_type: str) -> None:
    kind, *parameters = (part.strip().lower() for part in content_type.split(";"))
    named = dict(part.partition("=")[::2] for part in parameters if part)
    charset = named.pop("charset", "utf-8").strip('"')
    if kind != JSON or named or charset != "utf-8":
        msg = f"Content-Type is '{content_type[:80]}'; send '{JSON}' in UTF-8."
        raise ServingError(415, "not_json", msg)


def create_app(
    settings: Settings, version: str | None = None, workers: int = 1
) -> Front:
    """Return the application of one worker."""
    endpoint = Endpoint(settings, version, workers)
    app = Starlette(
        routes=[
            Route("/ping", endpoint.ping),
            Route("/health", endpoint.health),
            Route("/version", endpoint.version),
            Route("/invocations", endpoint.invocations, methods=["POST"]),
            Route("/customers/{customer_id}", endpoint.customer),
            Route("/openapi.json", endpoint.openapi),
            Route("/metrics", endpoint.figures),
        ],
        exception_handlers={
            HTTPException: answer_fault,
            RegularsError: answer_fault,
            Exception: answer_fault,
        },
        lifespan=endpoint.life,
    )
    return Front(app, endpoint.doorkeeper, endpoint.rate, endpoint.metrics)
