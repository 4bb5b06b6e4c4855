"""`regulars serve` beside bare `mlflow models serve`, in one call and by turns.

Trains a model on a simulated shop (or takes the one of `--home`) and starts three
servers on loopback: ours, MLflow's with a LightGBM of forty ready columns, and MLflow's
with a model that only echoes. Measured are start-up, one customer of thirty lines, a
thousand histories, and many connections for a while, with the statuses answered and the
memory of our server. Servers are stopped at the end, whatever happens.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from endpoint import MANY, request_of, running, save_rivals, train

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN = "from regulars.cli import main; main()"
# nothing of what is measured here is to be refused
OPEN = "serving.requests_per_second=100000"
SLICES = 4


def main() -> None:
    options = _options()
    with contextlib.ExitStack() as stack:
        home = options.home or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if not (home / "store" / "mlflow.db").exists():
            train(home, options.customers, options.trials)
        single = save_rivals(home)
        commands = _commands(home)
        _report_start(commands, home, options.starts)
        ports = {
            name: stack.enter_context(_started(commands[name], home))
            for name in ("regulars", "bare", "echo")
        }
        few = request_of(1, "all")
        plain = request_of(1, "none")
        _report(
            "one customer, with reasons", ports, few, {"bare": single}, options.requests
        )
        _report(
            "one customer, without", ports, plain, {"bare": single}, options.requests
        )
        many = request_of(MANY, "none")
        times = max(options.requests // 20, 5)
        _report("a thousand, without reasons", ports, many, {"echo": many}, times)
        told = request_of(MANY, "all")
        _report("a thousand, with reasons", ports, told, {"echo": told}, times)
        if options.seconds:
            _report_load(ports, single, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="folder of an earlier run's model")
    parser.add_argument("--customers", type=int, default=3_000, help="of the shop")
    parser.add_argument("--trials", type=int, default=3, help="of the training")
    parser.add_argument("--requests", type=int, default=400, help="of one customer")
    parser.add_argument("--starts", type=int, default=3, help="of each server")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60, help="of load on each")
    return parser.parse_args()


def _commands(home: Path) -> dict[str, tuple[list[str], str, dict[str, str]]]:
    """Return how each server is started: its command, its flag of the port, more."""
    mlflow = [
        sys.executable,
        "-m",
        "mlflow",
        "models",
        "serve",
        "--env-manager",
        "local",
    ]
    own = [sys.executable, "-c", OWN, "serve", str(home / "shop.yaml"), "--set", OPEN]
    keys = ["--set", f"serving.keys={home / 'no-keys.json'}", "--quiet"]
    return {
        "regulars": ([*own, *keys], "--port", {}),
        "bare": ([*mlflow, "-m", str(home / "bare")], "-p", {}),
        "echo": ([*mlflow, "-m", str(home / "echo")], "-p", {}),
    }


def _started(
    command: tuple[list[str], str, dict[str, str]], home: Path
) -> contextlib.AbstractContextManager[int]:
    return running(*command, home)


def _report_start(
    commands: dict[str, tuple[list[str], str, dict[str, str]]], home: Path, n: int
) -> None:
    taken: dict[str, list[float]] = {"regulars": [], "bare": []}
    for _ in range(n):
        for name, seconds in taken.items():
            start = time.perf_counter()
            with _started(commands[name], home):
                seconds.append(time.perf_counter() - start)
    if n:
        own, bare = (float(np.median(taken[name])) for name in taken)
        print(f"start-up, medians of {n}: {own:.1f} s, bare {bare:.1f} s", flush=True)


def _report(
    what: str,
    ports: dict[str, int],
    own: dict[str, Any],
    rival: dict[str, Any],
    n_times: int,
) -> None:
    """Ask ours and a rival by turns, and print medians, p99 and the ratio."""
    name, content = next(iter(rival.items()))
    bodies = {"regulars": json.dumps(own).encode(), name: json.dumps(content).encode()}
    taken: dict[str, list[float]] = {each: [] for each in bodies}
    lines = {
        each: http.client.HTTPConnection("127.0.0.1", ports[each]) for each in bodies
    }
    for turn in range(n_times + 5):
        for each, body in bodies.items():
            start = time.perf_counter()
            _post(lines[each], body)
            if turn >= 5:  # the first ones warm up
                taken[each].append((time.perf_counter() - start) * 1e3)
    for line in lines.values():
        line.close()
    mine, other = (np.median(taken[each]) for each in bodies)
    tail, their_tail = (np.percentile(taken[each], 99) for each in bodies)
    print(
        f"{what}: median {mine:.1f} ms, {name} {other:.1f}: {mine / other:.2f}; "
        f"p99 {tail:.1f} ({tail / mine:.1f} medians; {name} {their_tail:.1f})",
        flush=True,
    )


def _post(line: http.client.HTTPConnection, body: bytes) -> None:
    line.request("POST", "/invocations", body, {"Content-Type": "application/json"})
    answer = line.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise RuntimeError(content[:500].decode())


def _report_load(
    ports: dict[str, int],
    bare: dict[str, Any],
    options: argparse.Namespace,
) -> None:
    """Load ours and the bare server by turns, in slices of the time."""
    # another customer on each connection, as it would be
    asked = request_of(options.connections, "all")
    rows = asked["dataframe_records"]
    own = [json.dumps({**asked, "dataframe_records": [row]}).encode() for row in rows]
    bodies = {"regulars": own, "bare": [json.dumps(bare).encode()] * len(own)}
    answered = {name: Counter[int]() for name in bodies}
    slowest: list[float] = []
    pid, memory = _process_at(ports["regulars"]), []
    for _ in range(SLICES):
        for name, sent in bodies.items():
            load = _load(ports[name], sent, options.seconds / SLICES)
            statuses, seconds = asyncio.run(load)
            answered[name] += statuses
            if name == "regulars":
                slowest += seconds
                memory.append(_megabytes(pid))
    rates = {name: n[200] / options.seconds for name, n in answered.items()}
    ratio = rates["regulars"] / rates["bare"]
    print(
        f"{options.connections} connections for {options.seconds:g} s each: "
        f"{rates['regulars']:.0f} requests a second, bare {rates['bare']:.0f}: "
        f"{ratio:.2f}; statuses {dict(answered['regulars'])}, "
        f"bare {dict(answered['bare'])}; p50 {np.median(slowest) * 1e3:.0f} ms, p99 "
        f"{np.percentile(slowest, 99) * 1e3:.0f}; MB after each slice {memory}",
        flush=True,
    )


async def _load(
    port: int, bodies: list[bytes], seconds: float
) -> tuple[Counter[int], list[float]]:
    """Ask over some connections at once, each as soon as it is answered."""
    end = time.perf_counter() + seconds
    statuses: Counter[int] = Counter()
    taken: list[float] = []

    async def ask(body: bytes) -> None:
        head = (
            f"POST /invocations HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: "
            f"application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        request = head.encode() + body
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.closing(writer):
            while (start := time.perf_counter()) < end:
                writer.write(request)
                statuses[await _answer(reader)] += 1
                taken.append(time.perf_counter() - start)

    await asyncio.gather(*map(ask, bodies))
    return statuses, taken


async def _answer(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)
    return int(head.split(b" ", 2)[1])


def _process_at(port: int) -> int:
    """Return the process that was told to listen at a port."""
    for place in _processes():
        words = (place / "cmdline").read_bytes().split(b"\0")
        if str(port).encode() in words:
            return int(place.name)
    raise RuntimeError(f"No process listens at {port}.")


def _processes() -> Iterator[Path]:
    for place in Path("/proc").iterdir():
        if place.name.isdigit() and os.access(place / "cmdline", os.R_OK):
            yield place


def _megabytes(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    line = next(each for each in text.splitlines() if each.startswith("VmRSS"))
    return int(line.split()[1]) // 1024


if __name__ == "__main__":
    main()
