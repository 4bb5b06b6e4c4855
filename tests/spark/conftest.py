from __future__ import annotations

import os
import shutil
from importlib import util

import pytest

LACKING = [
    name
    for name, found in {
        "Java": shutil.which("java") or os.environ.get("JAVA_HOME"),
        "pyspark": util.find_spec("pyspark"),
    }.items()
    if not found
]


def pytest_collection_modifyitems(items):
    for item in items:
        if "spark" in item.keywords and LACKING and os.environ.get("CI") != "true":
            why = f"{' and '.join(LACKING)} not installed"
            item.add_marker(pytest.mark.skip(reason=why))
