"""Reaching a server: starting up, closed, and what is said of it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from regulars.data import postgres
from regulars.data.engine import connect
from regulars.errors import ConfigError
from regulars.tracking import Store

pytestmark = pytest.mark.postgres

SERVER = str(Path(__file__).with_name("refusing_server.py"))


STARTING = ("57P03", "das Datenbanksystem startet")
FULL = ("53300", "sorry, too many clients already")
PLAIN = "sslmode=disable&gssencmode=disable"


@pytest.fixture
def refusing():
    """Servers that refuse so many clients before they pass them on."""
    processes = []

    def start(refusal, n_refused, port=0):
        words = [sys.executable, SERVER, *refusal, str(n_refused), str(port)]
        # beside this process: libpq keeps its lock while it asks
        process = subprocess.Popen(words, stdout=subprocess.PIPE)
        processes.append(process)
        return int(process.stdout.readline())

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("what", ["source", "store"])
def test_server_that_is_starting_is_waited_for(refusing, database, what):
    # each failed attempt asks once more whether it is starting
    port = refusing(STARTING, 4, database.server.port)
    url = database.url.replace(f":{database.server.port}/", f":{port}/")
    url += f"?{PLAIN}"
    if what == "source":
        connect(url).remote.close()
    else:
        assert Store(url, "shop").champion_version() is None


def test_server_that_never_starts_is_given_up(refusing, monkeypatch):
    monkeypatch.setattr(postgres, "STARTING_SECONDS", 1.0)
    url = f"postgres://me@127.0.0.1:{refusing(STARTING, 10**6)}/x?{PLAIN}"
    with pytest.raises(ConfigError, match="das Datenbanksystem startet"):
        connect(url)


def test_other_refusals_are_not_repeated(refusing):
    url = f"postgres://me@127.0.0.1:{refusing(FULL, 10**6)}/x?{PLAIN}"
    begun = time.monotonic()
    with pytest.raises(ConfigError, match="too many clients already"):
        connect(url)
    assert time.monotonic() - begun < 5


def test_closed_store_is_told_at_once(server):
    begun = time.monotonic()
    store = Store("postgresql+psycopg://me:canary@127.0.0.1:1/x", "shop")
    with pytest.raises(
        ConfigError,
        match=r"tracking.uri: cannot connect to '.*127.0.0.1'.*Connection refused",
    ) as caught:
        store.check_writable()
    assert time.monotonic() - begun < 5
    assert "canary" not in str(caught.value)


def test_wrong_password_of_a_store_is_told(database):
    store = Store(database.server.url(database.name, password="canary"), "shop")
    with pytest.raises(ConfigError, match="password authentication failed") as caught:
        store.check_writable()
    assert "canary" not in str(caught.value)
    assert "\n" not in str(caught.value)
