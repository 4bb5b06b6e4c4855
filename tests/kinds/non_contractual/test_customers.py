"""Blocks of customers are the rows of all of them, with every table beside."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import pandas as pd
import pytest

from regulars.config import load_settings
from regulars.datasets.company import CONFIG, write_company
from regulars.errors import DataError
from regulars.features.blocks import read_blocks
from regulars.features.signals import Vocabulary
from regulars.kinds.non_contractual import customers as module
from regulars.kinds.non_contractual.customers import LogCustomers
from regulars.kinds.non_contractual.problem import customers_of_log, serving_context
from regulars.kinds.non_contractual.workspace import open_workspace
from regulars.scoring.history_rows import HistoryRows
from regulars.scoring.population import Done


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """A company of 300 customers with every table, and what is known of all at once."""
    folder = tmp_path_factory.mktemp("company")
    path = write_company(folder, 300, seed=1) / CONFIG
    outputs = f"outputs={folder.as_posix()}/out"
    settings = load_settings(path, [outputs, "features.cache=false"])
    work = open_workspace(settings, lambda step: None)
    words = work.features.vocabulary(work.cutoff)
    return work, words, work.features.by_cutoff([work.cutoff], words)[work.cutoff]


def people_of(work, words):
    return LogCustomers(work, HistoryRows(serving_context(work), words))


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(module, "read_blocks", partial(read_blocks, n_lines=80))


def rows_of(blocks):
    return pd.concat([block().features for block in blocks], ignore_index=True)


def test_blocks_hold_what_all_customers_at_once_have(company, small_blocks):
    work, words, whole = company
    assert {"referrals", "events", "customers", "loyalty"} <= {*work.signals.tables}
    blocks = [block().features for block in people_of(work, words).blocks()]
    assert len(blocks) > 5
    found = pd.concat(blocks, ignore_index=True)
    pd.testing.assert_frame_equal(found, whole, check_exact=True)
    assert (found["was_referred"] > 0).any()
    assert (found["referrals_ever"] > 0).any()


@pytest.mark.parametrize("n_done", [1, 57, 200])
def test_blocks_go_on_after_the_last_customer_that_is_done(
    company, small_blocks, n_done
):
    work, words, whole = company
    done = Done(n_done, whole["customer_id"].iloc[n_done - 1])
    found = rows_of(people_of(work, words).blocks(done))
    rest = whole.iloc[n_done:].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, rest, check_exact=True)


def test_chosen_customers_have_the_rows_of_the_whole(company, small_blocks):
    work, words, whole = company
    chosen = whole.iloc[[3, 50, 51, len(whole) - 1]].reset_index(drop=True)
    found = rows_of(people_of(work, words).chosen(chosen["customer_id"].tolist()))
    pd.testing.assert_frame_equal(found, chosen, check_exact=True)


def test_content_is_that_of_the_data(company):
    work, words, _ = company
    content = people_of(work, words).content
    assert content == people_of(work, words).content
    assert len(content) == 64


def test_model_that_learnt_from_what_is_missing_is_refused(company):
    work, _, whole = company
    context = serving_context(work)
    learnt = SimpleNamespace(
        tables={**context.tables, "visits": ["shop"], "events": ["channel"]},
        columns=[*context.columns, "colour"],
    )
    names = [*whole.columns[2:6], "colour_share", "visits_ever"]
    model = SimpleNamespace(reference_=pd.Series(0.0, index=names))
    told = (
        r"learnt from 2 features that these data do not give, such as colour_share, "
        r"visits_ever\. The table 'visits', the column 'colour' of transactions, the "
        r"column 'channel' of events are missing\. Read what the training read"
    )
    with pytest.raises(DataError, match=told):
        customers_of_log(work, model, learnt)


def test_model_whose_features_the_data_give_is_not_refused(company):
    work, _, whole = company
    names = [*whole.columns[2:], "p_alive"]
    model = SimpleNamespace(reference_=pd.Series(0.0, index=names))
    people = customers_of_log(work, model, serving_context(work))
    assert people.rows.words == Vocabulary.in_names(names)
