"""Where the artefacts of an SQLite store lie, wherever its folder has been moved to.

MLflow writes the full path of every artefact into the database. Here only the end of
that path counts: the artefacts are looked for beside the database.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from regulars.data.postgres import SCHEMES as POSTGRES
from regulars.errors import ConfigError

SQLITE = "sqlite:///"
ARTIFACTS = "artifacts"
# how many folders an artefact lies below its experiment's, in MLflow's own layout
EXPERIMENT, RUN, MODEL = 0, 2, 3
_QUERY = re.compile(r"\w+=[^/&]*(&\w+=[^/&]*)*")


def database_file(uri: str) -> Path | None:
    """Return the file of an SQLite store as its address spells it, None for others."""
    if not uri.startswith(SQLITE):
        return None
    path = _without_query(uri.removeprefix(SQLITE))
    # an address of SQLite's own, or no file at all: MLflow's matter
    if not path or path.startswith((":memory:", "file:")):
        return None
    return Path(path)


def _without_query(path: str) -> str:
    # a folder's name may hold a question mark: options hold no slash
    before, mark, options = path.partition("?")
    return before if mark and _QUERY.fullmatch(options) else path


def is_postgres(uri: str) -> bool:
    """Return whether a store is a PostgreSQL database."""
    return uri.partition(":")[0] in {*POSTGRES, "postgresql+psycopg"}


def is_database(uri: str) -> bool:
    """Return whether a store is a database server, which keeps no files."""
    scheme = uri.partition(":")[0].partition("+")[0]
    return scheme in {*POSTGRES, "mysql", "mssql"}


def readable_address(uri: str) -> str:
    """Return an address that MLflow reads as the path that it spells.

    SQLAlchemy takes ``?`` and ``%20`` for signs of its own, and MLflow makes the folder
    of the address as it is written: a quoted address would make a folder of that name.
    """
    from sqlalchemy.engine import make_url

    if is_postgres(uri):  # by the driver that the extra installs
        return "postgresql+psycopg:" + uri.partition(":")[2]
    file = database_file(uri)
    if file is None:
        return uri
    read = make_url(uri).database or ""
    if read == _without_query(uri.removeprefix(SQLITE)):
        return uri
    if not file.exists() and (os.path.isfile(read) or not file.parent.exists()):
        # written as an address: sqlite:///my%20shop/mlflow.db
        plain = read
    else:
        plain = os.path.relpath(file)  # the folder's own name may drop out
    if make_url(SQLITE + plain).database == plain:
        return SQLITE + plain
    msg = (
        f"Cannot open tracking.uri '{uri}': MLflow takes '?' and '%' with two digits "
        "in a path for signs of an address. Run the command in the project's folder "
        "and name the store from there (sqlite:///models/mlflow.db), or rename the "
        "folder."
    )
    raise ConfigError(msg)


@dataclass(frozen=True)
class LocalStore:
    """The SQLite file of a store; it answers where artefacts are now."""

    database: Path

    @classmethod
    def at(cls, uri: str) -> LocalStore | None:
        """Return the store of an address; None where it is no SQLite file."""
        file = database_file(readable_address(uri))
        return None if file is None else cls(file)

    @property
    def folder(self) -> Path:
        """Return the folder that a store is moved or copied with."""
        return self.database.resolve().parent

    def place(self, location: str, depth: int) -> Path | None:
        """Return where an artefact folder is now; None where it is on another host.

        Beside the database first. Where it was written only if it is still there and
        is not the folder of another store: a copy must not read its original.
        """
        parts = local_parts(location)
        if parts is None:
            return None
        written = local_path(location)
        tail = parts[-(depth + 2) :]
        if len(tail) < depth + 2 or ".." in tail:
            return written
        beside = self.folder.joinpath(*tail)
        # MLflow's own default is a folder 'mlruns' beside that of the store
        around = self.folder.parent.joinpath(*tail)
        is_ours = tail[0] == ARTIFACTS
        for nearby in (beside,) if is_ours else (beside, around):
            if os.path.exists(nearby):
                return nearby
        # os.path: where nothing may be read, there is nothing
        usable = os.path.exists(written) and not self._is_of_another(written)
        return beside if is_ours and not usable else written

    def _is_of_another(self, written: Path) -> bool:
        """Return whether a database of the same name lies beside another folder."""
        stores = (
            parent.parent / self.database.name
            for parent in (written, *written.parents)
            if parent.name == ARTIFACTS
        )
        return any(
            os.path.isfile(store) and not os.path.samefile(store, self.database)
            for store in stores
        )


def local_parts(location: str) -> tuple[str, ...] | None:
    """Return the names in a path or file address; None for another host's.

    Either kind of slash divides them: the store may come from another system.
    """
    scheme = urlsplit(location).scheme
    if scheme == "file":
        location = unquote(location.removeprefix("file:"))
    elif len(scheme) > 1:  # one letter is a drive
        return None
    return tuple(name for name in re.split(r"[\\/]", location) if name)


def local_path(location: str) -> Path:
    """Return the path that a location spells."""
    if not location.startswith("file:"):
        return Path(location)
    return Path(url2pathname(urlsplit(location).path))


def artifact_location(uri: str, chosen: str | None, name: str) -> str | None:
    """Return where the files of a new experiment lie; None: where its server says."""
    if chosen is not None and "://" in chosen:
        return f"{chosen.rstrip('/')}/{name}"
    local = LocalStore.at(uri)
    if chosen is not None:
        folder = Path(chosen).absolute()
    elif local is not None:
        folder = local.folder / ARTIFACTS
    elif is_database(uri):
        folder = Path("models", ARTIFACTS).absolute()
    else:
        return None
    return (folder / name).as_uri()
