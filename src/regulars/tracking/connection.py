"""An MLflow store that is opened when it is first asked something."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from regulars.errors import ConfigError
from regulars.tracking.environment import host_of, quiet
from regulars.tracking.locations import LocalStore, readable_address
from regulars.tracking.relocation import refuse_unwritable, update_locations

if TYPE_CHECKING:
    from mlflow import MlflowClient


class Connection:
    """An MLflow store by its address."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    @cached_property
    def local(self) -> LocalStore | None:
        """The SQLite file of the store; None for a server or another database."""
        return LocalStore.at(self.uri)

    @cached_property
    def address(self) -> str:
        """The address as MLflow has to be given it."""
        return readable_address(self.uri)

    @cached_property
    def client(self) -> MlflowClient:
        """MLflow client of the store."""
        with quiet():
            from mlflow import MlflowClient
            from mlflow.exceptions import MlflowException
            from sqlalchemy.exc import SQLAlchemyError

            try:
                address = self.address
                if self.local is not None:
                    self.local.database.parent.mkdir(parents=True, exist_ok=True)
                client = MlflowClient(address, registry_uri=address)
                # a client connects when it is first used: a wrong address shows now
                client.search_experiments(max_results=1)
            except (MlflowException, OSError, SQLAlchemyError) as error:
                reason = str(error).partition("\n")[0].rstrip(".")
                msg = (
                    f"Cannot open tracking.uri '{host_of(self.uri)}': {reason}. "
                    "Name a store such as sqlite:///models/mlflow.db."
                )
                raise ConfigError(msg) from error
        return client

    def is_missing(self) -> bool:
        """Return whether a local store has no file yet; asking makes none."""
        return self.local is not None and not self.local.database.exists()

    def check_writable(self) -> None:
        """Refuse a local store that cannot be written to."""
        if self.local is not None:
            refuse_unwritable(self.local.database)

    def relocate(self) -> int:
        """Write into a local store that was moved where its artefacts are now.

        Return how many locations were changed.
        """
        if self.local is None:
            return 0
        self.check_writable()
        return update_locations(self.local)
