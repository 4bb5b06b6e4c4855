"""The direction of imports: data flows one way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LINT = Path(sys.executable).with_name("lint-imports")


def lint(settings: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT, "--config", settings, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_layers_hold_in_the_whole_package() -> None:
    done = lint(ROOT / "pyproject.toml")
    assert done.returncode == 0, done.stdout
    assert "2 kept, 0 broken" in done.stdout


def test_contract_fails_when_the_layers_are_turned_over(tmp_path: Path) -> None:
    turned = tmp_path / "turned.toml"
    turned.write_text(
        "[tool.importlinter]\n"
        'root_package = "regulars"\n'
        "[[tool.importlinter.contracts]]\n"
        'name = "turned over"\n'
        'type = "layers"\n'
        'layers = ["regulars.features", "regulars.labels", "regulars.pipeline"]\n',
        encoding="utf-8",
    )
    done = lint(turned)
    assert done.returncode == 1
    assert "turned over BROKEN" in done.stdout
