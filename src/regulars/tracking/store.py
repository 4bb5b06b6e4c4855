"""The tracking store: runs, the registry, the champion's alias.

What a training measured and the folder of its model come in; a run, a registered
version and perhaps a new champion are there afterwards. MLflow is imported when it is
needed, and its global state (tracking URI, active run) is left as it was found.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from regulars.errors import ConfigError, DataError
from regulars.models.retention import RetentionModel
from regulars.tracking.environment import addressed, host_of, quiet
from regulars.tracking.fetching import model_folder, run_folder
from regulars.tracking.locations import ARTIFACTS, LocalStore, readable_address
from regulars.tracking.records import Registered
from regulars.tracking.relocation import refuse_unwritable, relocate
from regulars.tracking.writing import MODEL_FOLDER, log_model, log_record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlflow import MlflowClient

    from regulars.tracking.records import RunRecord

CHAMPION = "champion"
PREVIOUS = "previous_champion"
PROVENANCE = "provenance.json"
TESTED_FOLDER = "tested_model"
_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND")


class Store:
    """An MLflow tracking store and registry.

    Parameters
    ----------
    uri : str
        MLflow tracking URI; the folder of an SQLite file is made if it is not there.
    name : str
        Experiment and registered model.
    """

    def __init__(self, uri: str, name: str) -> None:
        self.uri = uri
        self.name = name
        self._client: MlflowClient | None = None

    @cached_property
    def local(self) -> LocalStore | None:
        """The SQLite file of the store; None for a server or another database."""
        return LocalStore.at(self.uri)

    @cached_property
    def _address(self) -> str:
        return readable_address(self.uri)

    @property
    def client(self) -> MlflowClient:
        """MLflow client of the store."""
        if self._client is None:
            with quiet():
                from mlflow import MlflowClient
                from mlflow.exceptions import MlflowException
                from sqlalchemy.exc import SQLAlchemyError

                try:
                    address = self._address
                    if self.local is not None:
                        self.local.database.parent.mkdir(parents=True, exist_ok=True)
                    client = MlflowClient(address, registry_uri=address)
                    client.search_experiments(max_results=1)
                except (MlflowException, OSError, SQLAlchemyError) as error:
                    reason = str(error).partition("\n")[0].rstrip(".")
                    msg = (
                        f"Cannot open tracking.uri '{host_of(self.uri)}': {reason}. "
                        "Name a store such as sqlite:///models/mlflow.db."
                    )
                    raise ConfigError(msg) from error
            self._client = client
        return self._client

    def champion_version(self) -> str | None:
        """Return the version that has the alias, or None.

        Returns
        -------
        str or None
        """
        from mlflow.exceptions import MlflowException

        if self._is_missing():
            return None
        with quiet():
            try:
                found = self.client.get_model_version_by_alias(self.name, CHAMPION)
            except MlflowException as error:
                # only "there is none" means none: a locked store must not crown
                # the next model as the first
                if error.error_code in _ABSENT:
                    return None
                raise
        return str(found.version)

    def load(self, version: str | None = None) -> tuple[RetentionModel, Registered]:
        """Load a registered model, the champion unless a version is named.

        Parameters
        ----------
        version : str, optional
            Version in the registry.

        Returns
        -------
        model : RetentionModel
        registered : Registered

        Raises
        ------
        DataError
            There is no such model.
        """
        folder, registered = self.fetch(version)
        return RetentionModel.load(folder), registered

    def fetch(self, version: str | None = None) -> tuple[Path, Registered]:
        """Fetch the folder of a registered model, the champion's unless one is named.

        Parameters
        ----------
        version : str, optional
            Version in the registry.

        Returns
        -------
        folder : Path
        registered : Registered

        Raises
        ------
        DataError
            There is no such model.
        """
        version = version or self.champion_version()
        if version is None or self._is_missing():
            msg = f"{self._no_champion()}. Train one first: regulars train CONFIG."
            raise DataError(msg)
        from mlflow.exceptions import MlflowException

        uri = f"models:/{self.name}/{version}"
        start = f"Cannot load model {uri} from '{host_of(self.uri)}'"
        with quiet(), addressed(self._address):
            try:
                run_id = self.client.get_model_version(self.name, version).run_id
                folder = model_folder(self.client, self.local, self.name, version)
            except MlflowException as error:
                msg = f"{start}: {error.message}"
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

        Only a local store is asked: another host's are fetched when they are needed.

        Parameters
        ----------
        version : str
            Version in the registry.

        Returns
        -------
        bool
        """
        if self.local is None:
            return False
        try:
            self.fetch(version)
        except DataError:
            return True
        return False

    def _is_missing(self) -> bool:
        # a question makes no store
        return self.local is not None and not self.local.database.exists()

    def _no_champion(self) -> str:
        start = f"There is no champion called '{self.name}' in '{host_of(self.uri)}'"
        if self.local is None or not self._is_missing():
            return start
        return f"{start} (there is no file '{self.local.database.absolute()}')"

    def load_tested(self, version: str) -> RetentionModel | None:
        """Load the model that a registered model was tested with.

        Parameters
        ----------
        version : str
            Version in the registry.

        Returns
        -------
        RetentionModel or None
            None where the log was too short for a test window.
        """
        path = self.fetch_tested(version)
        return None if path is None else RetentionModel.load(path)

    def fetch_tested(self, version: str) -> Path | None:
        """Fetch the folder of the model that a registered model was tested with.

        Parameters
        ----------
        version : str
            Version in the registry.

        Returns
        -------
        Path or None
            None where there was no test.
        """
        from mlflow.exceptions import MlflowException

        with quiet(), addressed(self._address):
            run_id = self.client.get_model_version(self.name, version).run_id
            try:
                path = run_folder(self.client, self.local, str(run_id), TESTED_FOLDER)
            except (MlflowException, OSError):
                return None
        return path if (path / "model.json").is_file() else None

    def register(self, record: RunRecord, *, is_champion: bool) -> Registered:
        """Write a run, register its model, and give it the alias if it won.

        Parameters
        ----------
        record : RunRecord
            What to write.
        is_champion : bool
            Whether the model takes the alias.

        Returns
        -------
        Registered
        """
        with quiet(), addressed(self._address):
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
        """Return the tags of a registered version.

        Parameters
        ----------
        version : str
            Version in the registry.

        Returns
        -------
        dict of str to str
        """
        with quiet():
            found = self.client.get_model_version(self.name, version)
        return dict(found.tags)

    def rollback(self, to: str | None = None) -> tuple[str, str]:
        """Give the alias back to an earlier champion.

        Parameters
        ----------
        to : str, optional
            Version that becomes champion; default: the one that the champion took the
            alias from, as its tags record.

        Returns
        -------
        before, after : str
            Versions that lost and took the alias.

        Raises
        ------
        DataError
            There is no champion, no earlier one, or no such version.
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
            found = self.client.search_model_versions(f"name = '{self.name}'")
        known = sorted((str(each.version) for each in found), key=int)
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
        """Write a run with runs nested in it, without a model.

        Parameters
        ----------
        parent : RunRecord
            The run as a whole; no model is registered.
        children : mapping of str to RunRecord
            Nested runs by name.

        Returns
        -------
        str
            Id of the parent run.
        """
        with quiet(), addressed(self._address):
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
        """Write tags to a registered version.

        Parameters
        ----------
        version : str
            Version in the registry.
        tags : mapping of str to str
            Tags.
        """
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
            told = {"model_version": expected, "run_id": run_id}
            if record.model is not None:
                (record.model / PROVENANCE).write_text(json.dumps(told))
            version = self._new_version(log_model(record), run_id)
            if version == expected:
                return version
            self.client.delete_model_version(self.name, version)

    def _latest_version(self) -> int:
        found = self.client.search_model_versions(
            f"name='{self.name}'", order_by=["version_number DESC"], max_results=1
        )
        return int(found[0].version) if found else 0

    def _new_version(self, info: Any, run_id: str) -> str:
        from mlflow.exceptions import MlflowException

        try:
            self.client.get_registered_model(self.name)
        except MlflowException as error:
            if error.error_code not in _ABSENT:
                raise
            self.client.create_registered_model(self.name)
        found = self.client.create_model_version(
            self.name, info.model_uri, run_id=run_id, model_id=info.model_id
        )
        return str(found.version)

    def check_writable(self) -> None:
        """Refuse a local store that cannot be written to.

        Raises
        ------
        ConfigError
            The file or its folder is read-only.
        """
        if self.local is not None:
            refuse_unwritable(self.local.database)

    def relocate(self) -> int:
        """Write into a local store that was moved where its artefacts are now.

        Returns
        -------
        int
            Locations that were changed.
        """
        if self.local is None:
            return 0
        self.check_writable()
        return relocate(self.local)

    def _experiment(self) -> str:
        self.relocate()
        found = self.client.get_experiment_by_name(self.name)
        if found is not None:
            return str(found.experiment_id)
        location = None
        if self.local is not None:
            location = (self.local.folder / ARTIFACTS / self.name).as_uri()
        return str(self.client.create_experiment(self.name, location))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
