"""The kinds of churn by name; a new one is a module and an entry here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.errors import ConfigError, suggestion
from regulars.kinds.contractual.stages import CONTRACTUAL
from regulars.kinds.labelled.stages import LABELLED
from regulars.kinds.non_contractual.stages import NON_CONTRACTUAL

if TYPE_CHECKING:
    from regulars.config import Settings
    from regulars.kinds.kind import Kind

KINDS = {kind.name: kind for kind in (NON_CONTRACTUAL, CONTRACTUAL, LABELLED)}


def kind_of(settings: Settings) -> Kind:
    """Return the kind of churn that a configuration asks for."""
    name = settings.churn.kind
    if name not in KINDS:
        msg = (
            f"churn.kind '{name}' is not a kind of churn.{suggestion(name, KINDS)} "
            f"The kinds are {', '.join(KINDS)}."
        )
        raise ConfigError(msg)
    return KINDS[name]
