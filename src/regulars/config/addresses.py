"""Addresses of databases and servers, shown without their password."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import quote, unquote, urlsplit

from pydantic import AfterValidator, PlainSerializer

_FILES = ("sqlite", "duckdb", "file")
# what stands between the user's colon and the last @, in any text
_PASSWORD = re.compile(r"(\w[\w+.-]*://[^\s/@:'\"]*:)[^\s'\"]*@")
_IN_QUERY = re.compile(r"((?:ssl)?password=)[^\s&'\"]*", re.IGNORECASE)
# what ends a password or makes another one of it, unless it is percent-encoded
_UNSAFE = re.compile(r"[/?#@\[\]\s]|%(?![0-9A-Fa-f]{2})")


def host_of(uri: str) -> str:
    """Return the scheme and host of a store, without any password.

    Parameters
    ----------
    uri : str
        Address of a database or server; a file's is returned as it is.

    Returns
    -------
    str

    Examples
    --------
    >>> host_of("postgresql://user:secret@db/mlflow")
    'postgresql://db'
    """
    scheme = uri.partition(":")[0].partition("+")[0]
    if scheme in _FILES:
        return uri
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:  # square brackets that are no address
        return f"{scheme}://"
    if host:
        return f"{parts.scheme}://{host}"
    if "://" in uri:
        return f"{parts.scheme}://"
    return uri.rpartition("@")[2]


def hide_passwords(text: str) -> str:
    """Return a text with the passwords of the addresses in it left out."""
    return _IN_QUERY.sub(r"\1...", _PASSWORD.sub(r"\1...@", text))


def password_of(uri: str) -> str:
    """Return the password that an address holds as it is spelt there, or nothing."""
    found = re.match(r"(\w[\w+.-]*)://[^/@:]*:(.*)@", uri, re.DOTALL)
    return found[2] if found and found[1] not in _FILES else ""


def without_password(text: str, uri: str) -> str:
    """Return a text without the password of an address, however it is spelt."""
    secret = password_of(uri)
    plain = unquote(secret)
    for spelling in sorted({secret, plain, quote(plain), quote(plain, safe="")}):
        text = text.replace(spelling, "...") if spelling else text
    return hide_passwords(text)


def _refuse_unsafe_password(uri: str) -> str:
    if _UNSAFE.search(password_of(uri)):
        msg = (
            "the password in the address holds characters that end or change it: "
            "write '/' as %2F, '@' as %40, '%' as %25 and so on, or leave it to "
            "PGPASSWORD or a .pgpass file"
        )
        raise ValueError(msg)
    return uri


Address = Annotated[
    str,
    AfterValidator(_refuse_unsafe_password),
    # so that no file, run or message made of the settings holds a password
    PlainSerializer(host_of, return_type=str, when_used="json"),
]
"""An address in the settings; as JSON only its host is kept."""
