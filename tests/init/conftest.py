"""Files that are written, and what `regulars init` proposes for them."""

from __future__ import annotations

import pytest
from tests.init import exports

from regulars.config import parse_settings
from regulars.init.proposal import propose


@pytest.fixture
def init(tmp_path):
    """Write frames to files; return what is proposed for them, and its settings."""

    def of(label=None, encoding="utf-8", sep=",", **frames):
        paths = []
        for name, frame in frames.items():
            path = tmp_path / f"{name}.csv"
            frame.to_csv(path, index=False, encoding=encoding, sep=sep)
            paths.append(str(path))
        proposal = propose(paths, label)
        return proposal.text, parse_settings(proposal.text)

    return of


@pytest.fixture(scope="package")
def olist():
    return exports.olist()
