"""One-hot encoding of attributes for the classifiers, saved as JSON with the model.

A row is encoded in the same way in training, in the batch and at the endpoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from regulars.errors import DataError
from regulars.models.tabular.columns import (
    FALSE_WORDS,
    MISSING_WORDS,
    TRUE_WORDS,
    kind_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_LEVELS = 25
FEWEST_ROWS = 5
MOST_SEEN = 1_000


class TabularEncoder:
    """One column a number, one column a frequent category.

    A missing number stays missing; a missing category is missing in all its columns; a
    rare or unknown category is in none of them.
    """

    def fit(self, attributes: pd.DataFrame) -> Self:
        """Learn the kinds and the frequent categories."""
        self.kinds_ = {str(n): kind_of(attributes[n]) for n in attributes.columns}
        self.levels_: dict[str, list[str]] = {}
        self.seen_: dict[str, list[str]] = {}
        for name, kind in self.kinds_.items():
            if kind == "category":
                counts = attributes[name].value_counts()
                # of names and the like nobody asks which are new
                if len(counts) <= MOST_SEEN:
                    self.seen_[name] = sorted(map(str, counts.index))
                counts = counts[counts >= FEWEST_ROWS]
                # ties in the order of the alphabet: the rows' order is no meaning
                order = sorted(counts.index, key=lambda v: (-counts[v], str(v)))
                self.levels_[name] = [str(level) for level in order[:MAX_LEVELS]]
        self._set_owners()
        return self

    def _set_owners(self) -> None:
        # encoded column to the attribute it comes from
        self.owners_ = {}
        for name, kind in self.kinds_.items():
            if kind == "number":
                self.owners_[name] = name
            else:
                self.owners_ |= {f"{name} = {v}": name for v in self.levels_[name]}

    def typed(self, attributes: pd.DataFrame) -> pd.DataFrame:
        """Return the attributes with the kinds that were learnt."""
        absent = [name for name in self.kinds_ if name not in attributes]
        if absent:
            msg = (
                f"The rows lack {', '.join(absent[:5])} ({len(absent)} of the "
                f"{len(self.kinds_)} attributes that the model learnt from); they have "
                f"{', '.join(map(str, attributes.columns[:10]))}. Send every "
                "attribute; null where it is not known."
            )
            raise DataError(msg)
        return pd.DataFrame(
            {name: self._read(name, attributes[name]) for name in self.kinds_},
            index=attributes.index,
        )

    def _read(self, name: str, values: pd.Series) -> pd.Series:
        if self.kinds_[name] == "number":
            plain = pd.to_numeric(values, errors="coerce").astype("Float64")
            lost = plain.isna() & values.notna()
            words = values[lost].astype(str).str.strip().str.lower()
            strange = values[lost][~words.isin(MISSING_WORDS)]
            if len(strange):
                msg = (
                    f"'{name}' is a number for the model, but {len(strange)} of "
                    f"{len(values)} rows hold texts such as {strange.iloc[0]!r}. Send "
                    "numbers, null where it is not known."
                )
                raise DataError(msg)
            return pd.Series(plain.to_numpy(np.float64, na_value=np.nan), values.index)
        known = values.notna().to_numpy(dtype=bool)
        texts = values.astype(str).astype(object).where(known, None)
        if not values.map(lambda value: isinstance(value, bool)).any():
            return texts
        # true of a request is the True or the yes of the training file
        truths = {
            word: next((v for v in self.levels_[name] if v.lower() in spelt), word)
            for word, spelt in (("True", TRUE_WORDS), ("False", FALSE_WORDS))
        }
        return texts.replace(truths)

    def unknown(self, attributes: pd.DataFrame) -> dict[str, pd.Series]:
        """Return the categories that training never saw."""
        rows = self.typed(attributes)
        unseen = {
            name: rows[name][~rows[name].isin(seen)].value_counts()
            for name, seen in self.seen_.items()
        }
        return {name: counts for name, counts in unseen.items() if len(counts)}

    def transform(self, attributes: pd.DataFrame) -> pd.DataFrame:
        """Return the columns of numbers."""
        rows = self.typed(attributes)
        encoded: dict[str, Any] = {}
        for name, kind in self.kinds_.items():
            if kind == "number":
                encoded[name] = rows[name].to_numpy(np.float64)
                continue
            levels = self.levels_[name]
            codes = pd.Index(levels, dtype=object).get_indexer(pd.Index(rows[name]))
            hits = np.equal.outer(codes, np.arange(len(levels))).astype(np.float64)
            hits[rows[name].isna()] = np.nan
            columns = (f"{name} = {level}" for level in levels)
            encoded |= dict(zip(columns, hits.T, strict=True))
        return pd.DataFrame(encoded, index=attributes.index)

    def to_dict(self) -> dict[str, Any]:
        """Return what was learnt as JSON-safe data."""
        return {"kinds": self.kinds_, "levels": self.levels_, "seen": self.seen_}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the encoder that `to_dict` described."""
        encoder = cls()
        encoder.kinds_ = dict(data["kinds"])
        encoder.levels_ = {name: list(v) for name, v in data["levels"].items()}
        encoder.seen_ = {name: list(v) for name, v in data.get("seen", {}).items()}
        encoder._set_owners()
        return encoder
