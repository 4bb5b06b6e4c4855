import pytest
from tests.data.logs import GOOD, lines

from regulars.errors import DataError


@pytest.mark.parametrize(
    ("amount", "cure"),
    [
        ('"1,234.50"', "'1,234.50' is 1234.5"),
        ("$5.00", r"'\$5.00' is 5"),
        ('"12,50"', "'12,50' does not fit"),
        ("(5.00)", r"'\(5.00\)' is -5"),
        ("12.50-", "'12.50-' is -12.5"),
    ],
)
def test_numbers_written_for_people_are_refused_with_the_cure(read, amount, cure):
    with pytest.raises(DataError, match=f"numbers written for people.*{cure}.*sql"):
        read(lines(*GOOD, f"c3,2024-01-03,{amount}"))


def test_three_decimals_alone_may_be_thousands(read):
    rows = [f"c{n},2024-01-0{n},{n}.234" for n in range(1, 4)]
    with pytest.raises(DataError, match="'amount' can be read in two ways"):
        read(lines(*rows))
    assert read(lines(*rows, *GOOD)).counts["transactions"].rows_kept == 5
