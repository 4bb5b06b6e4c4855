"""Write result files whole or not at all.

The rows go to a temporary file, which replaces the target only when it is complete and
on disk: a reader finds the old scores or the new ones, never half of either.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet

from regulars.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd


def write_scores(scores: pd.DataFrame, path: str | Path) -> Path:
    """Write scores to a parquet or csv file, whole or not at all.

    Parameters
    ----------
    scores : DataFrame of shape (n_customers, n_columns)
        The scored table; in csv, lists of ``reasons`` are joined by semicolons.
    path : str or Path
        Ends in ``.parquet`` or ``.csv``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ConfigError
        The name ends otherwise, or the folder cannot be written to.

    Examples
    --------
    >>> import pandas as pd
    >>> folder = tempfile.mkdtemp()
    >>> frame = pd.DataFrame({"customer_id": ["a"], "reasons": [["silent", "new"]]})
    >>> print(write_scores(frame, f"{folder}/scores.csv").read_text())
    customer_id,reasons
    a,silent; new
    <BLANKLINE>
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


def write_json(data: Any, path: str | Path) -> Path:
    """Write JSON-safe data whole or not at all."""
    target = Path(path)
    text = json.dumps(data, indent=1, allow_nan=False, default=str)
    with replacing(target) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    return target


def write_text(text: str, path: str | Path) -> Path:
    """Write text whole or not at all."""
    target = Path(path)
    with replacing(target) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return target


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a temporary path that takes the target's place if all goes well."""
    make_folder(target.parent)
    with _as_config_error(target):
        handle, name = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.stem}-", suffix=target.suffix
        )
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            # mkstemp makes the file private; results are for others to read
            temporary.chmod(0o644)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder for results where there is none."""
    with _as_config_error(folder):
        folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def _as_config_error(target: Path) -> Iterator[None]:
    """Raise what the system refuses as a `ConfigError` that says what to do."""
    try:
        yield
    except OSError as error:
        msg = (
            f"Cannot write '{target}': {error.strerror or error}. Name a folder that "
            "can be written to (outputs in the configuration)."
        )
        raise ConfigError(msg) from error


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
    flat = scores
    if "reasons" in scores:
        flat = scores.assign(reasons=scores["reasons"].str.join("; "))
    flat.to_csv(path, index=False, lineterminator="\n")


_WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    ".parquet": _write_parquet,
    ".csv": _write_csv,
}
