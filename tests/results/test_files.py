"""Results go into a file and come out of it, or a sentence says why not."""

from __future__ import annotations

import json
from datetime import date

import pytest
from pydantic import ValidationError

from regulars.errors import DataError
from regulars.results import (
    CheckResult,
    KpiResult,
    TrainingSummary,
    as_result,
    read_result,
    write_result,
)

FORM = {"schema_version": 1, "name": "shop", "tables": {}}
CHECK = FORM | {"findings": [], "cutoff": "2024-06-01"}


@pytest.fixture
def written(tmp_path):
    """A function that writes content as JSON and returns the file."""

    def write(content):
        path = tmp_path / "check.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write


def test_result_reads_back_as_it_was(tmp_path):
    result = KpiResult(name="shop", currency="EUR", notes=("one",))
    assert (
        read_result(KpiResult, write_result(result, tmp_path / "kpis.json")) == result
    )


def test_file_holds_its_form_and_what_was_given_alone(tmp_path):
    path = write_result(KpiResult(name="shop", currency="EUR"), tmp_path / "kpis.json")
    content = json.loads(path.read_text())
    assert content == {"schema_version": 1, "name": "shop", "currency": "EUR"}


def test_days_are_written_as_days(tmp_path):
    path = write_result(CheckResult.model_validate(CHECK), tmp_path / "check.json")
    assert json.loads(path.read_text())["cutoff"] == "2024-06-01"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"schema_version": 2}, "its schema_version is 2, and this version .* reads 1"),
        ({"tables": None}, r"tables is null \(input should be a valid dict"),
        ({"colour": "red"}, "this version of regulars does not know colour in it"),
        ({"tables": {"orders": {}}}, "it lacks tables.orders.rows_in, .* and 3 more"),
    ],
)
def test_file_of_another_form_is_refused_in_a_sentence(written, change, expected):
    with pytest.raises(DataError, match=f"check.json' cannot be read: {expected}"):
        read_result(CheckResult, written(CHECK | change))


def test_sentence_names_the_command_that_writes_the_file_anew(written):
    with pytest.raises(
        DataError, match=r"it lacks findings\..*'regulars check CONFIG'"
    ):
        read_result(CheckResult, written(FORM))


def test_file_that_does_not_say_its_form_is_refused(written):
    del (content := dict(CHECK))["schema_version"]
    with pytest.raises(DataError, match="it has no schema_version, so that an older"):
        read_result(CheckResult, written(content))


@pytest.mark.parametrize(
    ("text", "expected"), [("[1]", "it holds a list"), ("{", "Expecting property name")]
)
def test_file_that_is_no_object_is_refused(tmp_path, text, expected):
    path = tmp_path / "check.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=expected):
        read_result(CheckResult, path)


def test_content_of_a_writer_is_taken_as_its_file_would_be_read():
    result = as_result(CheckResult, CHECK | {"cutoff": date(2024, 6, 1)})
    assert result == CheckResult.model_validate(CHECK)
    assert as_result(CheckResult, result) is result


def test_content_of_another_form_is_a_fault_of_the_program():
    with pytest.raises(ValidationError, match="model_uri"):
        as_result(TrainingSummary, {})
