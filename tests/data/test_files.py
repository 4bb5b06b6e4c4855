import gzip
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.data.files import detect_delimiter, inspect_file
from regulars.data.lines import LineCounter
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


def test_bytes_of_no_known_encoding_are_refused(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes(b"id,name\n1,\x81\xff\n")
    with pytest.raises(DataError, match=r"neither UTF-8 nor Windows-1252.*0x81"):
        inspect_file(file)


def test_late_byte_decides_the_encoding(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes(b"id,name\n" + b"1,x\n" * 200_000 + b"2,\xe9\n")
    assert inspect_file(file).encoding == "cp1252"


def test_damaged_gzip_is_refused(tmp_path):
    whole = gzip.compress(b"id,name\n" + bytes(range(32, 120)) * 20_000)
    (tmp_path / "a.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"a\.csv\.gz"):
        inspect_file(tmp_path / "a.csv.gz")


def test_blank_file_is_told_apart(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf \n\n")
    assert inspect_file(tmp_path / "a.csv") is None


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n", ";"),
        ("a\tb c\n1\t2 3\n", "\t"),
        ("a|b\n1|2\n", "|"),
        (" a  b\n 1   2\n", " "),
        ('"a,x";b\n"1,2";3\n', ";"),
        ("id\n1\n", ","),
        ("first name\nAnn\n", ","),
    ],
)
def test_delimiter_is_found(text, delimiter):
    assert detect_delimiter(text) == delimiter


@given(text=st.text(alphabet="a\n\r", max_size=30), size=st.integers(1, 5))
def test_lines_are_counted_alike_however_the_file_is_cut(text, size):
    # Windows lines here: a lone carriage return is rewritten before it is counted.
    data = text.replace("\r", "\r\n").encode()
    counter = LineCounter()
    for start in range(0, len(data), size):
        counter.add(data[start : start + size])
    lines = data.decode().replace("\r\n", "\n").split("\n")
    lines = lines[:-1] if lines[-1] == "" else lines
    assert counter.count.total == len(lines)
    assert counter.count.empty == sum(line == "" for line in lines)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_character_cut_by_a_block_is_still_utf8(tmp_path, monkeypatch, size):
    monkeypatch.setattr("regulars.data.files._BLOCK", size)
    (tmp_path / "a.csv").write_text("id,name\n1,é€😀\n2,Ann\n")
    assert inspect_file(tmp_path / "a.csv").encoding == "utf-8"
    (tmp_path / "b.csv").write_bytes("id,name\n1,é".encode()[:-1] + b"\n2,Ann\n")
    assert inspect_file(tmp_path / "b.csv").encoding == "cp1252"
