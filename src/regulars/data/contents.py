"""Say what a file holds by its first bytes, whatever its name ends in.

Text, JSON, parquet and Excel workbooks are read; anything else is refused by name.
"""

from __future__ import annotations

import codecs
import re
import zipfile
from typing import TYPE_CHECKING, Literal

from regulars.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["text", "json", "excel", "parquet"]

TEXT_ENDINGS = (".csv", ".tsv", ".tab", ".txt")
PARQUET_ENDINGS = (".parquet", ".pq")
JSON_ENDINGS = (".json", ".jsonl", ".ndjson")
EXCEL_ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"
_FOREIGN = {
    b"\x1f\x8b": "compressed with gzip; add .gz to its name",
    b"BZh": "a bzip2 archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"SQLite format": "an SQLite database",
    b"%PDF": "a PDF document",
    b"{\\rtf": "an RTF document",
    b"ARROW1\0\0": "an Arrow (Feather) file",
    b"ORC": "an ORC file",
    b"Obj\x01": "an Avro file",
    b"\x89HDF": "an HDF5 file",
    b"\x80\x04\x95": "a Python pickle",
    b"\x80\x05\x95": "a Python pickle",
}
_HTML = re.compile(
    r"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body|table|meta"
    r"|div|style|script|title|br|p|h1|span|center|font)\b",
    re.IGNORECASE | re.DOTALL,
)
_JSON = re.compile(r'\s*(\{\s*["}]|\[\s*[\[{\]])')


def ending_of(file: Path) -> str:
    """Return the ending of a file's name in lower case, without ``.gz``."""
    name = file.name.lower().removesuffix(".gz")
    return name[name.rindex(".") :] if "." in name[1:] else ""


def kind_of(file: Path, head: bytes) -> Kind:
    """Return what a file holds; refuse in a sentence what is not understood."""
    if head.startswith(b"PAR1") or ending_of(file) in PARQUET_ENDINGS:
        return "parquet"
    if head.startswith(_ZIP):
        return _kind_of_zip(file)
    if head.startswith(_OLE):
        return "excel"
    for magic, what in _FOREIGN.items():
        if head.startswith(magic) and not _may_be_text(magic, head):
            raise DataError(_refusal(file, what))
    if head[257:262] == b"ustar":
        raise DataError(_refusal(file, "a tar archive"))
    text = _decoded(head)
    if _HTML.match(text):
        what = "an HTML page, although it may open in Excel"
        raise DataError(_refusal(file, what))
    if text.lstrip().startswith("<?xml"):
        raise DataError(_refusal(file, "an XML document"))
    if _JSON.match(text) or (ending_of(file) in JSON_ENDINGS and _has_record(text)):
        return "json"
    return "text"


def _may_be_text(magic: bytes, head: bytes) -> bool:
    """Say whether letters at the start are a header, as in ``ORCHARD,date``."""
    return magic.isalpha() and b"\0" not in head[:1024]


def _decoded(head: bytes) -> str:
    """Return the first characters; good enough to recognise what is ASCII."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head[:8192].decode("utf-16", "replace")
    return head[:8192].removeprefix(codecs.BOM_UTF8).decode("latin-1")


def _has_record(text: str) -> bool:
    return any(line.lstrip().startswith(('{"', "{ ")) for line in text.splitlines())


def _refusal(file: Path, what: str) -> str:
    return f"'{file}' is {what}, not a table. Save the data as csv, xlsx or parquet."


def _kind_of_zip(file: Path) -> Kind:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            is_ods = "mimetype" in names and b"spreadsheet" in archive.read("mimetype")
    except (zipfile.BadZipFile, OSError) as error:
        what = "a zip archive or an Excel workbook that is cut short or damaged"
        raise DataError(_refusal(file, what)) from error
    if is_ods or any(name.startswith("xl/workbook") for name in names):
        return "excel"
    shown = ", ".join(names[:5]) or "nothing"
    msg = (
        f"'{file}' is a zip archive, not a table; it holds {shown}. Unpack it and name "
        "the file inside."
    )
    raise DataError(msg)
