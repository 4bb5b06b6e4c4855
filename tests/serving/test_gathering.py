"""Requests that wait are answered together, and each as if it were alone."""

from __future__ import annotations

import json

import pytest

from regulars.config import ServingSettings
from regulars.errors import RequestError
from regulars.serving.gathering import Desk, Job, answer_group, grouped
from regulars.serving.model import ModelHolder


@pytest.fixture(scope="module")
def model(settings):
    return ModelHolder(settings).model


def _jobs(model, contents):
    bodies = [json.dumps(each).encode() for each in contents]
    jobs = [Job(model, body) for body in bodies]
    return [(job, model.read(job.body, ServingSettings())) for job in jobs]


def _rows(answer):
    rows = json.loads(answer.body)["predictions"]
    return [{n: v for n, v in row.items() if n != "scored_at"} for row in rows]


def test_answers_together_are_those_alone(model, customers, asked):
    contents = [asked(customers[:2]), asked(customers[2:3]), asked(customers[3:9])]
    (group,) = grouped(_jobs(model, contents))
    answer_group(group)
    for (job, _), content in zip(group, contents, strict=True):
        ((_, alone),) = _jobs(model, [content])
        expected = _rows(model.answer([alone])[0])
        found = _rows(job.done.result())
        assert [row["customer_id"] for row in found] == [
            row["customer_id"] for row in content["dataframe_records"]
        ]
        for row, other in zip(found, expected, strict=True):
            numbers = {n for n, v in other.items() if isinstance(v, float)}
            for name, value in other.items():
                is_number = name in numbers
                same = pytest.approx(value, rel=1e-12) if is_number else value
                assert row[name] == same, name


def test_one_that_cannot_be_scored_does_not_spoil_the_others(model, customers, asked):
    wrong = json.loads(json.dumps(customers[1]))
    wrong["transactions"][0]["order_time"] = "soon"
    (group,) = grouped(_jobs(model, [asked(customers[:1]), asked([wrong])]))
    answer_group(group)
    (good, _), (bad, _) = group
    assert _rows(good.done.result())[0]["churn_probability"] is not None
    with pytest.raises(RequestError, match="cannot be used"):
        bad.done.result()


def test_desk_answers_what_waits_before_it_closes(model, customers, asked):
    desk = Desk(ServingSettings())
    body = json.dumps(asked(customers[:3])).encode()
    promised = [desk.ask(model, body) for _ in range(6)]
    given_up = desk.ask(model, body)
    given_up.cancel()
    desk.close()
    assert all(each.result().n_customers == 3 for each in promised)
