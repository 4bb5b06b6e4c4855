"""What the tables beside purchases bring, on a simulated company.

Trains three times with the settings of the company: on purchases alone,
with all tables, and with tables whose rows were given to other customers. The last says
how much is gained by chance alone. The test is that of the training.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from regulars.config import load_settings
from regulars.datasets.company import CONFIG, write_company
from regulars.kinds.non_contractual import open_workspace, purchase_problem
from regulars.training import train

WHO = {"referrals": ("referrer_id", "referred_id")}
BESIDE = (
    "events",
    "tickets",
    "surveys",
    "loyalty",
    "referrals",
    "contacts",
    "subscriptions",
    "customers",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=2_500)
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    print("| seed | tables | ROC AUC | log loss | ECE | joined |")
    print("|---|---|---|---|---|---|")
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            report(Path(folder), options.customers, seed)


def report(folder: Path, n_customers: int, seed: int) -> None:
    whole = write_company(folder / "company", n_customers, seed=seed)
    none = [f"source.{name}=null" for name in BESIDE]
    tell(seed, "none", folder, whole, none)
    tell(seed, "all", folder, whole, [])
    shuffle(whole, np.random.default_rng(seed))
    tell(seed, "shuffled", folder, whole, [])


def tell(seed: int, name: str, folder: Path, tables: Path, more: list[str]) -> None:
    figures, joined = tested(folder / name, tables, more)
    told = " | ".join(f"{figures[key]:.4f}" for key in ("roc_auc", "log_loss", "ece"))
    print(f"| {seed} | {name} | {told} | {' '.join(joined) or '-'} |", flush=True)


def tested(
    folder: Path, tables: Path, more: list[str]
) -> tuple[dict[str, Any], list[str]]:
    """Return the figures of the test, and the tables that joined."""
    outputs = [f"outputs={folder}/out", f"tracking.uri=sqlite:///{folder}/mlflow.db"]
    settings = load_settings(tables / CONFIG, [*outputs, *more])
    training = train(
        purchase_problem(open_workspace(settings, _quietly), _quietly), _quietly
    )
    (trial,) = training.trials
    out = trial.choices.recipe.left_out
    joined = [n for n in BESIDE if n not in out and f"source.{n}=null" not in more]
    return trial.churn_test.metrics["model"], joined


def shuffle(tables: Path, rng: np.random.Generator) -> None:
    """Give each customer's rows of every table but the purchases to another one."""
    customers = pq.read_table(tables / "customers.parquet")["customer_id"]
    others = dict(
        zip(
            customers.to_pylist(),
            rng.permutation(customers.to_numpy(zero_copy_only=False)),
            strict=True,
        )
    )
    for name in BESIDE:
        file = tables / f"{name}.parquet"
        table = pq.read_table(file)
        for column in WHO.get(name, ("customer_id",)):
            given = pa.array(table[column].to_pandas().map(others))
            place = table.schema.get_field_index(column)
            table = table.set_column(place, column, given)
        pq.write_table(table, file)


def _quietly(step: str) -> None:
    """Say nothing of the steps."""


if __name__ == "__main__":
    main()
