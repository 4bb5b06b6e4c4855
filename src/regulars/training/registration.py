"""Train on a problem, pass the gate, register the model and write its card."""

from __future__ import annotations

from typing import TYPE_CHECKING

import regulars
from regulars.config.addresses import host_of
from regulars.results import write_result
from regulars.results.writing import write_json
from regulars.scoring.reference import Reference
from regulars.tracking import Registered, RunRecord, Store, scratch_folder
from regulars.training.card import (
    manifest,
    run_metrics,
    run_params,
    training_card,
    training_summary,
)
from regulars.training.promotion import evaluate_challenger, n_members, save_tested
from regulars.training.train import train

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from regulars.evaluation import Decision
    from regulars.results import TrainingResult, TrainingSummary
    from regulars.training.window import Problem, Training

    Step = Callable[[str], None]
    # writes the pages of a card into a folder
    Pages = Callable[[TrainingResult, Path], None]


def train_and_register(problem: Problem, step: Step, pages: Pages) -> TrainingSummary:
    """Train, test, register; write ``training.json`` and what ``train --json`` says.

    `pages` writes the card's pages and charts into a folder.
    """
    settings = problem.settings
    training = train(problem, step)
    step("register")
    store = Store(settings.tracking.uri, settings.name, settings.tracking.artifacts)
    decision = evaluate_challenger(problem, training, store)
    card = training_card(problem, training, decision)
    registered = register(problem, training, store, decision, card, pages)
    card = card.model_copy(
        update={
            "model_version": registered.model_version,
            "run_id": registered.run_id,
        }
    )
    outputs = settings.outputs_folder
    write_result(card, outputs / "training.json")
    write_result(card, outputs / "card.json")
    fingerprint = problem.description.fingerprint
    write_json(manifest(settings, fingerprint), outputs / "manifest.json")
    return training_summary(card, registered)


def register(
    problem: Problem,
    training: Training,
    store: Store,
    decision: Decision,
    card: TrainingResult,
    pages: Pages,
) -> Registered:
    """Write a run, register the model and give it the alias if it won."""
    settings = problem.settings
    with scratch_folder() as folder:
        artifacts, model = folder / "artifacts", folder / "model"
        training.model.save(model)
        # without a serving context the endpoint takes rows of features
        if problem.serving is not None:
            problem.serving.save(model)
        if problem.past is not None:
            past = problem.past(training.model)
            Reference.of(training.model, past).save(model)
        write_result(card, model / "card.json")
        tested = None
        if training.churn_test is not None:
            tested = folder / "tested"
            save_tested(training.trials, tested)
        write_result(card, artifacts / "card.json")
        write_json(card.config, artifacts / "config.json")
        pages(card, artifacts)
        record = RunRecord(
            params=run_params(settings, training),
            metrics=run_metrics(training),
            tags={
                "regulars.fingerprint": card.fingerprint,
                "regulars.version": regulars.__version__,
                "regulars.commit": card.commit or "unknown",
                "regulars.store": host_of(settings.tracking.uri),
            },
            artifacts=artifacts,
            model=model,
            tested_model=tested,
            input_example=problem.example,
            inputs=problem.inputs,
        )
        registered = store.register(record, is_champion=decision.is_champion)
        store.tag_version(
            registered.model_version,
            {
                "champion": str(decision.is_champion).lower(),
                "reason": decision.reason,
                **version_tags(problem, training),
            },
        )
    return registered


def version_tags(problem: Problem, training: Training) -> dict[str, str]:
    """Return what the gate has to know of a version when the next one comes."""
    described = problem.description
    return {
        "kind": described.kind,
        "question": described.question,
        "fingerprint": described.fingerprint,
        "cutoff": str(described.cutoff or ""),
        "test_cutoff": str(problem.windows[0].cutoff or ""),
        "members": str(n_members(training.model)),
    }
