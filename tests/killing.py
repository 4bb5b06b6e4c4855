"""A process whose copies do a piece of work, and are killed in the midst of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

# It has imported everything and done nothing yet; each line that it reads makes it a
# copy that works, as a command would without its slow start. The work calls `begin`,
# and is killed so many seconds later.
PRELUDE = """
import os, signal, sys, threading, traceback

def begin(seconds):
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
    print("begun", flush=True)
"""
LOOP = """
print("ready", flush=True)
for line in iter(sys.stdin.readline, ""):
    child = os.fork()
    if not child:
        try:
            work(float(line))
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    print("ended", os.waitpid(child, 0)[1], flush=True)
"""


class Forks:
    """Copies of a process that has the function `work` of some code."""

    def __init__(self, code, *arguments, **environment):
        self.process = subprocess.Popen(
            [sys.executable, "-c", PRELUDE + code + LOOP, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # threads of a library would not be in the copies
            env={
                **os.environ,
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
                **environment,
            },
        )
        assert self._says("ready")

    def _says(self, word):
        said = self.process.stdout.readline().split()
        assert said[:1] == [word], said
        return said[-1]

    def run(self, kill_after=3_600.0):
        """Work; return the seconds it took, or None of a copy that was killed."""
        self.process.stdin.write(f"{kill_after}\n")
        self.process.stdin.flush()
        assert self._says("begun")
        begin = time.monotonic()
        status = int(self._says("ended"))
        assert status in (0, signal.SIGKILL)
        return None if status else time.monotonic() - begin

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()
