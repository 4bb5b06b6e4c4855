"""No content of a column ends in anything but a reading or a sentence."""

import duckdb
import pytest

from regulars.config import parse_settings
from regulars.data.engine import connect
from regulars.data.intake import read_tables
from regulars.data.ledger import build_ledger
from regulars.errors import ConfigError, DataError
from regulars.init.profile import profile_columns
from regulars.init.proposal import propose
from regulars.init.unknown import open_unknown

N_ROWS = 60


def write(folder, **columns):
    """Write a log of 60 rows; each column is a function of the row's number."""
    usual = {
        "customer_id": lambda i: f"c{i % 7}",
        "order_time": lambda i: f"2023-{i % 12 + 1:02d}-{i % 28 + 1:02d}",
        "amount": lambda i: f"{i % 9 + 1}.5",
    }
    columns = usual | columns
    rows = [",".join(columns)]
    rows += [",".join(str(of(i)) for of in columns.values()) for i in range(N_ROWS)]
    path = folder / "log.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def read(path):
    text = f"name: x\nsource: {{transactions: {{path: '{path}', max_bad_share: 1}}}}"
    intake = read_tables(parse_settings(text), connect())
    return intake, intake.counts["transactions"]


VALUES = {
    "22 digits": lambda i: 10**21 + i * 7919,
    "40 digits": lambda i: -(10**39) - i,
    "400 digits": lambda i: 10**399 + i,
    "1e400": lambda i: "1e400",
    "1e308": lambda i: "-1e308" if i % 2 else "1e308",
    "words": lambda i: ("inf", "-inf", "nan")[i % 3],
    "leading zeros": lambda i: f"{i:08d}",
    "beyond 64 bits": lambda i: 18446744073709551615,
    "seconds": lambda i: 1685103421 + i * 86400,
    "far seconds": lambda i: 99999999999999999,
    "1e18": lambda i: "1e18",
    "hexadecimal": lambda i: "0x1F",
    "underscores": lambda i: "1_000",
    "far days": lambda i: ("9999-12-31", "0001-01-01", "290000-01-01")[i % 3],
    "long text": lambda i: "x" * 10_000,
    "brackets": lambda i: ("(5)", "[1]", "{x}", "{plain}")[i % 4],
}


@pytest.mark.parametrize("column", ["more", "customer_id", "amount", "quantity"])
@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_any_content_is_read_or_refused(tmp_path, column, values):
    path = write(tmp_path, **{column: values})
    told = [refusal_of(lambda: propose([str(path)])), refusal_of(lambda: use(path))]
    for message in filter(None, told):
        assert column == "amount"
        assert "amount" in message


def use(path):
    intake, counts = read(path)
    assert counts.rows_in == N_ROWS
    build_ledger(intake.tables["transactions"])


def refusal_of(work):
    try:
        work()
    except (ConfigError, DataError) as error:
        return str(error)
    return None


@pytest.mark.parametrize("values", ["22 digits", "leading zeros", "400 digits"])
def test_long_digits_are_ids_and_keep_every_digit(tmp_path, values):
    path = write(tmp_path, customer_id=VALUES[values])
    intake, counts = read(path)
    assert counts.facts["n_customers"] == N_ROWS
    kept = intake.tables["transactions"].customer_id.to_pyarrow().to_pylist()
    assert set(kept) == {str(VALUES[values](i)) for i in range(N_ROWS)}


@pytest.mark.parametrize("values", ["22 digits", "40 digits", "400 digits"])
def test_digits_beyond_a_float_are_text_to_the_guess(tmp_path, values):
    path = write(tmp_path, tracking=VALUES[values])
    raw = open_unknown(str(path), connect(), tmp_path)
    (profile,) = [p for p in profile_columns(raw) if p.name == "tracking"]
    assert profile.is_text
    assert (profile.numeric_share, profile.time_share) == (0, 0)
    assert profile.n_distinct == N_ROWS


@pytest.mark.parametrize(
    ("expression", "ids"),
    [
        ("(1000000000000000000000 + i)::DECIMAL(38,0)", "1000000000000000000007"),
        ("i::DECIMAL(38,0)", 7),
        ("i::DECIMAL(18,0)", 7),
        ("(18446744073709551500 + i)::UBIGINT", 18446744073709551507),
        ("i::DOUBLE", 7),
        ("i % 2 = 0", "false"),
        ("('x' || i)::BLOB", "x7"),
        ("[i, 1]", "[7, 1]"),
        ("{'a': i}", "{'a': 7}"),
    ],
)
def test_ids_of_any_type_are_told_apart(tmp_path, expression, ids):
    assert ids in read_parquet(tmp_path, expression).to_pyarrow().to_pylist()


@pytest.mark.parametrize("expression", ["1e22 + i", "'inf'::DOUBLE", "i + 0.5::DOUBLE"])
def test_floats_that_are_no_ids_are_faults(tmp_path, expression):
    with pytest.raises(DataError, match="60 with customer_id that is not a whole numb"):
        read_parquet(tmp_path, expression)


def read_parquet(folder, expression):
    path = folder / "log.parquet"
    duckdb.sql(
        f"COPY (SELECT {expression} AS customer_id, DATE '2023-01-01' + i::INTEGER AS "
        f"order_time, 5.5 AS amount FROM range({N_ROWS}) AS t(i)) TO '{path}'"
    )
    intake, counts = read(path)
    assert counts.rows_kept == N_ROWS
    return intake.tables["transactions"].customer_id


def test_sums_beyond_what_is_exact_are_refused(tmp_path):
    path = write(tmp_path, amount=lambda i: 999_999_999_999)
    with pytest.raises(DataError, match=r"add up to 6e\+13; sums are exact up to"):
        read(path)
