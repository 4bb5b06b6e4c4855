import zipfile

import pytest

from regulars.data.contents import ending_of
from regulars.data.files import inspect_file
from regulars.errors import DataError


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"PK\x03\x04", "Excel workbook"),
        (b"<html><body><table><tr><td>id", "an HTML page"),
        (b"\n<!-- shop -->\n<!DOCTYPE html>", "an HTML page"),
        (b"\xef\xbb\xbf<meta charset='utf-8'><table>", "an HTML page"),
        ("<table><tr>".encode("utf-16"), "an HTML page"),
        (b'<?xml version="1.0"?>\n<html xmlns="x">', "an HTML page"),
        (b'<?xml version="1.0"?>\n<orders>', "an XML document"),
        (b"\x1f\x8b\x08\x00", "add .gz to its name"),
        (b"ARROW1\x00\x00", "Arrow"),
        (b"7z\xbc\xaf", "7-Zip"),
        (b"BZh91AY&SY\x00", "bzip2"),
        (b"a" * 257 + b"ustar", "a tar archive"),
        (b"SQLite format 3", "SQLite"),
        (b"%PDF-1.7", "PDF"),
        (b"a,b\n\x00\x01", "NUL bytes"),
    ],
)
def test_foreign_file_is_refused_by_name(tmp_path, start, what):
    file = tmp_path / "orders.csv"
    file.write_bytes(start + b"x" * 100)
    with pytest.raises(DataError, match=what):
        inspect_file(file)


def test_zip_is_refused_with_what_it_holds(tmp_path):
    with zipfile.ZipFile(tmp_path / "orders.xls", "w") as archive:
        archive.writestr("orders.csv", "id,n\n1,2\n")
    with pytest.raises(DataError, match=r"zip archive.*it holds orders\.csv\. Unpack"):
        inspect_file(tmp_path / "orders.xls")


@pytest.mark.parametrize(
    "header", ["<TICKER>,<DATE>", "ORCHARD,n", "ARROW1,n", "[id],[n]", "{id},n", "BZh"]
)
def test_header_that_begins_like_something_else_is_text(tmp_path, header):
    (tmp_path / "a.csv").write_text(f"{header}\n1,2\n")
    assert inspect_file(tmp_path / "a.csv").kind == "text"


@pytest.mark.parametrize(
    ("name", "ending"),
    [("a.CSV", ".csv"), ("a.b.csv.gz", ".csv"), ("part-0001", ""), (".csv", "")],
)
def test_ending_of_a_name(tmp_path, name, ending):
    assert ending_of(tmp_path / name) == ending
