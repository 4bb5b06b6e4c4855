"""Start the endpoint: one process, or several workers below one."""

from __future__ import annotations

import ipaddress
import json
import os
import tempfile
from typing import TYPE_CHECKING, Any

import uvicorn

from regulars.config import Settings
from regulars.errors import ConfigError
from regulars.serving.keys import KeyFile
from regulars.serving.logs import write_json_lines
from regulars.serving.metrics import FOLDER
from regulars.tracking import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from regulars.serving.front import Front

# how a worker, which is a process of its own, is told what to serve
_TOLD = "REGULARS_SERVING"


def serve(
    settings: Settings,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    workers: int = 1,
    version: str | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> None:
    """Serve scores until the process is asked to stop.

    Parameters
    ----------
    settings : Settings
        The configuration: which store, and the limits.
    host : str, default='127.0.0.1'
        Address to listen at; one that other machines reach needs a key.
    port : int, default=8000
        Port.
    workers : int, default=1
        Processes.
    version : str, optional
        Version to serve for good; default: the champion, whoever that is.
    tell : callable, optional
        Called with sentences for who started it.

    Raises
    ------
    ConfigError
        Other machines could reach the server, and there is no key.
    DataError
        There is no such model.
    """
    check_door(KeyFile.of(settings), host, tell)
    Store(settings.tracking.uri, settings.name).fetch(version)
    if workers == 1:
        write_json_lines()
        from regulars.serving.app import create_app

        uvicorn.run(create_app(settings, version), **_options(host, port, settings))
        return
    with tempfile.TemporaryDirectory(prefix="regulars-metrics-") as folder:
        os.environ[FOLDER] = folder
        os.environ[_TOLD] = json.dumps(
            {
                "settings": settings.model_dump(mode="json"),
                "version": version,
                "workers": workers,
            }
        )
        uvicorn.run(
            "regulars.serving.server:worker_app",
            factory=True,
            workers=workers,
            **_options(host, port, settings),
        )


def check_door(keys: KeyFile, host: str, tell: Callable[[str], None]) -> None:
    """Refuse to listen to other machines without a key; say so on this one."""
    names = keys.names()
    if names:
        tell(f"API keys: {', '.join(names)}.")
    elif not is_loopback(host):
        msg = (
            f"There is no API key, and --host {host} can be reached from other "
            "machines. Make one first: regulars keys add CONFIG NAME; or leave --host "
            "out to serve this machine only."
        )
        raise ConfigError(msg)
    elif keys.exists:
        tell(f"'{keys.path}' holds no key: every request will be refused (401).")
    else:
        tell("No API key: serving this machine only, to everybody on it.")


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def worker_app() -> Front:
    """Return the application of a worker; uvicorn calls this in each of them."""
    from regulars.serving.app import create_app

    write_json_lines()
    told = json.loads(os.environ[_TOLD])
    settings = Settings.model_validate(told["settings"])
    return create_app(settings, told["version"], told["workers"])


def _options(host: str, port: int, settings: Settings) -> dict[str, Any]:
    return {
        "host": host,
        "port": port,
        "log_config": None,
        # each request has its own line already, without its path
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": int(settings.serving.request_seconds) + 5,
    }
