"""The documents say what is so: every command and every example in them runs.

The README's blocks are run from top to bottom in one empty folder, as a reader would;
its shell commands by the shell, its Python by doctest or as a script. So are the
examples of the pages in ``docs/``. Generated pages are those that the code would write.
"""

from __future__ import annotations

import doctest
import importlib.util
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import warnings
from pathlib import Path

import nbformat
import pytest
import yaml

from regulars.config import parse_settings

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)?(?:#([^)\s]+))?\)")
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS

# Set up or enter an environment, which the one that runs these tests stands for. That
# `make` knows them is tested below; `make test` is what runs this very file. The wheel
# and its demo are tried in an environment of their own by .ci/run.
SET_UP = {"make demo", "make test", ". .venv/bin/activate"}
SET_UP |= {"pip install .", "regulars demo"}
# Runs until it is stopped; see test_mlflow_page_answers_as_the_readme_says.
SERVER = "mlflow ui --backend-store-uri sqlite:///models/mlflow.db"


def blocks(path):
    return BLOCK.findall(path.read_text(encoding="utf-8"))


def pages():
    return [README, ROOT / "models" / "README.md", *sorted(DOCS.rglob("*.md"))]


@pytest.fixture(scope="module")
def path_with_scripts():
    scripts = str(Path(sys.executable).parent)
    return os.pathsep.join([scripts, os.environ["PATH"]])


@pytest.fixture(scope="module")
def reader(tmp_path_factory, path_with_scripts):
    """Return a folder in which a reader has done all that the README says."""
    folder = tmp_path_factory.mktemp("reader")
    environment = os.environ | {"PATH": path_with_scripts, "COLUMNS": "100"}
    names: dict[str, object] = {}
    told = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for language, text in blocks(README):
            if language == "python":
                run_python(text, names, "README.md")
            if language != "sh":
                continue
            for command in text.splitlines():
                if command not in SET_UP | {SERVER}:
                    done = subprocess.run(
                        ["bash", "-euc", command],
                        env=environment,
                        capture_output=True,
                        text=True,
                        check=False,
                        timeout=900,
                    )
                    assert done.returncode == 0, f"{command}\n{done.stderr}"
                    told[command] = done.stdout
    return folder, told


def run_python(text, names, origin):
    """Run a block as doctest where it has prompts, or else as a script."""
    if ">>>" not in text:
        exec(compile(text, origin, "exec"), names)
        return
    examples = doctest.DocTestParser().get_doctest(text, names, origin, origin, 0)
    names.update(examples.globs)
    out: list[str] = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    runner.run(examples, out=out.append, clear_globs=False)
    names.update(examples.globs)
    assert not runner.failures, "".join(out)


def test_every_readme_command_ends_well(reader):
    folder, told = reader
    assert "regulars init orders.csv" in told
    assert told["regulars --version"].startswith("regulars ")
    for name in ("scores.parquet", "scores.csv", "report.html", "training.json"):
        assert (folder / "out" / "orders" / name).stat().st_size > 0


def test_readme_shows_what_check_prints(reader):
    _, told = reader
    (shown,) = (text for language, text in blocks(README) if language == "text")
    printed = [
        line.rstrip() for line in told["regulars check orders.yaml"].splitlines()
    ]
    assert shown.splitlines() == printed


def test_json_is_the_last_line_of_score(reader):
    _, told = reader
    command = next(c for c in told if c.startswith("regulars score"))
    assert json.loads(told[command].splitlines()[-1])["n_customers"] == 1000


def test_readme_tables_name_every_command_and_score_column():
    from typer.main import get_command

    from regulars.cli import app
    from regulars.scoring.batch import COLUMNS

    text = README.read_text(encoding="utf-8")
    commands = set(get_command(app).commands)
    assert set(re.findall(r"^\| `regulars (\w+)", text, re.MULTILINE)) == commands
    for page in (README, DOCS / "scores.md"):
        named = re.findall(r"^\| (`[^|]+`) \|", page.read_text("utf-8"), re.MULTILINE)
        assert set(COLUMNS) <= set(re.findall(r"`(\w+)`", " ".join(named)))


@pytest.mark.parametrize("target", ["demo", "test", "setup", "lint", "bench", "docs"])
def test_make_knows_the_readme_s_targets(target):
    done = subprocess.run(
        ["make", "-n", target, "PYTHON=" + sys.executable],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    if target == "demo":
        assert "regulars demo" in done.stdout


def test_setup_tells_in_a_sentence_that_python_is_missing(tmp_path):
    done = subprocess.run(
        ["make", "setup", "PYTHON=", "STAMP=" + str(tmp_path / "none"), "VENV=none"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "regulars needs Python 3.11 or newer" in done.stderr


def test_mlflow_page_answers_as_the_readme_says(reader, path_with_scripts):
    folder, _ = reader
    (command,) = (
        line
        for language, text in blocks(README)
        for line in text.splitlines()
        if language == "sh" and line.startswith("mlflow ui")
    )
    assert command == SERVER
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "server.log"
    with log.open("wb") as told:
        server = subprocess.Popen(
            [*shlex.split(command), "--port", str(port), "--workers", "1"],
            cwd=folder,
            env=os.environ | {"PATH": path_with_scripts},
            stdout=told,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        assert answer(f"http://127.0.0.1:{port}/health", server) == "OK", (
            log.read_text()
        )
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)


def answer(address, server, seconds=120):
    until = time.monotonic() + seconds
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5) as page:
                return page.read().decode()
        except OSError:
            time.sleep(0.5)
    return None


@pytest.mark.parametrize(
    "page",
    [
        # its three trainings take more than a minute
        pytest.param(p, marks=[pytest.mark.slow] * (p.name == "kinds-of-churn.md"))
        for p in pages()
        if p != README
    ],
    ids=lambda p: p.name,
)
def test_examples_of_a_page_run(page, tmp_path, monkeypatch, path_with_scripts):
    names: dict[str, object] = {}
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PATH", path_with_scripts)
    for language, text in blocks(page):
        # a block that begins with "# file: NAME" is that file
        if name := re.match(r"# file: (\S+)\n", text):
            (tmp_path / name[1]).write_text(text, encoding="utf-8")
        elif language == "python":
            run_python(text, names, page.name)
        elif language == "sh":
            subprocess.run(["bash", "-euc", text], check=True, timeout=900)
        elif language == "yaml":
            more = yaml.safe_load(text)
            in_database = "table" in more.get("source", {}).get("transactions", {})
            place = {} if in_database else {"path": "a.csv"}
            parse_settings(
                merged({"name": "x", "source": {"transactions": place}}, more)
            )
        else:
            # a picture is drawn by docs/build.py, and held to it by a test;
            # SQL is run by tests/postgres
            assert language in {"text", "mermaid", "sql"}, (
                f"a block of {language} in {page.name} is not run"
            )


def merged(base, more):
    """Return a configuration with a part of one laid over it, as YAML."""

    def lay(below, above):
        if not (isinstance(below, dict) and isinstance(above, dict)):
            return above
        both = {key: lay(below.get(key), value) for key, value in above.items()}
        return below | both

    return yaml.safe_dump(lay(base, more))


@pytest.mark.parametrize("page", pages(), ids=lambda p: p.name)
def test_links_of_a_page_lead_somewhere(page):
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        assert ":" not in target, f"{target} leads out of the project"
        found = (page.parent / target).resolve() if target else page
        assert found.exists(), f"{page.name} links to {target}"
        if anchor:
            heads = re.findall(r"^#+ (.+)$", found.read_text("utf-8"), re.MULTILINE)
            slugs = [
                re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in heads
            ]
            assert anchor in slugs, f"{page.name} links to {target}#{anchor}"


def build():
    spec = importlib.util.spec_from_file_location("docs_build", DOCS / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name", ["architecture.md", "configuration.md", "features.md", "tables.md"]
)
def test_generated_page_is_what_the_code_would_write(name):
    page = DOCS / name
    assert page.read_text("utf-8") == build().pages()[page], "run: make docs"


def test_readme_holds_figures_of_the_model_and_its_rivals():
    from regulars.models.churn.baselines import labels

    module = build()
    text = README.read_text(encoding="utf-8")
    table = text.partition(module.BEGIN)[2].partition(module.END)[0]
    for label in ("**regulars**", *labels().values()):
        assert f"| {label} | 0." in table
    assert module.with_figures(text, table.strip("\n")) == text


def test_every_reason_for_a_bad_row_is_explained():
    from regulars.data import quality

    text = (DOCS / "bad-data.md").read_text(encoding="utf-8")
    for reason in quality._LABELS:
        assert f"`{reason}`" in text
    for ending in quality._ENDINGS:
        assert f"{ending}`" in text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_is_stored_without_outputs(path):
    cells = nbformat.read(path, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert code
    assert all(not cell.outputs and cell.execution_count is None for cell in code)


@pytest.mark.slow
def test_first_look_runs_from_top_to_bottom(tmp_path, monkeypatch):
    with warnings.catch_warnings():  # of the Jupyter stack, not ours
        warnings.simplefilter("ignore")
        from nbclient import NotebookClient

        monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
        # the package under test, wherever this checkout lies
        paths = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
        notebook = nbformat.read(ROOT / "notebooks/01-first-look.ipynb", as_version=4)
        client = NotebookClient(
            notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}
        )
        done = client.execute()
    assert all(cell.execution_count for cell in done.cells if cell.cell_type == "code")
    assert (tmp_path / "out" / "first-look" / "scores.parquet").is_file()
