"""A standalone cluster of Spark on loopback: a master and workers as processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

SRC = Path(__file__).parents[2] / "src"


def free_port():
    with socket.socket() as each:
        each.bind(("127.0.0.1", 0))
        return each.getsockname()[1]


class Cluster:
    """A master and workers, each of which has its own address and its own disk.

    With one address for all, Spark reads a dead worker's files from the disk of the
    living, and nothing is ever lost.
    """

    def __init__(self, folder, n_workers=2):
        # not everybody who collects the tests has it
        import pyspark

        self.home = Path(pyspark.__file__).parent
        self.folder, self.n_workers, self.workers = folder, n_workers, []
        self.events = folder / "events"
        self.port, self.page = free_port(), free_port()
        self.address = f"127.0.0.1:{self.port}"
        java = "-Dspark.worker.timeout=10 -XX:+UseSerialGC -XX:TieredStopAtLevel=1"
        self.environment = os.environ | {
            "SPARK_HOME": str(self.home),
            "SPARK_NO_DAEMONIZE": "1",
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": java,
            "PYSPARK_PYTHON": sys.executable,
            "PYTHONPATH": os.pathsep.join([str(SRC), os.environ.get("PYTHONPATH", "")]),
        }

    def __enter__(self):
        self.events.mkdir(parents=True, exist_ok=True)
        asked = ["--host", "127.0.0.1", "--port", self.port, "--webui-port", self.page]
        self.master = self._start("master", "master.Master", asked, "127.0.0.1")
        for number in range(self.n_workers):
            self.workers.append(self._worker(number))
        self._wait()
        return self

    def __exit__(self, *_):
        for process in [*self.workers, self.master]:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def disk(self, number):
        return self.folder / f"disk{number}"

    def lose(self, number):
        """Kill a worker with all its processes, and wipe its disk."""
        # executors and their Python are no part of the worker's group
        for pid in _below(self.workers[number].pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        shutil.rmtree(self.disk(number), ignore_errors=True)

    def replace(self, number):
        """Start another worker in the place of a lost one."""
        self.workers[number].wait()
        self.workers[number] = self._worker(number)
        self._wait()

    def _worker(self, number):
        host = f"127.0.0.{number + 1}"
        self.disk(number).mkdir(exist_ok=True)
        work = self.folder / f"work{number}"
        asked = ["--host", host, "--cores", 1, "--memory", "2g", "--work-dir", work]
        asked += ["--webui-port", free_port(), f"spark://{self.address}"]
        disk = {"SPARK_LOCAL_DIRS": str(self.disk(number))}
        return self._start(f"worker{number}", "worker.Worker", asked, host, disk)

    def _start(self, name, kind, asked, host, more=()):
        command = [self.home / "bin" / "spark-class", f"org.apache.spark.deploy.{kind}"]
        with (self.folder / f"{name}.log").open("w") as log:
            return subprocess.Popen(
                [*map(str, [*command, *asked])],
                env=self.environment | {"SPARK_LOCAL_IP": host} | dict(more),
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.folder,
            )

    def _wait(self, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._n_alive() == self.n_workers:
                return
            time.sleep(0.1)
        raise TimeoutError(f"no cluster after {seconds} s; see {self.folder}")

    def _n_alive(self):
        try:
            page = f"http://127.0.0.1:{self.page}/json/"
            with urllib.request.urlopen(page, timeout=2) as answer:
                workers = json.load(answer)["workers"]
        except OSError:
            return 0
        return sum(each["state"] == "ALIVE" for each in workers)


def _below(pid):
    """Return a process and all that it started, the deepest first."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    children = listed.read_text().split() if listed.exists() else []
    return [*(each for child in children for each in _below(int(child))), pid]


def conf(events):
    """Return settings under which a lost worker is noticed within seconds."""
    # a run is over before the second compiler pays
    java = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
    return {
        "spark.driver.extraJavaOptions": java,
        "spark.executor.extraJavaOptions": java,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.ui.enabled": "false",
        "spark.executor.cores": 1,
        "spark.executor.memory": "1g",
        "spark.network.timeout": "30s",
        # must not exceed the time-out
        "spark.network.timeoutInterval": "5s",
        "spark.executor.heartbeatInterval": "5s",
        "spark.shuffle.io.maxRetries": 1,
        "spark.shuffle.io.retryWait": "1s",
        "spark.stage.maxConsecutiveAttempts": 10,
        "spark.task.maxFailures": 8,
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": events.as_uri(),
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.compress": "false",
    }


def events_of(folder):
    """Return the events of the sessions that wrote to a folder."""
    return [
        json.loads(line)
        for file in folder.iterdir()
        for line in file.read_text().splitlines()
    ]
