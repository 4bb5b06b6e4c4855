"""Write a scored table whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet

from regulars.errors import ConfigError
from regulars.results.writing import replacing
from regulars.scoring.reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd


def write_scores(scores: pd.DataFrame, path: str | Path) -> Path:
    """Write scores to a parquet or csv file, by the ending of its name.

    Parameters
    ----------
    scores : DataFrame of shape (n_customers, n_columns)
        Columns of design section 7; in csv, the reasons are joined by ``"; "``.
    path : str or Path
        Target; its folder is made if it is not there.

    Returns
    -------
    Path
        The target; whoever reads it finds the old scores or the new, never half.

    Raises
    ------
    ConfigError
        The ending is neither ``.parquet`` nor ``.csv``, or the file cannot be written.
    """
    target = Path(path)
    writer = _WRITERS.get(target.suffix)
    if writer is None:
        msg = (
            f"Cannot write scores to '{target}': the name must end in "
            f"{' or '.join(_WRITERS)}."
        )
        raise ConfigError(msg)
    with replacing(target) as temporary:
        writer(scores, temporary)
    return target


def _write_parquet(scores: pd.DataFrame, path: Path) -> None:
    # pyarrow 25 takes zoned times out of pandas in a way that pandas 3 warns of
    zoned = scores.select_dtypes("datetimetz").columns
    naive = {name: scores[name].dt.tz_convert(None) for name in zoned}
    table = pa.Table.from_pandas(scores.assign(**naive), preserve_index=False)
    for name in zoned:
        instants = table[name].cast(pa.timestamp("us", "UTC"))
        position = table.schema.get_field_index(name)
        table = table.set_column(position, name, instants)
    pyarrow.parquet.write_table(table, path, compression="zstd")


def _write_csv(scores: pd.DataFrame, path: Path) -> None:
    lists = [name for name in REASONS if name in scores]
    flat = scores.assign(**{name: scores[name].str.join("; ") for name in lists})
    flat.to_csv(path, index=False, lineterminator="\n")


_WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    ".parquet": _write_parquet,
    ".csv": _write_csv,
}
