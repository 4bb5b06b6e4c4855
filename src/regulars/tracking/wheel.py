"""The installed package as a wheel, to travel beside a model.

No index has the release that wrote a model from a checkout; whoever serves the model
installs this one.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import regulars

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "regulars"
# the same bytes each time; a zip file knows no earlier day
WRITTEN = (1980, 1, 1, 0, 0, 0)
TAG = "py3-none-any"
_REQUIRED = re.compile(r"(?P<name>[\w.-]+)(\[[\w,-]+\])?")
WHEEL = f"Wheel-Version: 1.0\nGenerator: {NAME}\nRoot-Is-Purelib: true\nTag: {TAG}\n"


def write_wheel(folder: Path) -> Path:
    """Write the package that is running as a wheel, and return the file."""
    own = metadata.distribution(NAME)
    info = f"{NAME}-{own.version}.dist-info"
    content = dict(_package()) | {
        f"{info}/METADATA": _text(own, "METADATA"),
        f"{info}/entry_points.txt": _text(own, "entry_points.txt"),
        f"{info}/WHEEL": WHEEL.encode(),
    }
    record = [
        f"{name},sha256={_digest(data)},{len(data)}" for name, data in content.items()
    ]
    content[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    target = folder / f"{NAME}-{own.version}-{TAG}.whl"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(zipfile.ZipInfo(name, WRITTEN), data, zipfile.ZIP_DEFLATED)
    return target


def requirements() -> list[str]:
    """Return what the package requires, each at the release that is installed."""
    asked = [line for line in metadata.requires(NAME) or [] if "extra ==" not in line]
    named = [found for line in asked if (found := _REQUIRED.match(line))]
    return [f"{found[0]}=={metadata.version(found['name'])}" for found in named]


def _package() -> Iterator[tuple[str, bytes]]:
    package = Path(regulars.__file__).parent
    for file in sorted(package.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield f"{NAME}/{file.relative_to(package).as_posix()}", file.read_bytes()


def _text(own: metadata.Distribution, name: str) -> bytes:
    return (own.read_text(name) or "").encode()


def _digest(data: bytes) -> str:
    digest = hashlib.sha256(data).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
