"""Own margins of lines: read from a file, counted, in a sentence, in the ledger."""

from __future__ import annotations

import pytest

from regulars.config import parse_settings
from regulars.data.engine import connect
from regulars.data.intake import read_tables
from regulars.data.ledger import build_ledger

HEAD = "customer_id,order_time,amount"


def read(tmp_path, columns, lines):
    text = "\n".join([f"{HEAD},{columns}", *lines])
    (tmp_path / "a.csv").write_text(text + "\n")
    path = (tmp_path / "a.csv").as_posix()
    settings = parse_settings(
        f"{{name: x, source: {{transactions: {{path: '{path}'}}}}, "
        "value: {margin: 0.25}}"
    )
    return read_tables(settings, connect())


@pytest.mark.parametrize(
    ("columns", "lines", "expected"),
    [
        pytest.param(
            "cost_amount",
            ["a,2024-01-01,10,6", "a,2024-01-02,10,8"],
            "Own margin (cost_amount): 2 of 2 lines, 30.0% of their amount; "
            "value.margin is not used.",
            id="all",
        ),
        pytest.param(
            "cost_amount",
            ["a,2024-01-01,10,6", "a,2024-01-02,10,"],
            "Own margin (cost_amount): 1 of 2 lines, 40.0% of their amount; "
            "value.margin (25.0%) for the other 1.",
            id="some",
        ),
        pytest.param(
            "margin_rate",
            ["a,2024-01-01,10,0.5", "a,2024-01-02,10,-0.1"],
            "Own margin (margin_rate): 2 of 2 lines, 20.0% of their amount; "
            "value.margin is not used.",
            id="rate, one at a loss",
        ),
        pytest.param(
            "margin_rate",
            ["a,2024-01-01,10,50", "a,2024-01-02,10,40"],
            "Own margin (margin_rate): 0 of 2 lines; value.margin (25.0%) for the "
            "other 2.",
            id="hundredths are no shares",
        ),
        pytest.param(
            "cost_amount,margin_rate",
            ["a,2024-01-01,10,6,0.9", "a,2024-01-02,10,,0.2", "a,2024-01-03,10,,"],
            "Own margin (cost_amount, else margin_rate): 2 of 3 lines, 30.0% of their "
            "amount; value.margin (25.0%) for the other 1.",
            id="cost wins",
        ),
        pytest.param(
            "cost_amount",
            ["a,2024-01-01,10,6", "a,2024-01-01,10,6.00", "a,2024-01-03,-10,6"],
            "Own margin (cost_amount): 3 of 3 lines, 40.0% of their amount; "
            "value.margin is not used.",
            id="return takes its margin back",
        ),
    ],
)
def test_lines_with_their_own_margin_are_counted(tmp_path, columns, lines, expected):
    notices = read(tmp_path, columns, lines).counts["transactions"].notices
    assert [text for text in notices if text.startswith("Own margin")] == [expected]


def test_share_outside_its_bounds_is_left_empty_and_counted(tmp_path):
    lines = ["a,2024-01-01,10,50", "a,2024-01-02,10,0.5"]
    notices = read(tmp_path, "margin_rate", lines).counts["transactions"].notices
    assert any("margin_rate" in text and text.endswith("empty: 1.") for text in notices)


def test_log_without_own_margins_says_nothing_and_has_no_such_measure(tmp_path):
    intake = read(tmp_path, "quantity", ["a,2024-01-01,10,1"])
    assert not any("margin" in text for text in intake.counts["transactions"].notices)
    days = build_ledger(intake.tables["transactions"]).days
    assert not [name for name in days.columns if "margin" in name]


def test_ledger_holds_margins_in_whole_millionths(tmp_path):
    lines = [
        "a,2024-01-01,10,6",
        "a,2024-01-01,0.3,0.1",
        "a,2024-01-02,-10,6",
        "a,2024-01-03,5,",
    ]
    days = build_ledger(
        read(tmp_path, "cost_amount", lines).tables["transactions"]
    ).days
    found = days.order_by("day").select(
        "margin", "margin_amount", "margin_micros", "margin_amount_micros"
    )
    assert found.to_pandas().to_numpy().tolist() == [
        [4.2, 10.3, 4_200_000, 10_300_000],
        [-4.0, -10.0, -4_000_000, -10_000_000],
        [0.0, 0.0, 0, 0],
    ]
    assert found.schema()["margin_micros"].is_int64()
