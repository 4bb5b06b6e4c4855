"""Logs as files, read; and a small writer of xlsx workbooks, which needs no package."""

from __future__ import annotations

import datetime
import zipfile
from xml.sax.saxutils import escape

import pytest
from tests.data.logs import TODAY

from regulars.config import parse_settings
from regulars.data.engine import connect
from regulars.data.intake import read_tables

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_EPOCH = datetime.datetime(1899, 12, 30)
_DAY = datetime.timedelta(days=1)


@pytest.fixture
def read(tmp_path):
    """Write a text to a file and read it as transactions."""

    def run(text, *, extra="", source="", top="", name="log.csv", **options):
        file = tmp_path / name
        if text is not None:
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
        share = "" if "max_bad_share" in extra else "    max_bad_share: 1.0\n"
        yaml = (
            f"name: t\n{top}\nsource:\n{source}\n"
            f"  transactions:\n    path: '{file}'\n{share}{extra}\n"
        )
        return read_tables(parse_settings(yaml), connect(), today=TODAY, **options)

    return run


@pytest.fixture
def read_files(tmp_path, monkeypatch):
    """Write files by name and read one table of settings."""
    monkeypatch.chdir(tmp_path)

    def _read(files: dict[str, str], table: str):
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        text = f"name: a\nsource:\n  transactions: {{{table}}}\n"
        return read_tables(parse_settings(text), connect())

    return _read


@pytest.fixture
def make_workbook(tmp_path):
    """Write sheets of rows; `merged` holds ranges by sheet."""

    def make(sheets, name="orders.xlsx", merged=None, hidden=()):
        file = tmp_path / name
        parts = _parts(sheets, merged or {}, hidden)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for place, text in parts.items():
                archive.writestr(place, f'<?xml version="1.0"?>{text}')
        return file

    return make


def _parts(sheets, merged, hidden):
    types = f'<Types xmlns="{_PACKAGE}/content-types"/>'
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{number}" r:id="r{number}" '
        f'state="{_state(name in hidden)}"/>'
        for number, name in enumerate(sheets, 1)
    )
    links = "".join(
        _link(f"r{number}", "worksheet", f"worksheets/sheet{number}.xml")
        for number in range(1, len(sheets) + 1)
    )
    root = _link("r1", "officeDocument", "xl/workbook.xml")
    styles = '<xf numFmtId="0"/><xf numFmtId="22"/><xf numFmtId="14"/>'
    parts = {
        "[Content_Types].xml": types,
        "_rels/.rels": _relationships(root),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        f"{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relationships(
            links + _link("s", "styles", "styles.xml")
        ),
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs>{styles}</cellXfs>'
        "</styleSheet>",
    }
    for number, (name, rows) in enumerate(sheets.items(), 1):
        place = f"xl/worksheets/sheet{number}.xml"
        parts[place] = _sheet(rows, merged.get(name, ()))
    return parts


def _state(is_hidden):
    return "hidden" if is_hidden else "visible"


def _link(name, kind, target):
    return f'<Relationship Id="{name}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


def _relationships(links):
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'


def _sheet(rows, merged):
    body = "".join(
        f'<row r="{number}">'
        + "".join(
            _cell(f"{chr(65 + column)}{number}", value)
            for column, value in enumerate(row)
        )
        + "</row>"
        for number, row in enumerate(rows, 1)
    )
    ranges = "".join(f'<mergeCell ref="{each}"/>' for each in merged)
    ranges = f"<mergeCells>{ranges}</mergeCells>" if ranges else ""
    return (
        f'<worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData>{ranges}</worksheet>'
    )


def _cell(place, value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, (int, float)):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    if isinstance(value, datetime.date):
        is_time = isinstance(value, datetime.datetime)
        moment = value if is_time else datetime.datetime(*value.timetuple()[:3])
        serial = (moment - _EPOCH) / _DAY
        return f'<c r="{place}" s="{1 if is_time else 2}"><v>{serial!r}</v></c>'
    text = f'<t xml:space="preserve">{escape(value)}</t>'
    return f'<c r="{place}" t="inlineStr"><is>{text}</is></c>'
