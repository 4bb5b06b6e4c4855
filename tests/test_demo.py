"""The demo names its page, and opens it only when it is asked to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def demo(monkeypatch, tmp_path, command):
    """The demo with its main job replaced by a result."""
    opened = []
    monkeypatch.chdir(tmp_path)
    page = "out/Kunden #1 100%/report.html"
    result = {
        "model_uri": "models:/demo/1",
        "run_id": "abc",
        "process_only": False,
        "value_test": None,
        "baselines": {},
        "outputs": "out",
        "test": None,
        "notes": [],
        "is_champion": True,
        "champion_reason": "first",
        "model_version": "1",
        "scores": "out/scores.parquet",
        "report": page,
    }
    monkeypatch.setattr("regulars.pipeline.run", lambda settings, step: result)
    monkeypatch.setattr(
        "webbrowser.open", lambda address: opened.append(address) or True
    )
    monkeypatch.setattr(
        "builtins.input", lambda *_: pytest.fail("the demo asks a question")
    )

    def call(*words, screen=":0"):
        monkeypatch.setenv("DISPLAY", screen)
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        monkeypatch.setattr("sys.platform", "linux")
        return *command("demo", *words), opened

    address = f"{tmp_path.resolve().as_uri()}/out/Kunden%20%231%20100%25/report.html"
    return call, page, address


def test_demo_names_its_page_and_opens_nothing(demo):
    call, page, address = demo
    status, out, err, opened = call()
    assert (status, err, opened) == (0, "", [])
    assert f"Report: {page}\n" in out
    assert f"In a browser: {address}\n" in out
    assert call("--quiet")[:3] == (0, "", "")
    last = json.loads(call("--json")[1].splitlines()[-1])
    assert (last["report"], last["report_address"]) == (page, address)


@pytest.mark.parametrize(("screen", "n_opened"), [(":0", 1), ("", 0)])
def test_demo_opens_its_page_where_there_is_a_screen(demo, screen, n_opened):
    call, _, address = demo
    status, _, err, opened = call("--open", screen=screen)
    assert (status, opened) == (0, [address] * n_opened)
    assert ("no browser could be opened" in err) == (n_opened == 0)


@pytest.mark.parametrize("blocked", ["out", "models"])
def test_demo_where_nothing_can_be_written_is_refused(
    blocked, tmp_path, monkeypatch, command
):
    monkeypatch.chdir(tmp_path)
    # a file in the place of a folder stops root too, whom no permission stops
    Path(blocked).write_text("")
    status, _, err = command("demo")
    assert status == 2
    assert "Cannot" in err
    assert f"{blocked}" in err
    assert "Traceback" not in err
