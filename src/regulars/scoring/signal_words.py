"""What tickets, visits, answers, points, contacts and contracts say, in sentences.

As with purchases, a signal is what some features say together; it speaks once, and only
where its figures say what it is there for: a warning where the figure is worse than is
usual of customers who stay, a comfort where it is better than of those who leave.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from regulars.features.dated_tables import DATED_GROUPS, columns_of_words, words_in
from regulars.features.events import SENT
from regulars.scoring.attribute_words import in_words
from regulars.scoring.figures import counted, days_ago, either, joined, money, number
from regulars.scoring.purchase_words import MARKED, Facts, Said, Words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from regulars.scoring.figures import Texts
    from regulars.scoring.purchase_words import Case

    Flags = NDArray[np.bool_]

# "{day}" in a text is the figure counted in days, "{ago}" how many days ago that is
Text = Callable[[Facts], "Texts | str"] | str

# what an event is called where its type does not say it
NOUNS = {
    "email_sent": "e-mail",
    "email_open": "e-mail opened|e-mails opened",
    "email_click": "e-mail clicked|e-mails clicked",
    "sms_sent": "text message",
    "push_sent": "message",
}
FREE_OF_WORDS = {name for group in DATED_GROUPS.values() for name in group.meanings}


@dataclass(frozen=True)
class Line:
    """A sentence, and the figure that must be worse (or better) than usual for it."""

    name: str
    text: Text
    if_larger: bool
    # whether what is usual stands behind it
    compared: bool = True
    # a figure that may be below zero, of which no part can be taken
    is_change: bool = False
    also: Callable[[Facts], Flags] | None = None

    def warning(self, facts: Facts) -> Case:
        """Return the sentence, and of whom it is true and a warning."""
        worse = facts.is_worse(self.name, if_larger=self.if_larger)
        return self._case(facts, worse, facts.stay.get(self.name), Facts.stayers)

    def comfort(self, facts: Facts) -> Case:
        """Return the sentence, and of whom it is true and a comfort."""
        better = facts.is_better(self.name, if_larger=self.if_larger)
        return self._case(facts, better, facts.leave.get(self.name), Facts.leavers)

    def _case(
        self,
        facts: Facts,
        holds: Flags,
        usual: float | None,
        behind: Callable[[Facts, str], str],
    ) -> Case:
        if self.is_change and usual is not None:
            own = facts.own(self.name)
            holds = own > max(usual, 0) if self.if_larger else own < min(usual, 0)
        if self.also is not None:
            holds = holds & self.also(facts)
        if not self.compared or self.is_change:
            return self._written, holds
        return lambda f: joined(self._written(f), behind(f, self.name)), holds

    def _written(self, facts: Facts) -> Texts | str:
        if not isinstance(self.text, str):
            return self.text(facts)
        before, _, rest = self.text.partition("{")
        noun, _, after = rest.partition("}")
        if not noun:
            return before
        one, _, many = noun.partition("|")
        own = facts.own(self.name)
        told = days_ago(own) if noun == "ago" else counted(own, one, many)
        return joined(before, told, after)


more, less = partial(Line, if_larger=True), partial(Line, if_larger=False)


class Signal(NamedTuple):
    """Features that say one thing, and its sentences; on each side the first holds."""

    features: tuple[str, ...]
    warnings: Sequence[Line]
    comforts: Sequence[Line]

    def words(self, facts: Facts) -> Words:
        """Return what the signal says of customers."""
        nothing: Case = (lambda f: "", np.zeros(len(facts.rows), bool))
        warnings = [line.warning(facts) for line in self.warnings]
        comforts = [line.comfort(facts) for line in self.comforts]
        return Words(Said(facts, *warnings, nothing), Said(facts, *comforts, nothing))


def signals_in(names: Iterable[str]) -> list[Signal]:
    """Return what the features of dated tables among some columns can say."""
    columns, found = [*names], []
    words_of = words_in(columns)
    # what points do is told in points, whatever the kind of posting
    postings = columns_of_words({"loyalty": words_of["loyalty"]})
    left = [name for name in columns if name in FREE_OF_WORDS | postings]
    for prefixes, warnings, comforts in SIGNALS:
        own = tuple(name for name in left if name.startswith(prefixes))
        left = [name for name in left if name not in own]
        found.append(Signal(own, warnings, comforts))
    # events of all kinds are no fact beside the commonest kind
    kinds = [word for word in words_of["events"] if not word.endswith(SENT)]
    every = set(found.pop().features) if kinds else set()
    for stem, words in words_of.items():
        for word in words if stem in OF_WORDS else ():
            made = columns_of_words({stem: (word,)})
            if stem == "events" and kinds[:1] == [word]:
                made |= every
            own = tuple(name for name in columns if name in made)
            found.append(Signal(own, *OF_WORDS[stem](f"{stem}_{word}", word)))
    return [signal for signal in found if signal.features]


def _is(name: str, value: float) -> Callable[[Facts], Flags]:
    return lambda f: np.equal(f.own(name), value)


def _events(stem: str, noun: str) -> tuple[list[Line], list[Line]]:
    """Say how a kind of event fades, or comes more often."""
    since, ever, trend = f"days_since_{stem}", f"{stem}_ever", f"{stem}_trend"
    one, _, many = noun.partition("|")

    def lately(f: Facts) -> NDArray[np.float64]:
        return f.own(f"{stem}_last_30_days")

    def before(f: Facts) -> NDArray[np.float64]:
        return f.own(f"{stem}_last_90_days") - lately(f)

    def moved(f: Facts, way: str) -> Texts:
        now = joined(number(lately(f)), " in the last 30 days, ", number(before(f)))
        return joined(f"{many or one + 's'} {way}: ", now, " in the 60 before")

    def falls(f: Facts) -> Flags:
        return 2 * lately(f) * MARKED < before(f)

    def rises(f: Facts) -> Flags:
        return 2 * lately(f) > before(f) * MARKED

    return [
        more(since, f"no {one} for {{day}}"),
        less(ever, f"no {one} so far", compared=False, also=_is(ever, 0)),
        less(trend, partial(moved, way="down"), is_change=True, also=falls),
    ], [
        more(trend, partial(moved, way="up"), is_change=True, also=rises),
        less(since, f"last {one} {{ago}}"),
    ]


def _sent(stem: str, noun: str) -> tuple[list[Line], list[Line]]:
    """Say how many of the messages sent are ignored."""
    share, sent = f"{stem}_ignored_share", f"{stem}_last_90_days"

    def told(f: Facts, verb: str) -> Texts:
        part = f.own(share) if verb == "ignored" else 1 - f.own(share)
        n = joined(f"{verb} ", number(np.round(part * f.own(sent))), " of ")
        return joined(n, counted(f.own(sent), noun), " of the last 90 days")

    return [more(share, partial(told, verb="ignored"), compared=False)], [
        less(share, partial(told, verb="opened"), compared=False)
    ]


def _of_event(stem: str, event_type: str) -> tuple[list[Line], list[Line]]:
    noun = NOUNS.get(event_type, in_words(event_type))
    return (_sent if event_type.endswith(SENT) else _events)(stem, noun)


def _tickets(stem: str, of: str) -> list[Line]:
    noun = f"{{ticket{of}|tickets{of}}}"
    return [
        more(f"{stem}_last_90_days", f"{noun} in the last 90 days"),
        more(f"{stem}_ever", f"{noun} so far"),
    ]


def _open_tickets(f: Facts) -> Texts:
    oldest = counted(f.own("oldest_open_ticket_days"), "day")
    tickets = joined(counted(f.own("tickets_open"), "support ticket"), " open")
    several = joined(tickets, ", the oldest for ", oldest)
    return either(f.own("tickets_open") > 1, several, joined(tickets, " for ", oldest))


def _bad_experiences(f: Facts) -> Texts:
    times = counted(f.own("bad_experiences"), "bad experience")
    what = " with support (late, opened again or a low score), the last "
    return joined(times, what, days_ago(f.own("days_since_bad_experience")))


def _rating(f: Facts) -> Texts:
    return joined("last rated support with ", number(f.own("last_csat")))


def _recommends(f: Facts, kind: str = "") -> Texts:
    score = number(f.own("last_survey_score"))
    return joined("last recommended us with ", score, f" of 10{kind}")


def _recommends_less(f: Facts) -> Texts:
    change = number(-f.own("survey_score_change"))
    return joined(_recommends(f), ", ", change, " less than before")


def _offers(f: Facts) -> Texts:
    taken = joined("took ", counted(f.own("offers_taken"), "offer"))
    return joined(taken, " from ", counted(f.own("contacts_ever"), "contact"))


def _price(f: Facts, change: str) -> Texts:
    amount = money(np.abs(f.own("price_change")), f.currency)
    return joined(f"price {change} by ", amount, " a month")


# stem of columns of words -> the warnings and comforts of a word
OF_WORDS: dict[str, Callable[[str, str], tuple[list[Line], list[Line]]]] = {
    "events": _of_event,
    "tickets": lambda stem, word: (_tickets(stem, f" of priority {word}"), []),
    "tickets_department": lambda stem, word: (_tickets(stem, f" for {word}"), []),
    "tickets_tag": lambda stem, word: (_tickets(stem, f" tagged {word}"), []),
}

# columns by how they begin (the first that fits), warnings, comforts
SIGNALS: tuple[tuple[tuple[str, ...], list[Line], list[Line]], ...] = (
    (
        ("bad_", "days_since_bad", "days_past", "tickets_late", "tickets_reopened"),
        [
            more(
                "days_past_due", "a ticket {day} past its promised date", compared=False
            ),
            more("bad_experiences", _bad_experiences, compared=False),
            more("tickets_late", "{support ticket} late so far"),
        ],
        [],
    ),
    (
        ("last_csat", "mean_csat"),
        [less("last_csat", _rating)],
        [more("last_csat", _rating)],
    ),
    (
        ("tickets_", "oldest_open", "days_since_tickets", "mean_days_to_re"),
        [
            more("tickets_open", _open_tickets, compared=False),
            *_tickets("tickets", ""),
            more("mean_days_to_resolve", "a ticket takes {day}"),
        ],
        [
            less(
                "tickets_last_90_days",
                "no support ticket in the last 90 days",
                also=_is("tickets_last_90_days", 0),
            ),
            less("mean_days_to_resolve", "a ticket takes {day}"),
        ],
    ),
    (
        ("last_survey", "survey", "mean_survey", "is_", "never_", "days_since_surveys"),
        [
            less(
                "last_survey_score",
                partial(_recommends, kind=" (a detractor)"),
                compared=False,
                also=_is("is_detractor", 1),
            ),
            less("survey_score_change", _recommends_less, is_change=True),
            less("last_survey_score", _recommends),
            more("never_answered", "has answered no survey", compared=False),
        ],
        [
            more(
                "last_survey_score",
                partial(_recommends, kind=" (a promoter)"),
                compared=False,
                also=_is("is_promoter", 1),
            ),
            more("last_survey_score", _recommends),
        ],
    ),
    (
        ("points_", "loyalty_", "days_since_loyalty", "badges", "days_in_programme"),
        [
            more("points_older_than_180_days", "{point} unused for half a year"),
            less("points_balance", "only {point} unused"),
            more("days_since_loyalty", "no points moved for {day}"),
        ],
        [
            more("points_balance", "{point} unused"),
            less("days_since_loyalty", "points moved {ago}"),
        ],
    ),
    (
        ("referrals_", "days_since_referrals"),
        [],
        [more("referrals_ever", "has referred {customer}", compared=False)],
    ),
    (
        ("offers_", "contacts_redeemed", "days_since_offer"),
        [less("contacts_redeemed_share", _offers, compared=False)],
        [more("contacts_redeemed_share", _offers, compared=False)],
    ),
    (
        ("contacts_", "days_since_contacts", "contact_cost"),
        [more("contacts_last_30_days", "{contact} in the last 30 days")],
        [],
    ),
    (
        ("price_change",),
        [more("price_change", partial(_price, change="up"), is_change=True)],
        [less("price_change", partial(_price, change="down"), is_change=True)],
    ),
    (
        ("tenure_days", "contract_days"),
        [less("tenure_days", "a subscriber for only {day}")],
        [more("tenure_days", "a subscriber for {day}")],
    ),
    (("events_", "days_since_events"), *_events("events", "event")),
)
