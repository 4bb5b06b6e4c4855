"""Ask about a log, and check what is asked."""

from __future__ import annotations

import pytest
from tests.findings.shops import shop

from regulars.config import parse_settings
from regulars.data.engine import connect
from regulars.data.intake import read_tables
from regulars.findings.rules import find_findings

CONFIG = """\
name: shop
source: {transactions: {path: "PATH"}}
"""


@pytest.fixture(scope="package")
def healthy():
    """A healthy log of whole months, with order numbers and times of day."""
    return shop()


@pytest.fixture
def ask(tmp_path):
    """A function from logs (files of one folder) to the findings by key."""

    def call(*logs, overrides=()):
        folder = tmp_path / "log"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for number, log in enumerate(logs):
            log.to_csv(folder / f"part{number}.csv", index=False)
        path = folder if len(logs) > 1 else folder / "part0.csv"
        text = CONFIG.replace("PATH", path.as_posix())
        settings = parse_settings(text, overrides)
        found = find_findings(read_tables(settings, connect()), settings)
        return {each.key: each for each in found}

    return call


@pytest.fixture
def assert_asked(ask, healthy):
    """Check that a spoilt log is asked about once, and that the setting answers it."""

    def check(spoil, key, figures, together=frozenset()):
        log = spoil(healthy)
        findings = ask(log)
        assert key in findings
        finding = findings[key]
        summary = finding.summary()
        assert summary["severity"] in {"ask", "warning"}
        assert summary["seen"].endswith(".")
        assert summary["advice"].endswith(".")
        assert figures.items() <= summary["figures"].items()
        assert {*findings} <= {key, *together}
        if finding.setting is not None:
            assert f"{finding.setting.key.rpartition('.')[2]}: " in finding.advice
            assert key not in ask(log, overrides=[finding.setting.override])

    return check
