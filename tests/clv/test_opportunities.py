from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import comb

from regulars.clv.opportunities import (
    Terms,
    check_opportunities,
    log_binomial,
    whole_steps,
)
from regulars.errors import DataError


def test_terms_of_a_customer_who_took_nothing_add_up_by_hand():
    # all parameters 1: leaves before the first (1/2), or stays and takes nothing (1/4)
    terms = Terms(np.array([0.0]), np.array([0.0]), np.array([1.0]))
    value, slopes = terms.evaluate(np.zeros(4))
    assert np.exp(value) == pytest.approx([0.75])
    assert slopes.shape == (4, 1)


def test_last_term_of_each_row_is_never_left():
    terms = Terms(np.array([1.0, 0.0]), np.array([2.0, 0.0]), np.array([2.0, 1.0]))
    assert terms.row.tolist() == [0, 1, 1]
    assert terms.until.tolist() == [2, 0, 1]
    assert terms.left.tolist() == [0, 1, 0]


def test_log_binomial_is_the_logarithm_of_n_over_k():
    assert np.exp(log_binomial(7, np.arange(8))) == pytest.approx(comb(7, np.arange(8)))


def test_whole_steps_refuse_a_part_of_an_opportunity():
    assert whole_steps(3) == 3.0
    with pytest.raises(ValueError, match="whole number of opportunities"):
        whole_steps(2.5)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ((2, 1, 6), "frequency is greater than recency"),
        ((1, 7, 6), "recency is greater than T"),
        ((0, 2, 6), "frequency is 0 but recency is not"),
        ((1, 1.5, 6), "recency is not a whole number"),
    ],
)
def test_history_that_cannot_be_is_refused(row, sentence):
    table = pd.DataFrame([row], columns=["frequency", "recency", "T"], dtype=float)
    with pytest.raises(DataError, match=sentence):
        check_opportunities(table)
