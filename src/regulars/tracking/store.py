"""The runs and registered models of one name, and which version is the champion.

MLflow is imported when it is needed, and its global state (tracking URI, active run) is
left as it was found.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from regulars.config.addresses import host_of
from regulars.errors import DataError
from regulars.models.model_files import seal
from regulars.models.retention import RetentionModel
from regulars.tracking.connection import Connection
from regulars.tracking.environment import addressed, quiet
from regulars.tracking.fetching import model_folder, run_folder
from regulars.tracking.locations import ARTIFACTS, artifact_location, is_database
from regulars.tracking.records import Registered
from regulars.tracking.wheel import write_wheel
from regulars.tracking.writing import MODEL_FOLDER, log_model, log_record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from regulars.tracking.records import RunRecord

CHAMPION = "champion"
PREVIOUS = "previous_champion"
PROVENANCE = "provenance.json"
TESTED_FOLDER = "tested_model"
_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND")


class Store(Connection):
    """The runs and registered models of one name in an MLflow store.

    Parameters
    ----------
    uri : str
        MLflow tracking URI; the folder of an SQLite file is made if it is not there.
    name : str
        Experiment and registered model.
    artifacts : str, optional
        Folder or address of the files of a new experiment; see ``tracking.artifacts``.
    """

    def __init__(self, uri: str, name: str, artifacts: str | None = None) -> None:
        super().__init__(uri)
        self.name = name
        self.artifacts = artifacts

    def champion_version(self) -> str | None:
        """Return the version that has the alias, or None."""
        from mlflow.exceptions import MlflowException

        if self.is_missing():
            return None
        with quiet():
            try:
                version = self.client.get_model_version_by_alias(self.name, CHAMPION)
            except MlflowException as error:
                # only "there is none" means none: a locked store must not crown
                # the next model as the first
                if error.error_code in _ABSENT:
                    return None
                raise
        return str(version.version)

    def load(self, version: str | None = None) -> tuple[RetentionModel, Registered]:
        """Load a registered model, the champion unless a version is named."""
        folder, registered = self.fetch(version)
        return RetentionModel.load(folder), registered

    def fetch(self, version: str | None = None) -> tuple[Path, Registered]:
        """Fetch the folder of a registered model, the champion's by default."""
        version = version or self.champion_version()
        if version is None or self.is_missing():
            msg = f"{self._no_champion()}. Train one first: regulars train CONFIG."
            raise DataError(msg)
        from mlflow.exceptions import MlflowException

        uri = f"models:/{self.name}/{version}"
        start = f"Cannot load model {uri} from '{host_of(self.uri)}'"
        with quiet(), addressed(self.address):
            try:
                run_id = self.client.get_model_version(self.name, version).run_id
                folder = model_folder(self.client, self.local, self.name, version)
            except (MlflowException, OSError) as error:
                reason = getattr(error, "message", None) or str(error)
                msg = f"{start}: {reason}"
                raise DataError(msg) from error
        model = folder / "data" / MODEL_FOLDER
        if not model.is_dir():
            msg = (
                f"{start}: its files are not in '{folder}'. Copy the folder "
                f"'{ARTIFACTS}' together with the store, or train again."
            )
            raise DataError(msg)
        return model, Registered(uri, version, str(run_id))

    def is_lost(self, version: str) -> bool:
        """Return whether the files of a registered model are missing.

        A tracking server is not asked: its files are fetched when they are needed.
        """
        if self.local is None and not is_database(self.uri):
            return False
        try:
            self.fetch(version)
        except DataError:
            return True
        return False

    def _no_champion(self) -> str:
        start = f"There is no champion called '{self.name}' in '{host_of(self.uri)}'"
        if self.local is None or not self.is_missing():
            return start
        return f"{start} (there is no file '{self.local.database.absolute()}')"

    def load_tested(self, version: str) -> RetentionModel | None:
        """Load the model that a registered model was tested with.

        None where the log was too short for a test window.
        """
        path = self.fetch_tested(version)
        return None if path is None else RetentionModel.load(path)

    def fetch_tested(self, version: str) -> Path | None:
        """Fetch the folder of the model that a registered model was tested with.

        None where there was no test.
        """
        from mlflow.exceptions import MlflowException

        with quiet(), addressed(self.address):
            run_id = self.client.get_model_version(self.name, version).run_id
            try:
                path = run_folder(self.client, self.local, str(run_id), TESTED_FOLDER)
            except (MlflowException, OSError):
                return None
        return path if (path / "model.json").is_file() else None

    def register(self, record: RunRecord, *, is_champion: bool) -> Registered:
        """Write a run, register its model, and give it the alias if it won."""
        with quiet(), addressed(self.address):
            import mlflow

            experiment = self._experiment()
            with mlflow.start_run(experiment_id=experiment) as run:
                log_record(record)
                if record.tested_model:
                    mlflow.log_artifacts(str(record.tested_model), TESTED_FOLDER)
                version = self._register_model(record, run.info.run_id)
            if is_champion:
                self._crown(version)
        return Registered(f"models:/{self.name}/{version}", version, run.info.run_id)

    def version_tags(self, version: str) -> dict[str, str]:
        """Return the tags of a registered version."""
        with quiet():
            tags = self.client.get_model_version(self.name, version).tags
        return dict(tags)

    def served_at(self, day: str) -> str | None:
        """Return the champion of a day (ISO): the latest that had not learnt from it.

        None where no version had been a champion with data before that day.
        """
        with quiet():
            versions = self.client.search_model_versions(f"name = '{self.name}'")
        known = [
            (each.tags["cutoff"], int(each.version))
            for each in versions
            if "champion_since" in each.tags and "" < each.tags.get("cutoff", "") <= day
        ]
        return str(max(known)[1]) if known else None

    def rollback(self, to: str | None = None) -> tuple[str, str]:
        """Give the alias back to an earlier champion; return who lost and who took it.

        By default to the version that the champion took it from, as its tags record.
        """
        current = self.champion_version()
        if current is None:
            msg = (
                f"{self._no_champion()}, so there is nothing to roll back. Train one "
                "first: regulars train CONFIG."
            )
            raise DataError(msg)
        target = to or self.version_tags(current).get(PREVIOUS)
        if target is None:
            msg = (
                f"Version {current} of '{self.name}' took the alias from no earlier "
                "champion. Name the version to go back to: --to VERSION."
            )
            raise DataError(msg)
        self._check_version(target, current)
        self.relocate()
        self.client.set_registered_model_alias(self.name, CHAMPION, target)
        self.tag_version(current, {"champion": "false", "rolled_back_to": target})
        self.tag_version(target, {"champion": "true", "champion_since": _now()})
        return current, target

    def _check_version(self, version: str, current: str) -> None:
        with quiet():
            versions = self.client.search_model_versions(f"name = '{self.name}'")
        known = sorted((str(each.version) for each in versions), key=int)
        if version not in known or version == current:
            why = "is the champion" if version == current else "is not there"
            msg = (
                f"Version {version} of '{self.name}' {why}. Registered versions: "
                f"{', '.join(known)}. Pass another one."
            )
            raise DataError(msg)

    def _crown(self, version: str) -> None:
        """Give the alias to a version, and note whom it took it from."""
        before = self.champion_version()
        tags = {"champion_since": _now()}
        if before is not None:
            tags[PREVIOUS] = before
        self.client.set_registered_model_alias(self.name, CHAMPION, version)
        self.tag_version(version, tags)
        if before is not None:
            self.tag_version(before, {"champion": "false", "replaced_by": version})

    def record_runs(self, parent: RunRecord, children: Mapping[str, RunRecord]) -> str:
        """Write a run and runs nested in it, without a model; return its id."""
        with quiet(), addressed(self.address):
            import mlflow

            experiment = self._experiment()
            with mlflow.start_run(
                experiment_id=experiment, run_name=parent.tags.get("name")
            ) as run:
                log_record(parent)
                for name, child in children.items():
                    with mlflow.start_run(
                        experiment_id=experiment, run_name=name, nested=True
                    ):
                        log_record(child)
        return str(run.info.run_id)

    def tag_version(self, version: str, tags: Mapping[str, str]) -> None:
        """Write tags to a registered version."""
        with quiet():
            for key, value in tags.items():
                self.client.set_model_version_tag(self.name, version, key, value)

    def _register_model(self, record: RunRecord, run_id: str) -> str:
        """Log the model with its own version and run written into it.

        The registry counts versions up; should another training take the number in
        between, the version is given back and the next one is tried.
        """
        while True:
            expected = str(self._latest_version() + 1)
            provenance = {"model_version": expected, "run_id": run_id}
            if record.model is not None:
                (record.model / PROVENANCE).write_text(json.dumps(provenance))
                write_wheel(record.model)
                seal(record.model)
            version = self._new_version(log_model(record), run_id)
            if version == expected:
                return version
            self.client.delete_model_version(self.name, version)

    def _latest_version(self) -> int:
        newest = self.client.search_model_versions(
            f"name='{self.name}'", order_by=["version_number DESC"], max_results=1
        )
        return int(newest[0].version) if newest else 0

    def _new_version(self, info: Any, run_id: str) -> str:
        from mlflow.exceptions import MlflowException

        try:
            self.client.get_registered_model(self.name)
        except MlflowException as error:
            if error.error_code not in _ABSENT:
                raise
            self.client.create_registered_model(self.name)
        version = self.client.create_model_version(
            self.name, info.model_uri, run_id=run_id, model_id=info.model_id
        )
        return str(version.version)

    def _experiment(self) -> str:
        self.relocate()
        experiment = self.client.get_experiment_by_name(self.name)
        if experiment is not None:
            return str(experiment.experiment_id)
        location = artifact_location(self.uri, self.artifacts, self.name)
        return str(self.client.create_experiment(self.name, location))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
