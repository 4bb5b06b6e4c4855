from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def monitor(command, watched_shop, tmp_path):
    def call(*more):
        out = f"outputs={tmp_path}/out"
        return command("monitor", watched_shop.config, "--set", out, *more)

    return call


def test_quiet_month_ends_with_status_0(monitor):
    status, told, _ = monitor("--set", "time.cutoff=2024-12-20")
    assert status == 0
    assert "Version 1 as of 2024-12-20: no alarms of" in told


def test_crossed_threshold_ends_with_status_3_and_a_sentence(monitor):
    status, told, _ = monitor(
        "--set", "time.cutoff=2024-12-20", "--today", "2025-02-01", "--json"
    )
    assert status == 3
    assert "Alarm (arrival): The log ends on 2024-12-" in told
    result = json.loads(told.splitlines()[-1])
    assert [each["name"] for each in result["alarms"]] == ["days late"]


def test_shop_without_a_champion_is_told_to_train(monitor, tmp_path):
    store = f"tracking.uri=sqlite:///{tmp_path}/other.db"
    status, _, told = monitor("--set", "time.cutoff=2024-12-20", "--set", store)
    assert status == 2
    assert "Train one first" in told
