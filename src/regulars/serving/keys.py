"""API keys: several, named, kept as hashes in a file that only its owner reads."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import stat
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from regulars.errors import ConfigError, suggestion
from regulars.results.writing import replacing
from regulars.tracking.locations import database_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.config import Settings

FILE = "api-keys.json"
_PREFIX = "regulars_"
_FORMAT = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class ApiKey:
    """What is kept of a key: nobody can make the key out of it."""

    name: str
    sha256: str
    created_at: str


@dataclass(frozen=True)
class KeyFile:
    """The keys of an endpoint.

    Parameters
    ----------
    path : Path
        File of the hashes. As long as there is none, no key is asked for; one that
        holds no key lets nobody in.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     keys = KeyFile(Path(folder) / "api-keys.json")
    ...     secret = keys.add("call-centre")
    ...     keys.names(), keys.owner(secret), keys.owner("guessed")
    (['call-centre'], 'call-centre', None)
    """

    path: Path

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the file of a configuration.

        Parameters
        ----------
        settings : Settings
            ``serving.keys``, or the folder of the store's file.

        Returns
        -------
        KeyFile
        """
        if settings.serving.keys is not None:
            return cls(Path(settings.serving.keys))
        database = database_file(settings.tracking.uri)
        if database is None:
            msg = (
                "serving.keys is not set, and tracking.uri is no SQLite file beside "
                "which keys could be kept. Name a file: --set "
                "serving.keys=secrets/api-keys.json."
            )
            raise ConfigError(msg)
        return cls(database.parent / FILE)

    @property
    def exists(self) -> bool:
        """Whether there is a file, so that a key is asked for."""
        return self.path.exists()

    def add(self, name: str) -> str:
        """Make a key.

        Parameters
        ----------
        name : str
            Who will use it: letters, digits, ``_``, ``.`` and ``-``.

        Returns
        -------
        str
            The key, which is kept nowhere.
        """
        keys = self.read()
        if not _NAME.fullmatch(name):
            msg = (
                f"'{name}' cannot name a key: take up to 64 letters, digits, '_', '.' "
                "or '-', such as call-centre."
            )
            raise ConfigError(msg)
        if any(key.name == name for key in keys):
            msg = (
                f"There is a key called '{name}' already. Take another name, or first: "
                f"regulars keys revoke CONFIG {name}."
            )
            raise ConfigError(msg)
        secret = _PREFIX + secrets.token_urlsafe(32)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._write([*keys, ApiKey(name, _hash(secret), now)])
        return secret

    def revoke(self, name: str) -> None:
        """Take a key back; a server that runs refuses it from its next request on.

        Parameters
        ----------
        name : str
            The name it was made under.
        """
        keys = self.read()
        left = [key for key in keys if key.name != name]
        if len(left) == len(keys):
            names = [key.name for key in keys]
            msg = (
                f"There is no key called '{name}' in '{self.path}'."
                f"{suggestion(name, names)} Its keys: {', '.join(names) or 'none'}."
            )
            raise ConfigError(msg)
        self._write(left)

    def names(self) -> list[str]:
        """Return the names of the keys.

        Returns
        -------
        list of str
        """
        return [key.name for key in self.read()]

    def owner(self, secret: str) -> str | None:
        """Return whose key it is.

        Parameters
        ----------
        secret : str
            A key, as it was sent.

        Returns
        -------
        str or None
            Its name; None for a key that is not in the file.
        """
        return owner_of(secret, self.read())

    def read(self) -> list[ApiKey]:
        """Return what is kept of the keys.

        Returns
        -------
        list of ApiKey
        """
        try:
            mode = self.path.stat().st_mode
            content = json.loads(self.path.read_text(encoding="utf-8"))
            keys = [ApiKey(**each) for each in content["keys"]]
            known = content["format"] == _FORMAT
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, KeyError) as error:
            known, reason = False, type(error).__name__
        else:
            reason = f"format {content['format']}"
        if not known:
            msg = (
                f"'{self.path}' is no file of API keys that this version reads "
                f"({reason}). Restore it, or remove it and make new keys: regulars "
                "keys add CONFIG NAME."
            )
            raise ConfigError(msg)
        if os.name == "posix" and mode & (stat.S_IWGRP | stat.S_IWOTH):
            msg = (
                f"Others may write to '{self.path}', and so make keys of their own. "
                f"Run: chmod 600 '{self.path}'."
            )
            raise ConfigError(msg)
        return keys

    def _write(self, keys: Sequence[ApiKey]) -> None:
        content = {"format": _FORMAT, "keys": [asdict(key) for key in keys]}
        with replacing(self.path, mode=0o600) as temporary:
            temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def owner_of(secret: str, keys: Sequence[ApiKey]) -> str | None:
    """Return the name of a key; every one is compared, in constant time."""
    digest, found = _hash(secret), None
    for key in keys:
        if hmac.compare_digest(digest, key.sha256):
            found = key.name
    return found


def _hash(secret: str) -> str:
    # 256 random bits need no slow hash: there is nothing to guess
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


class Doorkeeper:
    """Knows the keys of a file at any moment: it is read again when it has changed."""

    def __init__(self, file: KeyFile) -> None:
        self._file = file
        self._keys = file.read()
        self._seen = self._stamp()
        # a file that is taken away while we serve opens no door
        self._is_open = not file.exists

    def admit(self, secret: str | None) -> str | None:
        """Return who knocks: a key's name, '' where none is asked for, None: nobody."""
        stamp = self._stamp()
        if stamp != self._seen:
            self._keys = self._file.read()
            self._seen = stamp
            self._is_open = self._is_open and not self._file.exists
        if self._is_open:
            return ""
        return owner_of(secret, self._keys) if secret else None

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._file.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
