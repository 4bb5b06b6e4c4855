"""Write a scored table to a file, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from regulars.errors import ConfigError
from regulars.results.writing import replacing
from regulars.scoring.reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# with which a spreadsheet takes a cell for a formula (OWASP, CSV injection)
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_scores(scores: pd.DataFrame, path: str | Path) -> Path:
    """Write scores to a parquet or csv file, by the ending of its name.

    Parameters
    ----------
    scores : DataFrame of shape (n_customers, n_columns)
        Columns of design section 7; in csv, the reasons are joined by ``"; "``, and
        texts that a spreadsheet would take for a formula begin with an apostrophe.
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
    write_csv_blocks([scores], path)


def write_csv_blocks(blocks: Iterable[pd.DataFrame], path: Path) -> None:
    """Write blocks of a table under one heading, for spreadsheets."""
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, block in enumerate(blocks):
            lists = [name for name in REASONS if name in block]
            flat = block.assign(**{name: block[name].str.join("; ") for name in lists})
            safe = flat.apply(without_formulas)
            safe.to_csv(file, index=False, header=not number, lineterminator="\n")


def without_formulas(cells: pd.Series) -> pd.Series:
    """Return a column in which no text would be taken for a formula."""
    if pd.api.types.infer_dtype(cells, skipna=True) not in ("string", "mixed"):
        return cells
    is_formula = cells.str.startswith(FORMULA_SIGNS).fillna(False).astype(bool)
    return cells.mask(is_formula, "'" + cells.where(is_formula, "").astype(str))


_WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    ".parquet": _write_parquet,
    ".csv": _write_csv,
}
