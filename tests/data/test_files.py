import gzip

import pytest

from regulars.data.files import detect_delimiter, inspect_file, rewrite
from regulars.errors import DataError


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


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_character_cut_by_a_block_is_still_utf8(tmp_path, monkeypatch, size):
    monkeypatch.setattr("regulars.data.files._BLOCK", size)
    (tmp_path / "a.csv").write_text("id,name\n1,é€😀\n2,Ann\n")
    assert inspect_file(tmp_path / "a.csv").encoding == "utf-8"
    (tmp_path / "b.csv").write_bytes("id,name\n1,é".encode()[:-1] + b"\n2,Ann\n")
    assert inspect_file(tmp_path / "b.csv").encoding == "cp1252"


def test_header_is_the_first_record_with_its_names_as_they_stand(tmp_path):
    (tmp_path / "a.csv").write_text('\n id ;"a;b";ID\n7;x;8\n')
    source = inspect_file(tmp_path / "a.csv")
    assert source.header == ("id", "a;b", "ID")
    assert source.starts_blank


def test_runs_of_blanks_are_rewritten_as_tabs(tmp_path):
    (tmp_path / "a.txt").write_text(" id  date\n 7  20240101\n")
    source = rewrite(inspect_file(tmp_path / "a.txt"), tmp_path / "b.tsv")
    assert source.path.read_text() == "id\tdate\n7\t20240101\n"
    assert source.is_plain
    assert source.origin == tmp_path / "a.txt"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_short_line_does_not_move_the_separator(delimiter):
    lines = ["id,time,amount", "7,2024-01-01,5", "8,2024-01-02", "9,2024-01-03,5,x"]
    assert detect_delimiter("\n".join(lines).replace(",", delimiter)) == delimiter
