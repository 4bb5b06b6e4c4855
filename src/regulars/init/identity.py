"""Choose the column that names the customer: an id that repeats over orders.

An id that is new with every order names orders, not people, and the 0 of guests names
nobody: another column, such as an e-mail address, may say who they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regulars.config import SqlExpression
from regulars.data.guests import looks_like_nobody
from regulars.init.sample import column_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.init.profile import ColumnProfile
    from regulars.init.sample import Sample

_WHO = re.compile(
    r"customers?|client|user|member|buyer|person|people|shopper|consumer|contact|"
    r"household|account|crm|kunden?|mitglied|cliente|klant|loyalty|email|mail|phone|"
    r"telephone|telefon|mobile|msisdn|donor|patron|subscriber"
)
_NOT_AN_ID = re.compile(
    r"city|state|zip|postcode|postal|country|region|segment|type|age|gender|sex|since|"
    r"date|day|note|group|address|street|rating|review|agent|count|value|status|level|"
    r"tier|score|comment|language|currency|balance|discount|total|amount|orders|points"
)
_FEWEST_ROWS = 20
_GUEST_SHARE = 0.02


@dataclass(frozen=True)
class Identity:
    """The column that names the customer, and why it was taken."""

    source: str | SqlExpression
    column: ColumnProfile
    note: str


@dataclass(frozen=True)
class _Candidate:
    """A column that may name the customer, and how often its ids come again."""

    profile: ColumnProfile
    score: float
    n_ids: int
    n_visits: int
    blank_share: float
    nobody: str
    nobody_share: float
    n_nobody: int

    @property
    def repeats(self) -> bool:
        """Whether some id has more than one order."""
        return self.n_visits > self.n_ids

    @property
    def without_share(self) -> float:
        """Share of the rows that name nobody."""
        return self.blank_share + self.nobody_share

    @property
    def is_mail(self) -> bool:
        """Whether it holds e-mail addresses."""
        texts = self.profile.examples
        return bool(texts) and sum("@" in text for text in texts) > 0.8 * len(texts)


def choose_customer(
    free: Sequence[ColumnProfile],
    sample: Sample,
    order: str | None,
    when: str,
) -> Identity | None:
    """Return the column that names the customer; None where no name says so."""
    named = [(p.name_score("customer_id"), p) for p in free if p.n_filled]
    hinted = [(score or _hint(p), p) for score, p in named]
    candidates = [
        _candidate(p, score, sample, order, when) for score, p in hinted if score > 0
    ]
    if not candidates:
        return None
    # a bare 'id' is more often the row's than the customer's
    best = max(candidates, key=lambda c: (c.profile.name.lower() != "id", c.score))
    if best.score < 0.4 and not best.repeats and best.profile.n_rows >= _FEWEST_ROWS:
        return None
    return (
        _one_that_repeats(best, candidates, sample)
        or _one_that_names_guests(best, candidates, sample)
        or _identity(best, sample, _doubt(best))
    )


def _hint(profile: ColumnProfile) -> float:
    """Return a low score for names that speak of people: crm_key, billing_mail."""
    words = re.findall(
        r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", profile.name).lower()
    )
    telling = any(_WHO.fullmatch(word) for word in words)
    if not telling or any(_NOT_AN_ID.fullmatch(word) for word in words):
        return 0.0
    return 0.3 if not profile.fraction_share and profile.time_share < 0.5 else 0.0


def _candidate(
    profile: ColumnProfile, score: float, sample: Sample, order: str | None, when: str
) -> _Candidate:
    name = column_sql(profile.name)
    visit = column_sql(order or when)
    ids = sample.ask(
        f"SELECT {name} AS id, count(*) AS n, count(DISTINCT {visit}) AS visits "
        "FROM {sample} GROUP BY ALL ORDER BY visits DESC, id"
    )
    filled = [row for row in ids if row["id"] is not None]
    n_rows = sum(row["n"] for row in ids)
    n_blank = n_rows - sum(row["n"] for row in filled)
    top: dict[str, Any] = filled[0] if filled else {"id": "", "n": 0}
    nobody = len(filled) > 1 and looks_like_nobody(top["id"])
    return _Candidate(
        profile,
        score,
        n_ids=len(filled),
        n_visits=sum(row["visits"] for row in filled),
        blank_share=n_blank / max(n_rows, 1),
        nobody=top["id"] if nobody else "",
        nobody_share=top["n"] / max(n_rows, 1) if nobody else 0.0,
        n_nobody=top["n"] if nobody else 0,
    )


def _one_that_repeats(
    best: _Candidate, candidates: list[_Candidate], sample: Sample
) -> Identity | None:
    if best.repeats or best.profile.n_rows < _FEWEST_ROWS:
        return None
    others = [
        each
        for each in candidates
        if each.repeats and each.n_ids > 1 and each.blank_share < 0.5
    ]
    if not others:
        return None
    other = max(others, key=lambda c: (c.score, -c.blank_share))
    note = (
        f"repeats over orders ({other.n_ids:,} customers, {other.n_visits:,} orders); "
        f"'{best.profile.name}' is new with every order"
    )
    return _identity(other, sample, note)


def _one_that_names_guests(
    best: _Candidate, candidates: list[_Candidate], sample: Sample
) -> Identity | None:
    mails = [
        each
        for each in candidates
        if each is not best
        and each.is_mail
        and each.repeats
        and each.without_share < best.without_share / 4
    ]
    if not mails or best.without_share < _GUEST_SHARE:
        return None
    mail = min(mails, key=lambda c: c.without_share)
    what = (
        f"is {best.nobody} (guests)"
        if best.nobody_share > best.blank_share
        else "is blank"
    )
    note = (
        f"names guests too: '{best.profile.name}' {what} in "
        f"{best.without_share:.1%} of the rows"
    )
    return _identity(mail, sample, note)


def _identity(chosen: _Candidate, sample: Sample, note: str) -> Identity:
    """Return the choice; addresses that differ in case only are read as one."""
    name = column_sql(chosen.profile.name)
    if chosen.is_mail:
        row = sample.one(
            f"SELECT count(DISTINCT {name}) - count(DISTINCT lower({name})) AS n "
            "FROM {sample}"
        )
        if row["n"]:
            more = f"{row['n']:,} addresses differ from another in case only"
            sql = SqlExpression(sql=f"lower(trim({name}))")
            return Identity(sql, chosen.profile, f"{note}; {more}" if note else more)
    return Identity(chosen.profile.name, chosen.profile, note)


def _doubt(best: _Candidate) -> str:
    if best.repeats or best.n_ids < _FEWEST_ROWS:
        return ""
    return (
        "never repeats: is it an order's number? Name the column that stays the same "
        "when a person comes again"
    )
