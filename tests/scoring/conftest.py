from __future__ import annotations

import pytest

from regulars.features.matrix import build_matrix
from regulars.kinds.non_contractual.workspace import open_workspace
from regulars.scoring.batch import Customers
from regulars.tracking import Store


@pytest.fixture(scope="module")
def champion(run_shop):
    """The registered model, and the feature rows of the cutoff."""
    settings = run_shop[0].settings()
    work = open_workspace(settings, lambda step: None)
    model, _ = Store(settings.tracking.uri, settings.name).load()
    return model, Customers(build_matrix(work.ledger, [work.timeline.cutoff]))
