"""Requests of the small shop, an application in process, and a real server."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

import pytest
import requests
import uvicorn

from regulars.serving.app import create_app

AS_OF = "2024-12-01"


@pytest.fixture(scope="session")
def customers(orders):
    """The first 25 customers with their raw histories, in the words of a request."""
    past = orders[orders["order_time"] < AS_OF]
    past = past.assign(order_time=past["order_time"].dt.strftime("%Y-%m-%dT%H:%M:%S"))
    rows = [
        {
            "customer_id": who,
            "transactions": lines.drop(columns="customer_id").to_dict("records"),
        }
        for who, lines in past.groupby("customer_id")
    ]
    return json.loads(json.dumps(rows[:25]))


@pytest.fixture(scope="session")
def settings(run_shop):
    return run_shop[0].settings("serving.requests_per_second=100000")


class Client(requests.Session):
    """Asks a server on loopback; paths stand for addresses."""

    def __init__(self, port):
        super().__init__()
        self.trust_env = False
        self.address = f"http://127.0.0.1:{port}"

    def request(self, method, path, **more):
        return super().request(method, self.address + path, timeout=60, **more)


@contextlib.contextmanager
def answering(app):
    """Serve an application from a thread of this process."""
    port = free_port()
    config = uvicorn.Config(app, port=port, log_config=None, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        with Client(port) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def serving():
    """A function from an application to a client of it, for a ``with``."""
    return answering


@pytest.fixture(scope="session")
def client(settings):
    """A client of the application without a key."""
    with answering(create_app(settings)) as client:
        yield client


@pytest.fixture(scope="session")
def asked():
    """A function from customers to a request."""

    def ask(customers, form="dataframe_records", **params):
        return {form: customers, "params": {"as_of": AS_OF, **params}}

    return ask


@dataclass(frozen=True)
class Server:
    """A server that the command line started."""

    client: Client
    process: subprocess.Popen
    log: object

    def lines(self):
        """Return what it wrote to its log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def started():
    """A function that starts ``regulars serve``, for a ``with``."""
    return running


@contextlib.contextmanager
def running(config, log, *words):
    """Serve a configuration by the command line, and stop whatever was started."""
    port = free_port()
    code = "from regulars.cli import main; main()"
    command = [sys.executable, "-c", code, "serve", str(config), "--port", str(port)]
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--quiet", *words],
            stderr=file,
            stdout=file,
            env=os.environ | {"PYTHONWARNINGS": "ignore"},
            start_new_session=True,
        )
    server = Server(Client(port), process, log)
    try:
        _wait(server)
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _wait(server):
    for _ in range(600):
        with contextlib.suppress(requests.ConnectionError):
            server.client.get("/ping")
            return
        if server.process.poll() is not None:
            break
        time.sleep(0.1)
    pytest.fail(f"no answer from the server: {server.log.read_text()[-2000:]}")
