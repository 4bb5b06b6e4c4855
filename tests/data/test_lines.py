import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.data.lines import UNIT, LineCount, LineCounter, RowWriter, text_of_float


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


@pytest.mark.parametrize(
    ("total", "returns", "mixed"), [(2, 0, False), (2, 1, True), (2, 2, False)]
)
def test_line_ends_are_mixed_when_only_some_have_a_return(total, returns, mixed):
    assert LineCount(total=total, returns=returns).mixed_ends is mixed


def test_rows_are_written_with_breaks_inside_quotes(tmp_path):
    with RowWriter(tmp_path / "a.txt") as writer:
        writer.add(["id", "note"])
        writer.add([7, "two\nlines"])
        lines = writer.count
    text = (tmp_path / "a.txt").read_text()
    assert text == f'id{UNIT}note\n7{UNIT}"two\nlines"\n'
    assert (lines.total, lines.has_quotes) == (3, True)


@pytest.mark.parametrize(("width", "n_fields"), [(1, 2), (2, 1)])
def test_broken_line_never_has_as_many_fields_as_a_row(tmp_path, width, n_fields):
    with RowWriter(tmp_path / "a.txt") as writer:
        writer.add(["x"] * width)
        writer.add_broken('"no record\n')
    last = (tmp_path / "a.txt").read_text().splitlines()[-1]
    assert len(last.split(UNIT)) == n_fields
    assert not last.startswith('"')


@pytest.mark.parametrize(
    ("value", "text"),
    [(7.0, "7"), (7.5, "7.5"), (float("nan"), "NaN"), (1e15, "1000000000000000.0")],
)
def test_whole_floats_lose_their_point(value, text):
    assert text_of_float(value) == text
