"""What simulated customers are drawn from, and the drawing itself.

A BG/NBD purchase process and a Gamma-Gamma spend process, array by array: no customer
is walked through time.
"""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from regulars.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Customers drawn from one random stream. Fixed, because changing it changes every draw.
BLOCK_SIZE = 10_000
_SECONDS_PER_DAY = 86_400
_MICROSECONDS = 1_000_000
_LONGEST_RETURN_DAYS = 28


@dataclass(frozen=True)
class Population:
    """What the simulated customers are drawn from.

    The defaults give about ten lines a customer over two years. Use it to see which
    parameters `simulate_customers` and `write_simulation` take.
    """

    start: dt.date = dt.date(2024, 1, 1)
    days: int = 730
    acquisition_days: int = 365
    # BG/NBD, in weeks: purchase rates are Gamma(r, alpha), dropout is Beta(a, b)
    r: float = 0.8
    alpha: float = 10.0
    a: float = 0.5
    b: float = 4.0
    # Gamma-Gamma: spend of an order is Gamma(p, nu), nu is Gamma(q, v)
    p: float = 6.0
    q: float = 4.0
    v: float = 15.0
    lines_per_order: float = 2.0
    n_products: int = 1_000
    n_categories: int = 20
    return_rate: float = 0.02
    discount_rate: float = 0.2

    def __post_init__(self) -> None:
        for name in ("r", "alpha", "a", "b", "p", "q", "v"):
            check_range(name, getattr(self, name), 0.0, np.inf, above=True)
        for name in ("return_rate", "discount_rate"):
            check_range(name, getattr(self, name), 0.0, 1.0)
        check_range("days", self.days, 1, 100_000)
        check_range("acquisition_days", self.acquisition_days, 1, self.days)
        check_range("lines_per_order", self.lines_per_order, 1.0, 1_000.0)
        check_range("n_products", self.n_products, 1, 10_000_000)
        check_range("n_categories", self.n_categories, 1, self.n_products)


class Block:
    """`BLOCK_SIZE` customers from one random stream, of which the first are kept.

    The whole block is drawn even where fewer are wanted, so that a customer does not
    change when the number of customers does.
    """

    def __init__(
        self, population: Population, rng: np.random.Generator, keep: int
    ) -> None:
        self.population = population
        self.rng = rng
        self.keep = keep
        self._draw_customers()
        self._draw_orders()

    @property
    def n_orders(self) -> int:
        """Orders of the kept customers."""
        return int(np.searchsorted(self.order_customer, self.keep))

    def _draw_customers(self) -> None:
        pop, rng = self.population, self.rng
        self.rate = rng.gamma(pop.r, 1.0 / pop.alpha, BLOCK_SIZE)
        self.dropout = np.clip(rng.beta(pop.a, pop.b, BLOCK_SIZE), 1e-12, 1 - 1e-12)
        self.nu = rng.gamma(pop.q, 1.0 / pop.v, BLOCK_SIZE)
        self.first_second = rng.uniform(
            0, pop.acquisition_days * _SECONDS_PER_DAY, BLOCK_SIZE
        )
        # geometric: the repeat order after which the customer leaves
        self.n_before_leaving = np.ceil(
            rng.standard_exponential(BLOCK_SIZE) / -np.log1p(-self.dropout)
        )

    def _draw_orders(self) -> None:
        pop, rng = self.population, self.rng
        age_seconds = pop.days * _SECONDS_PER_DAY - self.first_second
        # given their number, the events of a Poisson process fall like sorted uniforms
        n_events = rng.poisson(self.rate * age_seconds / (7 * _SECONDS_PER_DAY))
        # The integer part of the key is the customer, so one sort orders them all.
        customer = np.repeat(np.arange(BLOCK_SIZE), n_events)
        key = np.sort(customer + rng.random(customer.size))
        position = np.arange(key.size) - np.repeat(
            np.cumsum(n_events) - n_events, n_events
        )
        kept = position < self.n_before_leaving[customer]
        customer, share = customer[kept], (key - customer)[kept]
        self.n_repeat = np.bincount(customer, minlength=BLOCK_SIZE)
        self.is_alive = n_events < self.n_before_leaving
        counts = self.n_repeat + 1
        self.order_customer = np.repeat(np.arange(BLOCK_SIZE), counts)
        # the first order of each customer is at 0, the repeats follow
        elapsed = np.zeros(self.order_customer.size)
        is_repeat = np.ones(elapsed.size, dtype=bool)
        is_repeat[np.cumsum(counts) - counts] = False
        elapsed[is_repeat] = share * age_seconds[customer]
        last_second = pop.days * _SECONDS_PER_DAY - 1e-6
        self.order_second = np.minimum(
            self.first_second[self.order_customer] + elapsed, last_second
        )
        self.order_spend = (
            rng.gamma(pop.p, 1.0, elapsed.size) / (self.nu[self.order_customer])
        )

    def tables(
        self, *, first_customer: int, first_order: int
    ) -> tuple[pa.Table, pa.Table]:
        """Return the log and the truth of the kept customers."""
        lines = self._sale_lines()
        lines = self._with_returns(lines)
        kept = lines["customer"] < self.keep
        lines = {name: values[kept] for name, values in lines.items()}
        return (
            self._order_table(lines, first_customer, first_order),
            self._truth_table(first_customer),
        )

    def _sale_lines(self) -> dict[str, Any]:
        """Split each order's spend over its lines, rounded to cents."""
        pop, rng = self.population, self.rng
        n_lines = 1 + rng.poisson(pop.lines_per_order - 1.0, self.order_second.size)
        order = np.repeat(np.arange(n_lines.size), n_lines)
        weight = rng.standard_exponential(order.size)
        total = np.add.reduceat(weight, np.cumsum(n_lines) - n_lines)
        amount = weight * (self.order_spend / total)[order]
        off = np.where(rng.random(order.size) < pop.discount_rate, 1.0, 0.0)
        off *= rng.uniform(0.05, 0.4, order.size)
        return {
            "customer": self.order_customer[order],
            "order": order,
            "second": self.order_second[order],
            # a power of a uniform: few products sell most, without a table of weights
            "product": (pop.n_products * rng.random(order.size) ** 3).astype(np.int32),
            "quantity": 1 + rng.poisson(0.4, order.size),
            "amount": np.round(amount, 2),
            "discount": np.round(amount * off / (1.0 - off), 2),
            "is_return": np.zeros(order.size, dtype=bool),
        }

    def _with_returns(self, sales: dict[str, Any]) -> dict[str, Any]:
        """Append the lines sent back before the log ends; sort by customer, time."""
        pop, rng = self.population, self.rng
        second = sales["second"] + rng.uniform(
            _SECONDS_PER_DAY,
            _LONGEST_RETURN_DAYS * _SECONDS_PER_DAY,
            sales["second"].size,
        )
        back = rng.random(second.size) < pop.return_rate
        back &= second < pop.days * _SECONDS_PER_DAY
        if not back.any():
            return sales
        returns = {name: values[back] for name, values in sales.items()}
        returns["second"] = second[back]
        returns["is_return"] = np.ones(int(back.sum()), dtype=bool)
        for name in ("quantity", "amount", "discount"):
            returns[name] = -returns[name]
        merged = {name: np.concatenate([sales[name], returns[name]]) for name in sales}
        by_time = np.lexsort((merged["second"], merged["customer"]))
        return {name: values[by_time] for name, values in merged.items()}

    def _order_table(
        self, lines: dict[str, Any], first_customer: int, first_order: int
    ) -> pa.Table:
        pop = self.population
        category = (
            lines["product"].astype(np.int64) * pop.n_categories // pop.n_products
        )
        return pa.table(
            {
                "customer_id": pa.array(lines["customer"] + first_customer, pa.int64()),
                "order_id": pa.array(lines["order"] + first_order, pa.int64()),
                "order_time": self._timestamps(lines["second"]),
                "product_id": _labels(lines["product"], "P", pop.n_products),
                "category": _labels(category, "C", pop.n_categories),
                "quantity": pa.array(lines["quantity"], pa.int32()),
                "amount": pa.array(lines["amount"], pa.float64()),
                "discount_amount": pa.array(lines["discount"], pa.float64()),
                "is_return": pa.array(lines["is_return"], pa.bool_()),
            }
        )

    def _truth_table(self, first_customer: int) -> pa.Table:
        keep = slice(0, self.keep)
        return pa.table(
            {
                "customer_id": pa.array(
                    np.arange(self.keep) + first_customer, pa.int64()
                ),
                "first_order_at": self._timestamps(self.first_second[keep]),
                "purchase_rate_weekly": self.rate[keep],
                "dropout_probability": self.dropout[keep],
                "mean_spend_amount": self.population.p / self.nu[keep],
                "n_repeat_orders": pa.array(self.n_repeat[keep], pa.int64()),
                "is_alive": self.is_alive[keep],
            }
        )

    def _timestamps(self, second: NDArray[np.float64]) -> pa.Array:
        start = np.datetime64(self.population.start, "us").astype(np.int64)
        micros = (second * _MICROSECONDS).astype(np.int64) + start
        return pa.array(micros, pa.timestamp("us", tz="UTC"))


def _labels(codes: NDArray[Any], letter: str, size: int) -> pa.Array:
    """Return names such as P0017, stored once each."""
    codes = pa.array(codes, pa.int32())
    return pa.DictionaryArray.from_arrays(codes, _names(letter, size))


@functools.lru_cache(maxsize=4)
def _names(letter: str, size: int) -> pa.Array:
    width = len(str(size - 1))
    return pa.array([f"{letter}{number:0{width}d}" for number in range(size)])


def check_range(
    name: str, value: float, low: float, high: float, *, above: bool = False
) -> None:
    """Refuse a value outside its range, by the name the user knows it by."""
    if low <= value <= high and np.isfinite(value) and not (above and value == low):
        return
    sign = ">" if above else ">="
    upper = f" and <= {high:g}" if np.isfinite(high) else ""
    msg = f"'{name}' is {value!r}; it must be {sign} {low:g}{upper}. Pass such a value."
    raise ConfigError(msg)
