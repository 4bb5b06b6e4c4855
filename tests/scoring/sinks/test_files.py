from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time

import pandas as pd
import pyarrow.parquet as pq
import pytest

from regulars.errors import ConfigError
from regulars.results.writing import make_folder, replacing, write_json, write_text
from regulars.scoring.sinks import write_scores

SCORES = pd.DataFrame(
    {
        "customer_id": ["a", "b"],
        "risk_reasons": [["silent", "new"], []],
        "stay_reasons": [[], ["many orders"]],
        "scored_at": pd.to_datetime(["2024-01-01 09:00"] * 2, utc=True),
    }
)


def test_parquet_gives_back_what_was_written(tmp_path):
    path = write_scores(SCORES, tmp_path / "deep" / "scores.parquet")
    found = pd.read_parquet(path)
    for name in ("risk_reasons", "stay_reasons"):
        assert found[name].map(list).tolist() == SCORES[name].tolist()
    assert found["scored_at"].tolist() == SCORES["scored_at"].tolist()
    assert str(pq.read_schema(path).field("scored_at").type) == "timestamp[us, tz=UTC]"


def test_csv_joins_the_reasons(tmp_path):
    path = write_scores(SCORES, str(tmp_path / "scores.csv"))
    assert path.read_text().splitlines()[1:] == [
        "a,silent; new,,2024-01-01 09:00:00+00:00",
        "b,,many orders,2024-01-01 09:00:00+00:00",
    ]


def test_csv_needs_no_reasons(tmp_path):
    path = write_scores(SCORES[["customer_id"]], tmp_path / "scores.csv")
    assert path.read_text() == "customer_id\na\nb\n"


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"must end in \.parquet or \.csv"):
        write_scores(SCORES, tmp_path / "scores.xlsx")


def test_written_file_is_for_others_to_read(tmp_path):
    assert write_text("x", tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644


def test_json_refuses_what_json_cannot_hold(tmp_path):
    (tmp_path / "a.json").write_text("old")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json({"x": float("nan")}, tmp_path / "a.json")
    assert (tmp_path / "a.json").read_text() == "old"


def test_json_holds_dates_as_words(tmp_path):
    path = write_json({"day": pd.Timestamp("2024-01-02").date()}, tmp_path / "a.json")
    assert json.loads(path.read_text()) == {"day": "2024-01-02"}


def test_target_stays_when_the_writer_fails(tmp_path):
    target = tmp_path / "scores.csv"
    target.write_text("old")
    with (  # noqa: PT012 - the half-written file is the point
        pytest.raises(RuntimeError, match="in the middle"),
        replacing(target) as temporary,
    ):
        temporary.write_text("half")
        raise RuntimeError("in the middle")
    assert [path.name for path in tmp_path.iterdir()] == ["scores.csv"]
    assert target.read_text() == "old"


def test_full_disk_is_reported_and_the_target_stays(tmp_path):
    target = tmp_path / "scores.csv"
    target.write_text("old")
    with (
        pytest.raises(ConfigError, match=r"scores\.csv': No space left.*outputs"),
        replacing(target),
    ):
        raise OSError(28, "No space left on device")
    assert target.read_text() == "old"


def test_folder_under_a_file_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"Cannot write .*out'.*Not a directory"):
        make_folder(tmp_path / "file" / "out")


def test_target_that_is_a_folder_is_reported(tmp_path):
    (tmp_path / "scores.csv").mkdir()
    with pytest.raises(ConfigError, match=r"Cannot write .*scores\.csv"):
        write_scores(SCORES, tmp_path / "scores.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["scores.csv"]


SLOW_WRITER = """
import sys, time
from pathlib import Path
import pandas as pd
from regulars.scoring.sinks import files

def slow(scores, path):
    with Path(path).open("wb") as file:
        file.write(b"half of the new scores")
        file.flush()
        print("writing", flush=True)
        time.sleep(60)

files._WRITERS[".parquet"] = slow
files.write_scores(pd.DataFrame({"customer_id": ["new"]}), sys.argv[1])
"""


def test_old_scores_stay_whole_when_the_writer_is_killed(tmp_path):
    target = write_scores(SCORES, tmp_path / "scores.parquet")
    before = target.read_bytes()
    writer = subprocess.Popen(
        [sys.executable, "-c", SLOW_WRITER, str(target)],
        stdout=subprocess.PIPE,
        text=True,
    )
    with writer:
        assert writer.stdout.readline() == "writing\n"
        writer.send_signal(signal.SIGKILL)
        assert writer.wait(timeout=30) == -signal.SIGKILL
    assert target.read_bytes() == before
    # whoever looks for scores by their name finds the old ones only
    assert [*tmp_path.glob("scores*")] == [target]
    write_scores(SCORES.tail(1), target)
    assert pd.read_parquet(target)["customer_id"].tolist() == ["b"]


READER = """
import sys, time
from pathlib import Path
import pandas as pd
from regulars.scoring.sinks import write_scores
for k in range(40):
    write_scores(pd.DataFrame({"customer_id": [str(k)] * 2000}), sys.argv[1])
"""


def test_reader_never_finds_half_a_table(tmp_path):
    target = write_scores(
        pd.DataFrame({"customer_id": ["old"] * 2000}), tmp_path / "scores.parquet"
    )
    with subprocess.Popen([sys.executable, "-c", READER, str(target)]) as writer:
        reads = 0
        while writer.poll() is None:
            with target.open("rb") as file:  # a path would be opened twice
                found = pd.read_parquet(file)["customer_id"]
            assert (len(found), found.nunique()) == (2000, 1)
            reads += 1
            time.sleep(0.005)
    assert writer.returncode == 0
    assert reads > 0


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_csv_holds_no_formula(tmp_path, sign):
    evil = f'{sign}HYPERLINK("http://x";"y")'
    scores = SCORES.assign(
        customer_id=[evil, "a=b"],
        segment=["-Lost", None],
        risk_reasons=[[evil, "new"], ["late"]],
        clv=[-3.5, 2.0],
    )
    path = write_scores(scores, tmp_path / "scores.csv")
    # newline="": a carriage return in a cell is its own
    with path.open(newline="") as file:
        first, second = csv.DictReader(file)
    assert first["customer_id"] == f"'{evil}"
    assert first["risk_reasons"] == f"'{evil}; new"
    assert (first["segment"], first["clv"]) == ("'-Lost", "-3.5")
    assert (second["customer_id"], second["risk_reasons"]) == ("a=b", "late")
    assert (second["segment"], second["clv"]) == ("", "2.0")


def test_parquet_holds_ids_as_they_are(tmp_path):
    scores = SCORES.assign(customer_id=["=1", "-2"])
    path = write_scores(scores, tmp_path / "scores.parquet")
    assert pd.read_parquet(path)["customer_id"].tolist() == ["=1", "-2"]


def test_numbers_that_name_customers_are_no_texts(tmp_path):
    path = write_scores(SCORES.assign(customer_id=[-1, 2]), tmp_path / "scores.csv")
    assert path.read_text().splitlines()[1].startswith("-1,")
