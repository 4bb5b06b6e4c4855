"""An MLflow store that is opened when it is first asked something."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from regulars.config.addresses import host_of, without_password
from regulars.data.postgres import need, when_started
from regulars.errors import ConfigError
from regulars.tracking.environment import quiet
from regulars.tracking.locations import (
    LocalStore,
    is_database,
    is_postgres,
    readable_address,
)
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
                if is_postgres(self.uri):
                    _refuse_closed(address)
                if self.local is not None:
                    self.local.database.parent.mkdir(parents=True, exist_ok=True)
                client = MlflowClient(address, registry_uri=address)
                # a client connects when it is first used: a wrong address shows now
                client.search_experiments(max_results=1)
            except (MlflowException, OSError, SQLAlchemyError) as error:
                reason = str(error).partition("\n")[0].rstrip(".")
                reason = without_password(reason, self.uri)
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
        """Refuse a store that cannot be written to, or a database that is not there."""
        if self.local is not None:
            refuse_unwritable(self.local.database)
        elif is_database(self.uri):
            assert self.client

    def relocate(self) -> int:
        """Write into a local store that was moved where its artefacts are now.

        Return how many locations were changed.
        """
        if self.local is None:
            return 0
        self.check_writable()
        return update_locations(self.local)


def _refuse_closed(address: str) -> None:
    """Refuse a PostgreSQL store that does not answer: MLflow tries it for minutes."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import OperationalError

    need("psycopg", "tracking.uri", extra="postgres")
    engine = create_engine(address, connect_args={"connect_timeout": 10})
    plain = address.replace("+psycopg", "", 1)
    when_started(engine.connect, OperationalError, plain, "tracking.uri").close()
    engine.dispose()
