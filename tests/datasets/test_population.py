from __future__ import annotations

import numpy as np
import pytest

from regulars.datasets.population import BLOCK_SIZE, Block, Population, check_range
from regulars.errors import ConfigError


def _block(keep, **parameters):
    return Block(Population(**parameters), np.random.default_rng(0), keep)


def test_tables_hold_the_first_customers_of_a_block():
    orders, truth = _block(2).tables(first_customer=11, first_order=5)
    assert truth["customer_id"].to_pylist() == [11, 12]
    assert {*orders["customer_id"].to_pylist()} == {11, 12}
    assert min(orders["order_id"].to_pylist()) == 5


def test_number_of_orders_is_of_the_kept_customers():
    block = _block(3)
    assert block.n_orders == 3 + block.n_repeat[:3].sum()
    assert _block(BLOCK_SIZE).n_orders == block.order_customer.size


def test_lines_of_an_order_add_up_to_its_spend():
    block = _block(BLOCK_SIZE, return_rate=0.0)
    orders, _ = block.tables(first_customer=1, first_order=0)
    order, amount = orders["order_id"].to_numpy(), orders["amount"].to_numpy()
    total = np.bincount(order, weights=amount)
    # each line is rounded to cents
    n_lines = np.bincount(order)
    assert (np.abs(total - block.order_spend) <= 0.005 * n_lines + 1e-9).all()


@pytest.mark.parametrize(
    ("value", "above", "message"),
    [
        (0.0, True, "'x' is 0.0; it must be > 0 and <= 1"),
        (-1.0, False, "'x' is -1.0; it must be >= 0 and <= 1"),
        (np.inf, False, "'x' is inf"),
    ],
)
def test_value_outside_its_range_is_refused(value, above, message):
    with pytest.raises(ConfigError, match=message):
        check_range("x", value, 0.0, 1.0, above=above)


def test_value_at_the_end_of_its_range_is_taken():
    check_range("x", 0.0, 0.0, 1.0)
    check_range("x", 1.0, 0.0, 1.0, above=True)
