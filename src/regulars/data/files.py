"""Learn how a file is written: its kind, encoding, separator and header.

Only bytes are looked at here, in large blocks: rows are read by the engine. What cannot
be read safely is refused in a sentence.
"""

from __future__ import annotations

import codecs
import csv
import functools
import gzip
import io
import re
import tempfile
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, cast

import duckdb

from regulars.data.contents import Kind, kind_of
from regulars.data.lines import LineCount, LineCounter
from regulars.errors import DataError

BLANKS = " "
"""Separator of a file whose fields are separated by runs of blanks."""

_BLOCK = 1 << 20
_HEAD = 1 << 18
# Without ignore_errors one short line makes it skip lines or see another separator;
# with comments, rows that begin with #1001 may be passed over (ADR 35).
_SNIFF = """
    SELECT Delimiter, len(Columns)
    FROM sniff_csv(?, ignore_errors = true, comment = '')
"""


@dataclass(frozen=True)
class SourceFile:
    r"""One file and how it is written."""

    path: Path
    label: str
    kind: Kind
    encoding: str = ""
    delimiter: str = ""
    header: tuple[str, ...] = ()
    lines: LineCount = field(default_factory=LineCount)
    starts_blank: bool = False
    origin: Path | None = None  # of a copy in another form

    @property
    def is_plain(self) -> bool:
        """Whether the engine can read the file as it is."""
        return (
            self.encoding in {"utf-8", ""}
            and self.delimiter != BLANKS
            and not self.lines.mixed_ends
            and not self.starts_blank
        )


def inspect_file(file: Path) -> SourceFile | None:
    r"""Learn how one file is written."""
    try:
        with open_bytes(file) as stream:
            head = stream.read(_HEAD)
    except (OSError, EOFError, zlib.error) as error:
        msg = f"'{file}' cannot be read: {error}. Check the file and its permissions."
        raise DataError(msg) from error
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        return None
    kind = kind_of(file, head)
    if kind in {"parquet", "excel"}:
        return SourceFile(file, file.name, kind)
    encoding, counter = _scan(file, head)
    if kind == "json":
        return SourceFile(file, file.name, kind, encoding)
    text = codecs.getincrementaldecoder(encoding)().decode(head).removeprefix("\ufeff")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\n" in text and len(head) == _HEAD:
        # The last line of the head may be cut short.
        text = text[: text.rindex("\n") + 1]
    delimiter = detect_delimiter(text)
    header = _first_record(text, delimiter)
    return SourceFile(
        path=file,
        label=file.name,
        kind="text",
        encoding=encoding,
        delimiter=delimiter,
        header=tuple(header),
        lines=counter.count,
        starts_blank=text.startswith("\n"),
    )


def open_bytes(file: Path) -> IO[bytes]:
    """Open a file that may be compressed with gzip."""
    if file.name.lower().endswith(".gz"):
        return cast("IO[bytes]", gzip.open(file, "rb"))
    return file.open("rb")


def _scan(file: Path, head: bytes) -> tuple[str, LineCounter]:
    counter = LineCounter()
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", counter
    if b"\0" in head:
        msg = (
            f"'{file}' holds NUL bytes, so it is not UTF-8 or Latin-1 text. Save it "
            "as UTF-8 csv."
        )
        raise DataError(msg)
    decoder = codecs.getincrementaldecoder("utf-8")()
    with open_bytes(file) as stream:
        try:
            while block := stream.read(_BLOCK):
                counter.add(block)
                # ASCII needs no decoding, unless it comes within a character.
                if not block.isascii() or decoder.getstate()[0]:
                    decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return _check_cp1252(file), counter
        except (OSError, EOFError, zlib.error) as error:
            msg = f"'{file}' breaks off or is damaged: {error}. Export it again."
            raise DataError(msg) from error
    return "utf-8", counter


def _check_cp1252(file: Path) -> str:
    decoder = codecs.getincrementaldecoder("cp1252")()
    with open_bytes(file) as stream:
        try:
            while block := stream.read(_BLOCK):
                decoder.decode(block)
        except UnicodeDecodeError as error:
            msg = (
                f"'{file}' is neither UTF-8 nor Windows-1252 (Latin-1) text: byte "
                f"0x{error.object[error.start]:02x} belongs to neither. Save it as "
                "UTF-8."
            )
            raise DataError(msg) from error
    return "cp1252"


def detect_delimiter(text: str) -> str:
    """Return the separator of the fields: comma, semicolon, tab, bar or `BLANKS`.

    DuckDB guesses the first four. Where it sees one field, runs of blanks separate if
    nine of ten lines then have as many fields as the first.
    """
    lines = text.splitlines()[:200]
    with tempfile.TemporaryDirectory(prefix="regulars-") as folder:
        head = Path(folder, "head.csv")
        head.write_bytes("\n".join(lines).encode())
        rows = _sniffer().cursor().execute(_SNIFF, [str(head)])
        delimiter, n_columns = rows.fetchall()[0]
    if n_columns > 1:
        return str(delimiter)
    widths = [len(line.split()) for line in lines if line.strip()]
    share = sum(width == widths[0] for width in widths) / len(widths)
    return BLANKS if widths[0] > 1 and share >= 0.9 else ","


@functools.cache
def _sniffer() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def _first_record(text: str, delimiter: str) -> list[str]:
    if delimiter == BLANKS:
        return next(line for line in text.splitlines() if line.strip()).split()
    records = csv.reader(io.StringIO(text), delimiter=delimiter)
    return [field.strip() for field in next(filter(None, records))]


def rewrite(source: SourceFile, target: Path) -> SourceFile:
    r"""Write a text file as UTF-8 with line feeds, and blanks as tabs."""
    encoding = "utf-8-sig" if source.encoding == "utf-8" else source.encoding
    counter = LineCounter()
    with open_bytes(source.path) as raw, target.open("wb") as out:
        reader = io.TextIOWrapper(raw, encoding=encoding)
        while lines := reader.readlines(_BLOCK):
            text = "".join(lines)
            text = text if out.tell() else text.lstrip("\n")
            if source.delimiter == BLANKS:
                text = re.sub(r"(?m)^[ \t]+|[ \t]+$", "", text)
                text = re.sub(r"[ \t]+", "\t", text)
            block = text.encode()
            counter.add(block)
            out.write(block)
    delimiter = "\t" if source.delimiter == BLANKS else source.delimiter
    return replace(
        source,
        path=target,
        origin=source.path,
        delimiter=delimiter,
        lines=counter.count,
        starts_blank=False,
    )
