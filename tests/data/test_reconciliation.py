import pytest
from tests.data.logs import lines

from regulars.errors import DataError


def test_unclosed_quote_that_swallows_lines_is_refused(read):
    rows = [f"c{i},2024-01-01,{i}" for i in range(100_000)]
    rows[5] = 'c5,"2024-01-01,5'
    rows[50_000] = 'c6,"2024-01-01",5'
    with pytest.raises(DataError, match=r"lines would be lost.*Row 6"):
        read(lines(*rows))


def test_line_breaks_inside_quotes_are_read_and_accounted_for(read):
    intake = read(lines('"c\n1",2024-01-01,5', "", 'c2,"2024-01-02",5'))
    assert intake.counts["transactions"].rows_in == 2
