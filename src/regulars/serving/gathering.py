"""Threads that answer requests; what waits meanwhile is answered together.

Scoring one customer costs nearly as much as scoring fifty, so that many small requests
at once are answered at once. A request that comes alone waits for nobody.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from regulars.config import ServingSettings
    from regulars.serving.model import Answer, ServedModel
    from regulars.serving.parsing import Question

# one scores small requests while another works on a large one
THREADS = 2
# large bodies are answered alone: others would wait for them
TOGETHER_BYTES = 200_000


@dataclass(frozen=True)
class Job:
    """A request on its way to its answer."""

    model: ServedModel
    body: bytes
    done: Future[Answer] = field(default_factory=Future)


class Desk:
    """Takes requests and promises their answers."""

    def __init__(self, limits: ServingSettings) -> None:
        self._limits = limits
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"scoring-{number}", daemon=True)
            for number in range(THREADS)
        ]
        for thread in self._threads:
            thread.start()

    def ask(self, model: ServedModel, body: bytes) -> Future[Answer]:
        """Promise the answer of a model to a body."""
        job = Job(model, body)
        self._jobs.put(job)
        return job.done

    def close(self) -> None:
        """Answer what waits, and stop."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            read = [*self._read([job, *self._waiting(len(job.body))])]
            for group in grouped(read):
                answer_group(group)

    def _waiting(self, n_bytes: int) -> Iterator[Job]:
        """Give the jobs that wait, as long as they are small together."""
        with suppress(Empty):
            while n_bytes < TOGETHER_BYTES:
                job = self._jobs.get_nowait()
                if job is None:  # it is for a thread that waits
                    self._jobs.put(None)
                    return
                n_bytes += len(job.body)
                yield job

    def _read(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Asked]]:
        for job in jobs:
            # who has given up waiting is not answered
            if not job.done.set_running_or_notify_cancel():
                continue
            try:
                yield job, job.model.read(job.body, self._limits)
            except Exception as error:
                job.done.set_exception(error)


if TYPE_CHECKING:
    Asked = Question | pd.DataFrame
    Group = list[tuple[Job, Asked]]


def grouped(read: Group) -> list[Group]:
    """Return the questions in groups that can be answered together."""
    groups: list[Group] = []
    for job, asked in read:
        for group in groups:
            first, question = group[0]
            if (
                not isinstance(asked, pd.DataFrame)
                and not isinstance(question, pd.DataFrame)
                and first.model is job.model
                and all(asked.goes_with(other) for _, other in group)  # type: ignore[arg-type]
            ):
                group.append((job, asked))
                break
        else:
            groups.append([(job, asked)])
    return groups


def answer_group(group: Group) -> None:
    """Keep the promises of questions that can be answered together."""
    jobs = [job for job, _ in group]
    try:
        answers = jobs[0].model.answer([asked for _, asked in group])
    except Exception as error:
        if len(group) == 1:
            jobs[0].done.set_exception(error)
            return
        for each in group:  # one that cannot be scored is not to spoil the others
            answer_group([each])
        return
    for job, answer in zip(jobs, answers, strict=True):
        job.done.set_result(answer)
