"""A PostgreSQL server of the tests' own, in a temporary folder, on loopback."""

from __future__ import annotations

import contextlib
import glob
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ADMIN, PASSWORD = "postgres", "admin of the tests"
_DATABASES = itertools.count(1)


def _version(folder):
    number = folder.parent.name
    return int(number) if number.isdigit() else 0


def _programs():
    folders = [
        Path(each).parent for each in glob.glob("/usr/lib/postgresql/*/bin/pg_ctl")
    ]
    found = shutil.which("pg_ctl")
    folders += [Path(found).parent] if found else []
    return max(folders, key=_version, default=None)


def _as_user(*command):
    """The server refuses to run as root."""
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["runuser", "-u", "postgres", "--", *words]
    environment = {**os.environ, "LC_ALL": "C"}
    subprocess.run(
        words,
        check=True,
        stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        cwd="/",
        env=environment,
        timeout=120,
    )


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Server:
    """A running cluster."""

    folder: Path
    programs: Path
    port: int = 0

    def start(self):
        data, secret = self.folder / "data", self.folder / "secret"
        secret.write_text(PASSWORD)
        if os.geteuid() == 0:
            for path in (self.folder, secret):
                shutil.chown(path, "postgres")
        _as_user(
            self.programs / "initdb",
            *("-D", data, "-U", ADMIN, f"--pwfile={secret}"),
            *("--no-sync", "--locale=C", "--encoding=UTF8", "--auth=scram-sha-256"),
        )
        for _ in range(3):  # somebody may take the port in between
            self.port = _free_port()
            options = (
                f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 "
                "-c fsync=off -c shared_buffers=64MB -c max_connections=50"
            )
            with contextlib.suppress(subprocess.CalledProcessError):
                self.control("start", "-l", self.folder / "log", "-o", options)
                return
        log = (self.folder / "log").read_text()
        pytest.fail(f"the server does not start: {log[-2000:]}")

    def control(self, *words):
        _as_user(self.programs / "pg_ctl", "-D", self.folder / "data", "-w", *words)

    def url(self, database=ADMIN, user=ADMIN, password=PASSWORD):
        from urllib.parse import quote

        secret = quote(password, safe="")
        return f"postgresql://{quote(user)}:{secret}@127.0.0.1:{self.port}/{database}"


@dataclass
class Database:
    """A database of one test."""

    server: Server
    name: str
    roles: list[str] = field(default_factory=list)

    @property
    def url(self):
        return self.server.url(self.name)

    def run(self, *statements):
        """Execute statements as the administrator; the rows of the last one."""
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                done = connection.execute(statement)
            return done.fetchall() if done.description else []

    def role(self, name, password="of a role"):
        """A new role that may log in; its address."""
        quoted = name.replace('"', '""')
        self.run(f"""CREATE ROLE "{quoted}" LOGIN PASSWORD '{password}'""")
        self.roles.append(quoted)
        return self.server.url(self.name, name, password)

    def load(self, frame, table, **types):
        """Write a data frame to a new table."""
        import adbc_driver_postgresql.dbapi as adbc
        import pyarrow as pa

        arrow = pa.Table.from_pandas(frame, preserve_index=False)
        with adbc.connect(self.url) as connection, connection.cursor() as cursor:
            cursor.adbc_ingest(table, arrow, mode="create")
            connection.commit()


@pytest.fixture(scope="session")
def server():
    programs = _programs()
    if programs is None or (os.geteuid() == 0 and shutil.which("runuser") is None):
        reason = "there are no programs of a PostgreSQL server here"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="regulars-pg-"))
    server = Server(folder, programs)
    try:
        server.start()
        yield server
    finally:
        with contextlib.suppress(subprocess.SubprocessError):
            server.control("stop", "-m", "immediate")
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _new_database(server):
    name = f"test_{next(_DATABASES)}"
    made, admin = Database(server, name), Database(server, ADMIN)
    admin.run(f"CREATE DATABASE {name}")
    yield made
    for role in made.roles:
        made.run(f'DROP OWNED BY "{role}"')
    admin.run(
        f"DROP DATABASE {name} WITH (FORCE)",
        *(f'DROP ROLE "{role}"' for role in made.roles),
    )


@pytest.fixture
def database(server):
    with _new_database(server) as made:
        yield made


@pytest.fixture(scope="module")
def shared_database(server):
    """A database of a whole file."""
    with _new_database(server) as made:
        yield made
