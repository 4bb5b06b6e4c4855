"""Read the zone behind a time: an offset such as -0400, or a name such as UTC.

A name that stands for several zones (CST, IST, BST) is not read: a guess could be hours
off. The instants are worked out from the offset, so that every engine agrees.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.datatypes as dt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HOURS = {
    **dict.fromkeys(("Z", "UTC", "GMT", "UT", "WET"), 0.0),
    **{"CET": 1.0, "WEST": 1.0, "MEZ": 1.0, "CEST": 2.0, "EET": 2.0, "MESZ": 2.0},
    **{"EEST": 3.0, "MSK": 3.0, "SGT": 8.0, "HKT": 8.0, "AWST": 8.0},
    **{"JST": 9.0, "KST": 9.0, "ACST": 9.5, "AEST": 10.0, "ACDT": 10.5, "AEDT": 11.0},
    **{"NZST": 12.0, "NZDT": 13.0, "BRT": -3.0, "EDT": -4.0, "EST": -5.0, "CDT": -5.0},
    **{"MDT": -6.0, "MST": -7.0, "PDT": -7.0, "PST": -8.0, "AKDT": -8.0},
    **{"AKST": -9.0, "HST": -10.0},
}
"""Hours ahead of UTC; the American names as in RFC 2822."""

_UNCLEAR = {
    "CST": "-06:00 in America, +08:00 in China",
    "IST": "+05:30 in India, +01:00 in Ireland, +02:00 in Israel",
    "BST": "+01:00 in Britain, +06:00 in Bangladesh",
    "AST": "-04:00 in Canada, +03:00 in Arabia",
    "ADT": "-03:00 in Canada, +04:00 in Arabia",
    "SST": "-11:00 in Samoa, +08:00 in Singapore",
    "GST": "+04:00 in the Gulf, -02:00 in South Georgia",
    "WST": "+08:00 in Australia, +13:00 in Samoa",
}
# What a browser writes behind the offset: (Eastern Daylight Time), [Europe/Berlin].
_REMARK = r" ?(\([^()]*\)|\[[^\[\]]*\])$"
_HEAD = r"^(.*[0-9](?: ?[AaPp]\.?[Mm]\.?)?) *"
_OFFSET = r"(?:GMT|UTC)? ?([-+])([0-9]{1,2}):?([0-5][0-9])?"
_NAME = r"([A-Za-z][A-Za-z0-9/_+-]*)"
_YEAR = r"( [0-9]{4})?$"
_PATTERN = f"{_HEAD}(?:{_OFFSET}|{_NAME}){_YEAR}"
_MOST_HOURS = 14
# A plain offset, which every engine reads.
_OFFSET_DIGITS = "[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?"
PLAIN_OFFSET = f"[0-9]({_OFFSET_DIGITS}|Z)$"
APART_OFFSET = f"[0-9] {_OFFSET_DIGITS}$"
NAMED_UTC = "[0-9] ?(UTC|GMT|Z)$"
FULL_OFFSET = "[+-](0[0-9]|1[0-4]):?[0-5][0-9]( [0-9]{4})?$"

ZONE_DIRECTIVE = re.compile(r" ?(?:GMT|UTC)?%[zZ](?=$| %Y$)")
"""Where a format names the zone: at the end, or before a year at the end."""


NAIVE = dt.Timestamp()
ZONED = dt.Timestamp(timezone="UTC")


def engine_function(name: str, inputs: tuple[Any, Any], output: Any) -> Any:
    """Return a function of the engine's own for use in expressions."""

    def body(first: Any, second: Any) -> Any:
        """Stand for a function of the engine; never run."""

    return ibis.udf.scalar.builtin(body, name=name, signature=(inputs, output))


localised = engine_function("timezone", (dt.string, NAIVE), ZONED)
"""Give a wall-clock time the zone in which it is meant."""


def read_zoned(text: Any, read: Callable[[Any], Any]) -> Any:
    """Return the instants of texts that end in a zone, null where it cannot be read.

    `read` turns the text without its zone into a wall-clock time.
    """
    text = text.re_replace(_REMARK, "")
    part = [text.re_extract(_PATTERN, index) for index in range(7)]
    head, name = part[1] + part[6], part[5]
    wall_clock = read(head)
    instant = wall_clock - _minutes(part).as_interval("m")
    # The engine knows Europe/Berlin, and gives null for what it does not know.
    place = wall_clock.cast("string") + ibis.literal(" ") + name
    return ibis.ifelse(
        name.contains("/"), place.try_cast(ZONED), localised("UTC", instant)
    )


def _minutes(part: list[Any]) -> Any:
    sign = ibis.ifelse(part[2] == "-", -1, 1)
    n_hours = part[3].try_cast("int32")
    n_minutes = n_hours * 60 + ibis.coalesce(part[4].try_cast("int32"), 0)
    offset = ibis.ifelse(n_hours <= _MOST_HOURS, sign * n_minutes, None)
    named = [(name, int(hours * 60)) for name, hours in HOURS.items()]
    by_name = part[5].upper().cases(*named, else_=ibis.null("int32"))
    return ibis.ifelse(part[2] != "", offset, by_name).cast("int32")


def unclear_zone(texts: Iterable[str]) -> str | None:
    """Return what a zone's name can mean, for the first name that means several."""
    for text in texts:
        name = re.search(r"[0-9apAP][mM]? ?([A-Z]{3,4})(?: [0-9]{4})?$", text)
        if name and name[1] in _UNCLEAR:
            return f"'{name[1]}' ({_UNCLEAR[name[1]]})"
    return None
