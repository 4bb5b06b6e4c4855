"""Scores behind an endpoint: in process, and served beside a bare server.

Trains a model on a simulated shop, then asks it for one customer of thirty lines and
for a thousand. In process: milliseconds of processor time, with reasons and without.
Served: `mlflow models serve` of that model, of a LightGBM of forty columns and of a
model that only answers, each on loopback and asked by turns; medians of wall clock,
and their ratios. Servers are stopped at the end, whatever happens.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import lightgbm
import mlflow
import numpy as np
import pandas as pd

from regulars.datasets.simulate import write_simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME, AS_OF = "shop", "2025-12-01"
CONFIG = """\
name: shop
source: {{transactions: {{path: "{folder}/shop/orders/*.parquet"}}}}
time: {{horizon_days: 60, cutoff: {as_of}}}
churn: {{tuning_trials: {trials}}}
tracking: {{uri: "sqlite:///{folder}/store/mlflow.db"}}
outputs: "{folder}/out"
"""
LINES, COLUMNS, MANY = 30, 40, 1_000
# a bare model answers with as many columns as asked; an echo with the names alone
BARE = """\
import lightgbm, mlflow, pandas as pd
class Bare(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        self.trees = lightgbm.Booster(model_file=context.artifacts["trees"])
    def predict(self, context, model_input, params=None):
        return pd.DataFrame({"churn": self.trees.predict(model_input, num_threads=1)})
mlflow.models.set_model(Bare())
"""
ECHO = """\
import mlflow, pandas as pd
class Echo(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return pd.DataFrame({"customer_id": model_input["customer_id"]})
mlflow.models.set_model(Echo())
"""
WAIT_SECONDS = 120


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        uri = train(home, options.customers, options.trials)
        mlflow.set_tracking_uri(uri)
        model = mlflow.pyfunc.load_model(f"models:/{NAME}@champion")
        print("## In process, ms of processor time\n")
        print("| customers | reasons | ms |\n|---|---|---|")
        for n_customers in (1, MANY):
            rows = pd.DataFrame(customers_of(n_customers))
            for reasons in ("none", "all"):
                params = {"as_of": AS_OF, "reasons": reasons}
                ms = _processor_ms(lambda r=rows, p=params: model.predict(r, params=p))
                print(f"| {n_customers:,} | {reasons} | {ms:.1f} |")
        if not options.in_process:
            _report_served(home, uri, options.requests)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=3_000, help="of the shop")
    parser.add_argument("--trials", type=int, default=3, help="of the training")
    parser.add_argument("--requests", type=int, default=40, help="of one customer each")
    parser.add_argument("--in-process", action="store_true", help="start no server")
    return parser.parse_args()


def train(home: Path, n_customers: int, trials: int) -> str:
    """Train a champion on a simulated shop; return where its store is."""
    write_simulation(home / "shop", n_customers, seed=1)
    config = home / "shop.yaml"
    config.write_text(CONFIG.format(folder=home, as_of=AS_OF, trials=trials))
    command = "from regulars.cli import main; main()"
    subprocess.run(
        [sys.executable, "-c", command, "train", str(config), "--quiet"], check=True
    )
    return f"sqlite:///{home}/store/mlflow.db"


def customers_of(n_customers: int) -> list[dict[str, Any]]:
    """Make up customers of thirty lines each, in the words of a request."""
    rng, end = np.random.default_rng(0), date.fromisoformat(AS_OF)
    products = rng.integers(0, 900, (n_customers, LINES)).tolist()
    amounts = rng.gamma(2.0, 5.0, (n_customers, LINES)).round(2).tolist()
    days = np.sort(rng.integers(1, 500, (n_customers, LINES)))[:, ::-1].tolist()
    return [
        {
            "customer_id": f"c{number}",
            "transactions": [
                {
                    "order_time": f"{end - timedelta(days=day)}T10:00:00",
                    "amount": amount,
                    "order_id": f"o{number}-{day}",
                    "product_id": f"p{product}",
                    "category": f"k{product % 30}",
                    "discount_amount": 0.5,
                    "quantity": 1.0,
                }
                for day, amount, product in zip(*columns, strict=True)
            ],
        }
        for number, columns in enumerate(zip(days, amounts, products, strict=True))
    ]


def _processor_ms(ask: Callable[[], object], least_seconds: float = 1.0) -> float:
    ask()
    n_times, start = 0, time.process_time()
    while n_times < 3 or time.process_time() - start < least_seconds:
        ask()
        n_times += 1
    return (time.process_time() - start) / n_times * 1e3


def _report_served(home: Path, uri: str, n_requests: int) -> None:
    one = save_rivals(home)
    with contextlib.ExitStack() as stack:
        own, bare, echo = (
            stack.enter_context(_server(uri, model, home))
            for model in (f"models:/{NAME}@champion", home / "bare", home / "echo")
        )
        few, many = request_of(1, "all"), request_of(MANY, "none")
        told = request_of(MANY, "all")
        single = _by_turns({own: few, bare: one, echo: few}, n_requests)
        thousand = _by_turns({own: many, echo: many}, max(n_requests // 8, 3))
        reasons = _by_turns({own: told, echo: told}, max(n_requests // 8, 3))
    print("\n## Served, ms of wall clock, medians by turns\n")
    print("| asked | this model | rival | ratio |\n|---|---|---|---|")
    for asked, rival, found in (
        ("one customer, with reasons", "bare LightGBM", (single[own], single[bare])),
        ("the same", "echo", (single[own], single[echo])),
        ("a thousand, without reasons", "echo", (thousand[own], thousand[echo])),
        ("a thousand, with reasons", "echo", (reasons[own], reasons[echo])),
    ):
        mine, other = found
        print(f"| {asked} | {mine:.1f} | {rival} {other:.1f} | {mine / other:.2f} |")


def save_rivals(home: Path) -> dict[str, Any]:
    """Save the bare model and the echo; return a request of one row to the former."""
    rows = np.random.default_rng(0).normal(size=(2_000, COLUMNS))
    trees = lightgbm.train(
        {"objective": "binary", "verbose": -1, "num_threads": 1},
        lightgbm.Dataset(rows, rows[:, 0] > 0),
        500,
    )
    trees.save_model(home / "trees.txt")
    for name, code, artifacts in (
        ("bare", BARE, {"trees": str(home / "trees.txt")}),
        ("echo", ECHO, None),
    ):
        shutil.rmtree(home / name, ignore_errors=True)  # of an earlier run
        (home / f"{name}.py").write_text(code)
        mlflow.pyfunc.save_model(
            home / name, python_model=str(home / f"{name}.py"), artifacts=artifacts
        )
    names = [f"column_{number}" for number in range(COLUMNS)]
    return {"dataframe_split": {"columns": names, "data": rows[:1].tolist()}}


def request_of(n_customers: int, reasons: str) -> dict[str, Any]:
    params = {"as_of": AS_OF, "reasons": reasons}
    return {"dataframe_records": customers_of(n_customers), "params": params}


def _by_turns(requests: dict[int, dict[str, Any]], n_times: int) -> dict[int, float]:
    """Return the median time of each server's answers, in milliseconds."""
    bodies = {port: json.dumps(each).encode() for port, each in requests.items()}
    taken: dict[int, list[float]] = {port: [] for port in bodies}
    for turn in range(n_times + 2):
        for port, body in bodies.items():
            start = time.perf_counter()
            _post(port, body)
            if turn > 1:  # the first ones warm up
                taken[port].append((time.perf_counter() - start) * 1e3)
    return {port: median(times) for port, times in taken.items()}


def _post(port: int, body: bytes) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations",
        body,
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:
        answer.read()


def _server(
    uri: str, model: str | Path, home: Path
) -> contextlib.AbstractContextManager[int]:
    """Serve a model by MLflow on a free port for a while."""
    program = shutil.which("mlflow", path=Path(sys.executable).parent) or "mlflow"
    command = [program, "models", "serve", "-m", str(model), "--env-manager", "local"]
    return running(command, "-p", {"MLFLOW_TRACKING_URI": uri}, home)


@contextlib.contextmanager
def running(
    command: list[str], flag: str, environment: dict[str, str], home: Path
) -> Iterator[int]:
    """Run a server on a free port of loopback, told by a flag, for a while."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (home / f"{port}.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, flag, str(port), "--host", "127.0.0.1"],
            stdout=log,
            stderr=log,
            env=os.environ | environment,
            start_new_session=True,
        )
    try:
        wait_for(port, server, home / f"{port}.log")
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)


def wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(WAIT_SECONDS * 10):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5)
            return
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"No answer from the server:\n{log.read_text()[-2000:]}")


if __name__ == "__main__":
    main()
