import pytest

from regulars.data.engine import connect
from regulars.init import profile as profiling
from regulars.init.profile import profile_columns
from regulars.init.proposal import STEPS, propose
from regulars.init.sample import take_sample
from regulars.init.unknown import open_unknown

N_ROWS = 40


def profile_of(folder, *texts, header="x"):
    """Profile a column in which the texts repeat."""
    rows = [f'{i},"{texts[i % len(texts)]}"' for i in range(N_ROWS)]
    path = folder / "file.csv"
    path.write_text("\n".join([f"row,{header}", *rows]) + "\n")
    connection = connect()
    return profile_columns(open_unknown(str(path), connection, folder))[1]


@pytest.mark.parametrize(
    ("texts", "numeric", "negative", "fractions", "times", "distinct"),
    [
        (("1", "2"), 1, 0, 0, 0, 2),
        (("1.5", "-2"), 1, 0.5, 0.5, 0, 2),
        (("1.5", "null"), 1, 0, 1, 0, 1),
        (("1.5", "word"), 0.5, 0, 1, 0, 2),
        (("007", "008"), 1, 0, 0, 0, 2),
        ((" 7 ", "7"), 1, 0, 0, 0, 1),
        (("1_000", "2_000"), 0, 0, 0, 0, 2),
        (("1e400", "inf"), 0, 0, 0, 0, 2),
        (("1234567890123456789012", "2234567890123456789012"), 0, 0, 0, 0, 2),
        (("2024-01-31", "20240201"), 0.5, 0, 0, 1, 2),
        (("31.12.2023", "01.02.2024"), 0, 0, 0, 1, 2),
        (("2023-05-26 12:17:01 -0400", "x"), 0, 0, 0, 0.5, 2),
        (("12.34", "5.67"), 1, 0, 1, 0, 2),
        (("", " "), 0, 0, 0, 0, 0),
    ],
)
def test_shares_of_a_column(
    tmp_path, texts, numeric, negative, fractions, times, distinct
):
    found = profile_of(tmp_path, *texts)
    shares = (found.numeric_share, found.negative_share, found.fraction_share)
    assert shares == (numeric, negative, fractions)
    assert (found.time_share, found.n_distinct) == (times, distinct)
    assert found.n_rows == N_ROWS


def test_numbers_are_never_tried_as_dates(tmp_path, monkeypatch):
    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr(profiling, "find_time_format", refuse)
    assert profile_of(tmp_path, "12.34", "05.06", "1.2024").time_format is None


def test_a_column_takes_one_query(tmp_path, monkeypatch):
    header = ",".join(f"c{i}" for i in range(50))
    rows = [",".join(f"{i * j}.25" for j in range(50)) for i in range(N_ROWS)]
    (tmp_path / "wide.csv").write_text("\n".join([header, *rows]) + "\n")
    connection = connect()
    raw = open_unknown(str(tmp_path / "wide.csv"), connection, tmp_path)
    sample = take_sample(raw, connection)
    asked = []
    raw_sql = connection.raw_sql
    monkeypatch.setattr(
        connection, "raw_sql", lambda sql: asked.append(sql) or raw_sql(sql)
    )
    assert len(profile_columns(raw, sample)) == 50
    assert len(asked) == 50


def test_few_values_are_all_among_the_examples(tmp_path):
    assert profile_of(tmp_path, "no", "yes", "maybe").examples == ("maybe", "no", "yes")


def test_a_fault_of_the_times_is_kept(tmp_path):
    found = profile_of(tmp_path, "26/05/2023 12:00:00 IST", "27/05/2023 12:00:00 IST")
    assert "several meanings" in found.time_fault


def test_init_says_what_it_does(tmp_path):
    rows = [f"c{i % 7},2023-{i % 12 + 1:02d}-05,{i}.5" for i in range(N_ROWS)]
    path = tmp_path / "log.csv"
    path.write_text("\n".join(["customer,date,amount", *rows]) + "\n")
    steps = []
    propose([str(path)], step=steps.append)
    assert steps == list(STEPS)
