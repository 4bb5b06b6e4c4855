"""The server as the command line starts it, on loopback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time

import pytest

from regulars.config import parse_settings
from regulars.errors import ConfigError
from regulars.serving.keys import KeyFile
from regulars.serving.server import check_door, is_loopback
from regulars.tracking import Store
from regulars.tracking.environment import addressed

LEAST = "name: shop\nsource: {transactions: {path: orders.csv}}\n"


@pytest.fixture(scope="module")
def config(run_shop, tmp_path_factory):
    """The shop's configuration and store, which these tests may write to."""
    shop, _ = run_shop
    folder = tmp_path_factory.mktemp("serving")
    shutil.copytree(shop.folder / "store", folder / "store")
    (folder / "out").mkdir()
    shutil.copy(shop.out / "scores.parquet", folder / "out")
    text = shop.config.read_text().replace(shop.folder.as_posix(), folder.as_posix())
    target = folder / "shop.yaml"
    target.write_text(text + "serving: {reload_seconds: 0.2}\n")
    return target


def _second_version(config):
    """Register the model once more, as a version that is not the champion."""
    settings = parse_settings(config.read_text())
    store = Store(settings.tracking.uri, settings.name)
    first = store.client.get_model_version(settings.name, "1")
    with addressed(store.address):
        second = store.client.create_model_version(
            settings.name, first.source, run_id=first.run_id, model_id=first.model_id
        )
    return store, str(second.version)


def test_server_answers_reloads_without_a_lost_request_and_stops_gracefully(
    config, tmp_path, started, customers, asked
):
    store, second = _second_version(config)
    statuses, versions = [], set()
    with started(config, tmp_path / "log") as server:
        stop = threading.Event()

        def keep_asking():
            while not stop.is_set():
                answer = server.client.post("/invocations", json=asked(customers[:1]))
                statuses.append(answer.status_code)
                versions.add(answer.headers["X-Model-Version"])

        asking = threading.Thread(target=keep_asking)
        asking.start()
        try:
            time.sleep(0.5)
            store.client.set_registered_model_alias("shop", "champion", second)
            _until(lambda: str(second) in versions)
            store.client.set_registered_model_alias("shop", "champion", "1")
            os.kill(server.process.pid, signal.SIGHUP)
            _until(lambda: server.client.get("/health").json()["model_version"] == "1")
        finally:
            stop.set()
            asking.join()
        assert set(statuses) == {200}
        assert versions == {"1", str(second)}
        answer = _ask_while_stopping(server, asked(customers))
        assert len(answer.json()["predictions"]) == len(customers)
        assert server.process.wait(timeout=30) in {0, -signal.SIGTERM}
    _check_log(server.lines(), customers)


def _until(is_so):
    end = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def _ask_while_stopping(server, content):
    answers = []
    asking = threading.Thread(
        target=lambda: answers.append(server.client.post("/invocations", json=content))
    )
    asking.start()
    _until(lambda: server.client.get("/health").json()["requests_in_flight"] or answers)
    server.process.send_signal(signal.SIGTERM)
    asking.join()
    return answers[0]


def _check_log(lines, customers):
    events = {line["event"] for line in lines}
    assert {"serving", "request", "reloaded", "stopped"} <= events
    request = next(line for line in lines if line.get("path") == "/invocations")
    assert set(request) == {
        "time",
        "level",
        "event",
        "method",
        "path",
        "status",
        "ms",
        "key",
    }
    text = json.dumps(lines)
    assert not any(customer["customer_id"] in text for customer in customers)


@pytest.mark.slow
def test_workers_share_figures_and_keys_stay_out_of_the_log(
    config, tmp_path, started, customers, asked
):
    place = tmp_path / "keys.json"
    secret = KeyFile(place).add("app")
    words = ("--workers", "2", "--set", f"serving.keys={place}")
    with started(config, tmp_path / "log", *words) as server:
        client, headers = server.client, {"X-API-Key": secret}
        _until(lambda: client.get("/metrics", headers=headers).status_code == 200)
        assert client.post("/invocations", json={}).status_code == 401
        n_asked = 12
        for _ in range(n_asked):
            # a connection each, so that both workers take some
            client.close()
            answer = client.post(
                "/invocations", json=asked(customers[:2]), headers=headers
            )
            assert answer.status_code == 200
        text = client.get("/metrics", headers=headers).text
        assert f"regulars_customers_scored_total {2.0 * n_asked}" in text
        found = client.get("/customers/c001", headers=headers)
        assert found.status_code == 200
    assert secret not in server.log.read_text()
    assert '"key": "app"' in server.log.read_text()
    assert "c001" not in server.log.read_text()


def test_other_machines_are_not_let_in_without_a_key(config, command):
    status, _, err = command("serve", config, "--host", "0.0.0.0")
    assert status == 2
    assert "There is no API key" in err
    assert "regulars keys add CONFIG NAME" in err


def test_model_that_is_not_there_is_refused(config, command):
    status, _, err = command("serve", config, "--version", "99")
    assert status == 2
    assert "Cannot load model models:/shop/99" in err


def test_door_says_who_may_come_in(tmp_path):
    said = []
    keys = KeyFile(tmp_path / "keys.json")
    check_door(keys, "127.0.0.1", said.append)
    assert "this machine only" in said.pop()
    keys.add("app")
    check_door(keys, "0.0.0.0", said.append)
    assert said.pop() == "API keys: app."
    keys.revoke("app")
    check_door(keys, "127.0.0.1", said.append)
    assert "every request will be refused" in said.pop()
    with pytest.raises(ConfigError, match="no API key"):
        check_door(keys, "0.0.0.0", said.append)


@pytest.mark.parametrize(
    ("host", "is_so"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("shop.example", False),
    ],
)
def test_loopback_is_known(host, is_so):
    assert is_loopback(host) == is_so
