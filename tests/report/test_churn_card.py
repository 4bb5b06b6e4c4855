"""What the card says of contracts and of labelled tables."""

from __future__ import annotations

from regulars.report.churn_card import data_facts, limits, purpose
from regulars.results import TrainingResult


def test_contracts_are_told_by_their_timeline(build):
    card = build(TrainingResult, timeline={}, horizon_days=30, gap_days=7)
    assert "ends within 30 days, after a gap of 7 days, without" in purpose(card)
    assert "notice" in limits(card)[0]


def test_table_is_told_by_its_question(build):
    card = build(TrainingResult, question="'left' is yes")
    assert purpose(card).endswith("how probable it is that 'left' is yes.")
    assert "table's own word" in limits(card)[0]


def test_rows_of_a_dated_table_are_tested_once(build):
    facts = dict(data_facts(build(TrainingResult, test={"cutoff": "2024-01-01"})))
    assert facts["Tests"] == "rows from 2024-01-01 on"
    assert facts["Rows"] is None


def test_rows_without_days_are_tested_by_splits(build):
    facts = dict(data_facts(build(TrainingResult, test_splits=[{}, {}])))
    assert facts["Tests"] == "2 stratified splits, each with a model of its own"


def test_contracts_are_counted_by_spell(build):
    survival = {"n_spells": 9, "n_ended": 4}
    facts = dict(data_facts(build(TrainingResult, timeline={}, survival=survival)))
    assert facts["Contracts"] == "9 spells, 4 of them over"
