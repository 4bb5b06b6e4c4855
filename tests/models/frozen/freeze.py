"""Freeze the champion of a store: its files, a request, and what it answers.

Run once with the release that wrote the model; later releases have to answer the same:
python tests/models/frozen/freeze.py STORE NAME TARGET.zip
"""

from __future__ import annotations

import sys
import zipfile

import numpy as np
import pandas as pd

from regulars.scoring.pyfunc import _load_pyfunc
from regulars.tracking import Store

# the card describes the training; the model does not read it
LEFT_OUT = {"card.json"}


def main(uri: str, name: str, target: str) -> None:
    folder, _ = Store(uri, name).fetch()
    request = some_customers(12)
    asked = {"as_of": "2025-12-31"}
    answer = _load_pyfunc(str(folder)).predict(request, asked)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            if file.name not in LEFT_OUT and file.is_file():
                archive.write(file, f"model/{file.name}")
        archive.writestr("request.json", request.to_json(orient="records"))
        archive.writestr(
            "answer.json",
            answer.to_json(orient="records", double_precision=15, date_format="iso"),
        )


def some_customers(n_customers: int) -> pd.DataFrame:
    """Return made-up histories, the first of a single purchase."""
    random = np.random.default_rng(0)
    rows = []
    for number in range(n_customers):
        days = np.sort(random.integers(0, 700, size=1 + number))
        rows.append(
            {
                "customer_id": f"c{number}",
                "transactions": [
                    {
                        "order_time": str((pd.Timestamp("2024-01-05") + offset).date()),
                        "amount": float(amount),
                    }
                    for offset, amount in zip(
                        pd.to_timedelta(days, unit="D"),
                        random.gamma(2.0, 12.0, len(days)).round(2),
                        strict=True,
                    )
                ],
            }
        )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
