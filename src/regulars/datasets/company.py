"""A simulated company with every table, in which causes act by known amounts."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from regulars.datasets.company_life import (
    NEVER,
    REGIONS,
    WEEKS_PER_YEAR,
    CompanyEffects,
    draw_people,
    live,
)
from regulars.datasets.company_tables import FIRST_DAY, WEEK, tables_of
from regulars.datasets.new_folder import new_folder
from regulars.datasets.population import check_range

if TYPE_CHECKING:
    from numpy.typing import NDArray

EFFECTS, TRUTH, CONFIG = "effects.json", "truth.parquet", "company.yaml"


@dataclass(frozen=True)
class Company:
    """What a simulated company's systems know, and what nobody knows.

    Attributes
    ----------
    tables : dict of str to pyarrow.Table
        By the names of design section 4.
    truth : DataFrame of shape (n_customers, 7)
        ``customer_id``, ``rate`` (purchases a week), ``leaving`` (the chance to doubt
        in a week), ``liking`` (standardised), and the days on which a customer
        ``joined`` the programme, began to doubt (``doubted``) and ``left``; missing
        where they never did.
    effects : CompanyEffects
        By which factors causes act.
    """

    tables: dict[str, pa.Table]
    truth: pd.DataFrame
    effects: CompanyEffects


def simulate_company(
    n_customers: int = 2_500,
    *,
    seed: int = 0,
    years: float = 3.0,
    effects: CompanyEffects | None = None,
) -> Company:
    """Simulate a shop with all nine tables.

    Parameters
    ----------
    n_customers : int, default=2500
        Customers who come in the course of the years, at least 50.
    seed : int, default=0
        The same seed gives the same company.
    years : float, default=3.0
        How long, from 3 January 2022 on; half a year to ten.
    effects : CompanyEffects, optional
        By which factors causes act; default: as `CompanyEffects` has them.

    Returns
    -------
    Company

    Raises
    ------
    ConfigError
        A number is out of its range.

    Examples
    --------
    >>> company = simulate_company(100, seed=1, years=1.0)
    >>> sorted(company.tables)[:3], len(company.truth)
    (['contacts', 'customers', 'events'], 100)
    """
    check_range("customers", n_customers, 50, 10_000_000)
    check_range("years", years, 0.5, 10)
    effects, rng = effects or CompanyEffects(), np.random.default_rng(seed)
    if len(effects.region_on_leaving) != len(REGIONS):
        msg = f"region_on_leaving needs {len(REGIONS)} factors: one for each region."
        raise ValueError(msg)
    weeks = round(years * WEEKS_PER_YEAR)
    people = draw_people(rng, n_customers, weeks)
    lives = live(rng, people, weeks, effects)
    tables = tables_of(lives, rng, weeks)
    truth = pd.DataFrame(
        {
            "customer_id": tables["customers"]["customer_id"].to_pandas(),
            "rate": people.rate,
            "leaving": people.leaving,
            "liking": people.liking,
            "joined": _days(lives.joins),
            "doubted": _days(lives.doubts),
            "left": _days(lives.leaves),
        }
    )
    return Company(tables, truth, effects)


def write_company(
    out_dir: str | Path, n_customers: int = 2_500, *, seed: int = 0, years: float = 3.0
) -> Path:
    """Simulate a shop into a folder of parquet files, one a table.

    The folder appears whole or not at all; that of an earlier simulation is replaced.

    Parameters
    ----------
    out_dir : str or Path
        The folder to write.
    n_customers, seed, years
        As `simulate_company` takes them.

    Returns
    -------
    Path
        The folder; beside the tables it holds ``truth.parquet``, ``effects.json`` and
        ``company.yaml``, a configuration that reads them.

    Raises
    ------
    ConfigError
        A number is out of its range, or `out_dir` holds something else.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = write_company(folder + "/shop", 60, years=1.0)
    ...     (found / "tickets.parquet").is_file()
    True
    """
    company = simulate_company(n_customers, seed=seed, years=years)
    with new_folder(Path(out_dir), EFFECTS) as folder:
        for name, table in company.tables.items():
            pq.write_table(table, folder / f"{name}.parquet")
        company.truth.to_parquet(folder / TRUTH, index=False)
        told = {"seed": seed, "years": years, "n_customers": n_customers}
        text = json.dumps(told | asdict(company.effects), indent=1)
        (folder / EFFECTS).write_text(text)
        config = files("regulars").joinpath(CONFIG).read_text(encoding="utf-8")
        (folder / CONFIG).write_text(config.replace("FOLDER", Path(out_dir).as_posix()))
    return Path(out_dir)


def _days(weeks: NDArray[np.int64]) -> NDArray[np.datetime64]:
    held = np.minimum(weeks, NEVER // WEEK)
    days = (FIRST_DAY + held * WEEK).astype("datetime64[ms]")
    return np.where(weeks < NEVER, days, np.datetime64("NaT"))
