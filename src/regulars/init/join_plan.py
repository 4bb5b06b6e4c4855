"""Find how files belong together: which is the main one, and by which keys.

Orders with payments or items, orders with customers: the main file is the one from
which all others can be looked up by keys that are unique there, so that no amount is
counted twice.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from regulars.config import JoinSettings
from regulars.data.column_names import name_key
from regulars.data.names import quote_name
from regulars.errors import ConfigError
from regulars.init.number_values import holds_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.init.profile import ColumnProfile
    from regulars.init.unknown import OpenFile

_LEAST_CONTAINED = 0.5
_SURELY_CONTAINED = 0.95
_FEWEST_VALUES = 20
_KEY_ENDING = re.compile(r"(id|key|code|no|nr|number|nummer|numero|uuid|ref|reference)")


@dataclass(frozen=True)
class Link:
    """A key of one file that is unique in another."""

    own: str
    other: str
    contained: float


@dataclass(frozen=True)
class JoinPlan:
    """The main file and the files that are joined to it, in order."""

    main: OpenFile
    joins: tuple[JoinSettings, ...]
    notes: dict[str, str]


def plan_joins(files: Sequence[OpenFile]) -> JoinPlan:
    """Return which file the others are joined to, and by which keys."""
    links = {
        (left, right): link
        for left in range(len(files))
        for right in range(len(files))
        if left != right and (link := _link(files[left], files[right])) is not None
    }
    reached = {start: _reached(start, links, len(files)) for start in range(len(files))}
    mains = [start for start, paths in reached.items() if len(paths) == len(files)]
    if not mains:
        raise ConfigError(_refusal(files, links, reached))
    main = max(mains, key=lambda each: (_weight(files[each]), -each))
    joins: list[JoinSettings] = []
    notes: dict[str, str] = {}
    for right, left in reached[main].items():
        if right == main:
            continue
        link = links[left, right]
        on = link.own if link.own == link.other else {link.own: link.other}
        joins.append(JoinSettings(path=files[right].path, on=on))
        if link.contained < 1:
            notes[f"join.{len(joins) - 1}"] = (
                f"{1 - link.contained:.1%} of the values of '{link.own}' are not there"
            )
    return JoinPlan(files[main], tuple(joins), notes)


def _weight(file: OpenFile) -> tuple[bool, bool, int]:
    """Return what speaks for a main file: amounts, times, rows."""
    numbers = [p for p in file.profiles if holds_numbers(p, 0.8)]
    has_amount = any(
        p.name_score("amount") or p.name_score("unit_price") for p in numbers
    )
    has_time = any(p.time_share > 0.8 for p in file.profiles)
    return has_amount, has_time, max((p.n_rows for p in file.profiles), default=0)


def _reached(
    start: int, links: dict[tuple[int, int], Link], n_files: int
) -> dict[int, int]:
    """Return the files that can be reached, each with the one before it."""
    before = {start: start}
    queue = deque([start])
    while queue:
        left = queue.popleft()
        for right in range(n_files):
            if right not in before and (left, right) in links:
                before[right] = left
                queue.append(right)
    return before


def _link(left: OpenFile, right: OpenFile) -> Link | None:
    """Return the key by which rows of `left` are looked up in `right`."""
    by_name = _pairs_by_name(left, right)
    tested = [_tested(left, own, right, other) for own, other in by_name]
    good = [link for link in tested if link and link.contained >= _LEAST_CONTAINED]
    if not good:
        tested = [
            _tested(left, *pair[:1], right, pair[1]) for pair in _pairs(left, right)
        ]
        good = [link for link in tested if link and link.contained >= _SURELY_CONTAINED]
    # keys that a file's own name speaks of come first: order_id of orders
    return max(
        good,
        key=lambda link: (
            round(link.contained, 2),
            right.stem in name_key(link.other),
            link.own == link.other,
        ),
        default=None,
    )


def _pairs_by_name(left: OpenFile, right: OpenFile) -> list[tuple[str, str]]:
    return [
        (own.name, other.name)
        for own in left.profiles
        for other in right.profiles
        if _may_be_key(own) and _may_be_key(other) and _same_name(own, other, right)
    ]


def _same_name(own: ColumnProfile, other: ColumnProfile, right: OpenFile) -> bool:
    first, second = name_key(own.name), name_key(other.name)
    if first == second:
        return second not in {"index", "column1"}
    if _KEY_ENDING.fullmatch(second) and first == right.stem + second:
        return True
    for role in ("customer_id", "order_id"):
        if own.name_score(role) and other.name_score(role) and second != "id":
            return True
    return False


def _may_be_key(profile: ColumnProfile) -> bool:
    return (
        profile.n_distinct > 1
        and profile.time_share < 0.5
        and not profile.fraction_share
        and not profile.name_score("amount")
        and not profile.name_score("quantity")
        and not profile.name_score("currency")
    )


def _pairs(left: OpenFile, right: OpenFile) -> list[tuple[str, str]]:
    """Return pairs of columns that hold ids of the same look."""
    return [
        (own.name, other.name)
        for own in left.profiles
        for other in right.profiles
        if _looks_like_id(own) and _looks_like_id(other)
    ]


def _looks_like_id(profile: ColumnProfile) -> bool:
    texts = profile.examples[:20]
    telling = [t for t in texts if re.search(r"\d", t) and len(t) >= 5 and " " not in t]
    return (
        _may_be_key(profile)
        and profile.n_distinct >= _FEWEST_VALUES
        and len(telling) > len(texts) / 2
    )


def _tested(left: OpenFile, own: str, right: OpenFile, other: str) -> Link | None:
    """Return the link where the key is unique in `right`, with the share contained."""
    key = f"nullif(trim(CAST({quote_name(other)} AS VARCHAR)), '')"
    row = left.sample.one(
        f"WITH keys AS (SELECT {key} AS k FROM {right.raw.view}), "
        f"own AS (SELECT DISTINCT {quote_name(own)} AS k FROM {{sample}} "
        f"WHERE {quote_name(own)} IS NOT NULL) "
        "SELECT (SELECT count(k) - count(DISTINCT k) FROM keys) AS repeated, "
        "(SELECT count(*) FILTER (k IN (SELECT k FROM keys)) / count(*) FROM own) AS c"
    )
    if row["repeated"] or row["c"] is None:
        return None
    return Link(own, other, float(row["c"]))


def _refusal(
    files: Sequence[OpenFile],
    links: dict[tuple[int, int], Link],
    reached: dict[int, dict[int, int]],
) -> str:
    """Say which file to leave out."""
    numbers = range(len(files))
    for number in numbers:
        if not any(number in pair for pair in links):
            return _lonely(files, number)
    tops = [n for n in numbers if not any(right == n for _, right in links)]
    for first in tops:
        for second in tops:
            shared = set(reached[first]) & set(reached[second])
            if first < second and shared:
                between = min(shared)
                return _both_repeat(files, first, second, links, between)
    groups = ", ".join(f"'{file.short}'" for file in files)
    return (
        f"The files {groups} fall into groups that share no key. Give the files that "
        "belong together only, or join them before."
    )


def _lonely(files: Sequence[OpenFile], number: int) -> str:
    file = files[number]
    others = [each for place, each in enumerate(files) if place != number]
    same = [
        own
        for other in others
        for own, _ in (*_pairs_by_name(file, other), *_flipped(other, file))
    ]
    columns = ", ".join(p.name for p in file.profiles)
    names = ", ".join(f"'{each.short}'" for each in others)
    if same:
        key = same[0]
        return (
            f"'{file.path}' and {names} cannot be joined: '{key}' repeats in all of "
            "them, or holds other values in each. Give one file with a row for each "
            f"value of '{key}', leave '{file.path}' out, or add it to the "
            "configuration as a table of its own (docs/configuration.md)."
        )
    return (
        f"'{file.path}' has no key that is unique in {names}, nor they in it: its "
        f"columns are {columns}. Leave it out, or add it to the configuration as a "
        "table of its own (docs/configuration.md)."
    )


def _flipped(left: OpenFile, right: OpenFile) -> list[tuple[str, str]]:
    return [(other, own) for own, other in _pairs_by_name(left, right)]


def _both_repeat(
    files: Sequence[OpenFile],
    first: int,
    second: int,
    links: dict[tuple[int, int], Link],
    between: int,
) -> str:
    own = links.get((first, between)) or links.get((second, between))
    key = f"'{own.own}'" if own else "the key"
    left, right = files[first], files[second]
    return (
        f"'{left.path}' and '{right.path}' both repeat {key}: joined, each row of one "
        "would be counted once for every row of the other. Leave one of them out: "
        f"{_holds(left)}, {_holds(right)}."
    )


def _holds(file: OpenFile) -> str:
    numbers = [p for p in file.profiles if holds_numbers(p, 0.8)]
    scored = [
        (max(p.name_score("amount"), p.name_score("unit_price")), p.name)
        for p in numbers
    ]
    best = max(scored, default=(0.0, ""))
    what = f"'{best[1]}'" if best[0] else "no amount"
    return f"'{file.short}' holds {what}"
