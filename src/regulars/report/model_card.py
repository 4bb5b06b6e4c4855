"""The model card: what a person should know of a model before relying on it.

Every figure is one that the training wrote; where there is none, the card says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.report import churn_card
from regulars.report.comparison import Comparison, churn_comparison, value_comparison
from regulars.report.formats import is_missing, listing, money, number, percent
from regulars.report.offer_charts import assumed_value, offer_rows, profit_caption
from regulars.report.spend_tables import (
    spend_intervals,
    spend_level,
    spend_tenths,
)

if TYPE_CHECKING:
    from regulars.results import TrainingResult
    from regulars.results.process import ProcessFit
    from regulars.results.training import Margin, Tuning, ValueCheck

LIMITS = (
    "It foresees purchases from purchases: what the log does not hold (a move, a new "
    "rival, a price change) it cannot know.",
    "A high probability of stopping is no reason to contact on its own: whether an "
    "offer changes anything, only a campaign with a control group shows.",
    "Customer value is an expectation over the configured horizon at the margin named "
    "under Data, not a promise for one customer.",
    "It holds for the population of its log; on another shop, country or horizon train "
    "it again.",
    "Figures are those of the whole procedure as of the test cutoff: what a user would "
    "have had on that day. The model that scores is the same procedure as of its own "
    "cutoff, with choices of its own.",
)


def render_model_card(card: TrainingResult) -> str:
    """Return the model card as Markdown."""
    # a purchase process is fitted to every log of purchases, and to nothing else
    if card.process:
        purpose, data = _purpose(card), _data(card, card.process)
    else:
        purpose, data = churn_card.purpose(card), churn_card.data_facts(card)
    limits = LIMITS if card.process else churn_card.limits(card)
    parts = [
        f"# Model card: {card.name}",
        f"{purpose} {_place(card)}",
        "## Data",
        _facts(data),
        "## Model",
        _facts(_model(card)),
        "## How good it is",
        *_figures(card),
        "## Money",
        _value_check(card.value_check, _currency(card)),
        _money(card, _currency(card)),
        "## Limits",
        _list([*card.notes, *limits]),
        "## How to make it again",
        _facts(_provenance(card)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _place(card: TrainingResult) -> str:
    place = "champion" if card.is_champion else "not the champion"
    version = card.model_version or "not registered"
    return f"Version {version}: {place} ({card.champion_reason})."


def _purpose(card: TrainingResult) -> str:
    return (
        f"Says for each customer how probable it is that they buy nothing within "
        f"{card.horizon_days} days{churn_card.after_gap(card)}, what they are expected "
        "to spend, and what they are worth."
    )


def _currency(card: TrainingResult) -> str:
    source = card.config.get("source") or {}
    return str(source.get("currency") or "")


def _data(card: TrainingResult, process: ProcessFit) -> list[tuple[str, Any]]:
    alone = "the purchase process alone"
    rows: list[tuple[str, Any]] = []
    if card.timeline:
        time = card.timeline
        span = time.first_order and time.last_order
        test = churn_card.cutoffs(time.training_cutoffs)
        scores = churn_card.cutoffs(time.refit_cutoffs)
        rows = [
            ("Records", f"{time.first_order} to {time.last_order}" if span else None),
            ("Cutoff of the scores", time.cutoff),
            ("Test cutoff", time.test_cutoff or "none: the history is too short"),
            ("Learnt for the test from", test or alone),
            ("Learnt for the scores from", scores or alone),
        ]
    return [
        *rows,
        ("Margin", _margin(card.margin) if card.margin else None),
        ("Kept of what is bought", _kept(process)),
        ("Fingerprint of the data", card.fingerprint),
    ]


def _margin(margin: Margin) -> str:
    """Return which margin value was worked out with."""
    own, rate = margin.own, percent(margin.rate)
    if own is None or not own.n_own:
        return f"{rate} of spend for all (`value.margin`)"
    columns = ", else ".join(f"`{name}`" for name in own.columns)
    share = "" if own.share is None else f", together {percent(own.share)}"
    text = f"by line ({columns}) for {number(own.n_own)} lines{share}"
    n_others = own.n_lines - own.n_own
    if n_others:
        text += f"; {rate} (`value.margin`) for the other {number(n_others)}"
    return f"{text}; each customer's is drawn towards everybody's"


def _kept(process: ProcessFit) -> str | None:
    """Return how much of the amount bought is kept; None where nothing came back."""
    kept = process.shares.kept
    if kept.mean >= 1:
        return None
    own = "everybody's counts for each customer"
    if kept.orders is not None and kept.orders < 0.1:
        own = "each customer's own counts"
    elif kept.orders is not None:
        own = f"it weighs as much as {number(kept.orders, 1)} orders of one's own"
    return f"{percent(kept.mean)} of the amount; {own}"


def _model(card: TrainingResult) -> list[tuple[str, Any]]:
    return [
        ("Churn", listing(members(card)) or None),
        ("Calibration", card.calibration),
        ("Search", search_words(card.tuning)),
        ("Spend", card.value_model),
        ("Purchase process", card.process.model if card.process else None),
        ("What moves it most", listing([row.feature for row in card.importance[:5]])),
    ]


def members(card: TrainingResult) -> list[str]:
    """Return the members of the blend with their shares."""
    shares = card.weights.items()
    return [f"{name} {percent(share)}" for name, share in shares if share > 0]


def search_words(tuning: Tuning | None) -> str | None:
    """Return how the churn model was searched for, in words."""
    if tuning is None:
        return None
    by = tuning.objective.replace("_", " ")
    words = f"{tuning.n_trials} trials by {by}, {tuning.n_pruned} of them given "
    groups = listing(list(tuning.left_out))
    rest = f"; without the features of {groups}" if groups else ""
    return f"{words}up early{rest}"


def _figures(card: TrainingResult) -> list[str]:
    test, churn = card.test, churn_comparison(card)
    if test is None or churn is None:
        return [
            "It was not tested: the history holds no complete window to keep apart."
        ]
    start = (
        f"{number(test.n_customers)} customers"
        + (f" from {test.cutoff}" if test.cutoff else " a test, in the mean")
        + f", of whom {percent(test.churn_rate)} stopped. {churn.summary}"
    )
    value = value_comparison(card)
    parts = [start, _table(churn), _table(value) if value else ""]
    tenths = spend_tenths(card, _currency(card))
    parts += [
        _table(tenths) if tenths else "",
        spend_intervals(card, _currency(card)),
        spend_level(card),
    ]
    return [part for part in parts if part]


def _table(comparison: Comparison) -> str:
    heads = ["", *comparison.headings]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for label, is_model, cells in comparison.rows:
        texts = [c.text + (f" ({c.interval})" if c.interval else "") for c in cells]
        name = f"**{_plain(label)}**" if is_model else _plain(label)
        lines.append("| " + " | ".join([name, *texts]) + " |")
    return "\n".join(lines)


def _value_check(check: ValueCheck | None, currency: str) -> str:
    """Return how the value of a time that is over stands to what came."""
    if check is None:
        return ""
    text = (
        f"Over the {check.days} days from {check.cutoff} the purchase process in use, "
        "fitted as of that day, expected "
        f"{money(check.expected, currency, short=True)} of margin "
        f"from {number(check.n_customers)} customers; "
        f"{money(check.came, currency, short=True)} came: expected over actual "
        f"{number(check.ratio, 2)} (95% interval {number(check.ratio_low, 2)} to "
        f"{number(check.ratio_high, 2)})"
    )
    if check.top_tenth is None:
        return f"{text}."
    return (
        f"{text}. For the tenth expected to bring most it is "
        f"{number(check.top_tenth, 2)} ({number(check.top_tenth_low, 2)} to "
        f"{number(check.top_tenth_high, 2)})."
    )


def _money(card: TrainingResult, currency: str) -> str:
    offer = card.profit
    if offer is None:
        return "Not worked out: there is no test, or no worth of a customer to go by."
    costs = offer.costs
    start = (
        f"{assumed_value(offer, currency)}, an offer of "
        f"{money(costs.incentive_cost, currency)} that "
        f"{percent(costs.accept_rate)} of those who would leave accept, at "
        f"{money(costs.contact_cost, currency)} a contact, would have earned on the "
        "test window (worth and acceptance are assumed; only a campaign with a control "
        "group shows them):"
    )
    rows = [
        f"{row['label']}: {row['profit']} from {row['n_contacted']} contacts"
        + (f"; the first is {row['ahead']} ahead" if row["ahead"] else "")
        + (f" ({row['interval']})" if row["interval"] else "")
        for row in offer_rows(offer, currency)
    ]
    return f"{start}\n\n{_list(rows)}\n\n{profit_caption(offer, currency)}"


def _provenance(card: TrainingResult) -> list[tuple[str, Any]]:
    return [
        ("Commit", card.commit),
        ("Seed", card.seed),
        ("Python", card.python),
        *sorted(card.versions.items()),
    ]


def _facts(rows: list[tuple[str, Any]]) -> str:
    known = [(n, v) for n, v in rows if not is_missing(v) and v != ""]
    return "\n".join(f"- {name}: {_plain(value)}" for name, value in known)


def _list(sentences: list[str]) -> str:
    return "\n".join(f"- {_plain(sentence)}" for sentence in sentences)


def _plain(text: Any) -> str:
    """Keep a user's text on one line and inside its cell."""
    return " ".join(str(text).replace("|", "\\|").split())
