"""Learn how a file is written: its kind, encoding, separator and header.

Only bytes are looked at here, in large blocks: rows are read by the engine. What cannot
be read safely is refused in a sentence.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING, cast

from regulars.data.contents import Kind, kind_of
from regulars.data.lines import LineCount, LineCounter
from regulars.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

BLANKS = " "
"""Separator of a file whose fields are separated by runs of blanks."""

_BLOCK = 1 << 20
_HEAD = 1 << 18


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
    origin: Path | None = None

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
    r"""Return the separator of the fields.

    Comma, semicolon, tab and bar are tried on the first 200 records: the one under
    which most records have as many fields as the first wins, then the one that gives
    more fields. Where none gives two fields, runs of blanks separate if nine of ten
    lines then have as many fields as the first.
    """
    best, best_score = ",", (0.0, 1)
    for delimiter in (",", ";", "\t", "|"):
        records = _records(text, delimiter)
        score = _consistency([len(record) for record in records])
        if score[1] > 1 and score[0] >= 0.5 and score > best_score:
            best, best_score = delimiter, score
    if best_score[1] > 1:
        return best
    fields = [len(line.split()) for line in text.splitlines()[:200] if line.strip()]
    share, width = _consistency(fields)
    return BLANKS if width > 1 and share >= 0.9 else best


def _consistency(widths: list[int]) -> tuple[float, int]:
    if not widths:
        return 0.0, 0
    return sum(width == widths[0] for width in widths) / len(widths), widths[0]


def _records(text: str, delimiter: str) -> list[list[str]]:
    records = []
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        for record in reader:
            if record:
                records.append(record)
            if len(records) == 200:
                break
    except csv.Error:
        # A field beyond the module's limit: judge by what was read.
        return records
    return records


def _first_record(text: str, delimiter: str) -> list[str]:
    if delimiter == BLANKS:
        return next(line for line in text.splitlines() if line.strip()).split()
    return [field.strip() for field in _records(text, delimiter)[0]]


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
