"""The model card: what a person should know of a model before relying on it.

``training.json`` comes in as a dictionary, Markdown goes out. Every figure is one that
the training wrote; where there is none, the card says so.
"""

from __future__ import annotations

from typing import Any

from regulars.report.comparison import Comparison, churn_comparison, value_comparison
from regulars.report.formats import is_missing, listing, money, number, percent
from regulars.report.kinds_card import LIMITS as KIND_LIMITS
from regulars.report.kinds_card import data_facts, purpose
from regulars.report.offer_charts import offer_rows, profit_caption
from regulars.report.spend_tables import spend_intervals

LIMITS = (
    "It foresees purchases from purchases: what the log does not hold (a move, a new "
    "rival, a price change) it cannot know.",
    "A high probability of stopping is no reason to contact on its own: whether an "
    "offer changes anything, only a campaign with a control group shows.",
    "Customer value is an expectation over the configured horizon at the margin named "
    "under Data, not a promise for one customer.",
    "It holds for the population of its log; on another shop, country or horizon train "
    "it again.",
    "Figures are those of the model that had not seen the test window; the model that "
    "scores was refitted with that window too.",
)


def render_model_card(card: dict[str, Any]) -> str:
    """Return the model card as Markdown."""
    parts = [
        f"# Model card: {card.get('name', 'model')}",
        _purpose(card),
        "## Data",
        _facts(data_facts(card) if _kind(card) else _data(card)),
        "## Model",
        _facts(_model(card)),
        "## How good it is",
        *_figures(card),
        "## Money",
        _money(card, _currency(card)),
        "## Limits",
        _list([*(card.get("notes") or []), *KIND_LIMITS.get(_kind(card), LIMITS)]),
        "## How to make it again",
        _facts(_provenance(card)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _kind(card: dict[str, Any]) -> str:
    """Return the kind of churn where it is not that of a purchase log."""
    return str(card.get("kind") or "")


def _purpose(card: dict[str, Any]) -> str:
    place = "champion" if card.get("is_champion") else "not the champion"
    told = purpose(card) if _kind(card) else _of_purchases(card)
    return (
        f"{told} Version {card.get('model_version', 'not registered')}: "
        f"{place} ({card.get('champion_reason', 'not compared')})."
    )


def _of_purchases(card: dict[str, Any]) -> str:
    gap = card.get("gap_days")
    after = f", after a gap of {gap} days" if gap else ""
    return (
        f"Says for each customer how probable it is that they buy nothing within "
        f"{card.get('horizon_days')} days{after}, what they are expected to spend, and "
        "what they are worth."
    )


def _currency(card: dict[str, Any]) -> str:
    source = (card.get("config") or {}).get("source") or {}
    return str(source.get("currency") or "")


def _data(card: dict[str, Any]) -> list[tuple[str, Any]]:
    time = card.get("timeline") or {}
    return [
        ("Records", _span(time.get("first_order"), time.get("last_order"))),
        ("Cutoff of the scores", time.get("cutoff")),
        ("Test cutoff", time.get("test_cutoff") or "none: the history is too short"),
        ("Learnt for the test from", _days(time.get("training_cutoffs"))),
        ("Learnt for the scores from", _days(time.get("refit_cutoffs"))),
        ("Margin", _margin(card)),
        ("Kept of what is bought", _kept(card)),
        ("Fingerprint of the data", card.get("fingerprint")),
    ]


def _margin(card: dict[str, Any]) -> str | None:
    """Return which margin value was worked out with."""
    margin = card.get("margin")
    if not margin:
        return None
    own, rate = margin["own"], percent(margin["rate"])
    if not own or not own["n_own"]:
        return f"{rate} of spend for all (`value.margin`)"
    columns = ", else ".join(f"`{name}`" for name in own["columns"])
    share = "" if own["share"] is None else f", together {percent(own['share'])}"
    text = f"by line ({columns}) for {number(own['n_own'])} lines{share}"
    n_others = own["n_lines"] - own["n_own"]
    if n_others:
        text += f"; {rate} (`value.margin`) for the other {number(n_others)}"
    return f"{text}; each customer's is drawn towards everybody's"


def _kept(card: dict[str, Any]) -> str | None:
    """Return how much of the amount bought is kept; None where nothing came back."""
    kept = ((card.get("process") or {}).get("shares") or {}).get("kept")
    if not kept or kept["mean"] >= 1:
        return None
    own = "everybody's counts for each customer"
    if kept["orders"] is not None and kept["orders"] < 0.1:
        own = "each customer's own counts"
    elif kept["orders"] is not None:
        own = f"it weighs as much as {number(kept['orders'], 1)} orders of one's own"
    return f"{percent(kept['mean'])} of the amount; {own}"


def _span(first: Any, last: Any) -> str | None:
    return f"{first} to {last}" if first and last else None


def _days(cutoffs: Any) -> str:
    days = [str(day) for day in cutoffs or []]
    return f"cutoffs {listing(days)}" if days else "the purchase process alone"


def _model(card: dict[str, Any]) -> list[tuple[str, Any]]:
    shares = {n: w for n, w in (card.get("weights") or {}).items() if w > 0}
    members = [f"{name} {percent(share)}" for name, share in shares.items()]
    process = card.get("process") or {}
    return [
        ("Churn", listing(members) if members else None),
        ("Calibration", card.get("calibration")),
        ("Search", search_words(card.get("tuning"))),
        ("Spend", card.get("value_model")),
        ("Purchase process", process.get("model")),
        (
            "What moves it most",
            listing([str(r["feature"]) for r in (card.get("importance") or [])[:5]]),
        ),
    ]


def search_words(tuning: dict[str, Any] | None) -> str | None:
    """Return how the churn model was searched for, in words."""
    if not tuning:
        return None
    by = str(tuning["objective"]).replace("_", " ")
    words = f"{tuning['n_trials']} trials by {by}, {tuning['n_pruned']} of them given "
    groups = listing(list(tuning["left_out"]))
    rest = f"; without the features of {groups}" if groups else ""
    return f"{words}up early{rest}"


def _figures(card: dict[str, Any]) -> list[str]:
    test, churn = card.get("test"), churn_comparison(card)
    if not test or churn is None:
        return [
            "It was not tested: the history holds no complete window to keep apart."
        ]
    start = (
        f"{number(test['n_customers'])} customers"
        + (f" from {test['cutoff']}" if test["cutoff"] else " a test, in the mean")
        + f", of whom {percent(test['churn_rate'])} stopped. {churn.summary}"
    )
    value = value_comparison(card)
    parts = [start, _table(churn), _table(value) if value else ""]
    return [part for part in (*parts, spend_intervals(card, _currency(card))) if part]


def _table(found: Comparison) -> str:
    heads = ["", *found.headings]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for label, is_model, cells in found.rows:
        texts = [c.text + (f" ({c.interval})" if c.interval else "") for c in cells]
        name = f"**{_plain(label)}**" if is_model else _plain(label)
        lines.append("| " + " | ".join([name, *texts]) + " |")
    return "\n".join(lines)


def _money(card: dict[str, Any], currency: str) -> str:
    profit = card.get("profit")
    if not profit:
        return "Not worked out: there is no test, or no worth of a customer to go by."
    costs = profit["costs"]
    start = (
        f"An offer of {money(costs['incentive_cost'], currency)} that "
        f"{percent(costs['accept_rate'])} of those who would leave accept, at "
        f"{money(costs['contact_cost'], currency)} a contact, would have earned on the "
        "test window, valued with each customer's own expected worth:"
    )
    rows = [
        f"{row['label']}: {row['profit']} from {row['n_contacted']} contacts"
        + (f"; the first is {row['ahead']} ahead" if row["ahead"] else "")
        + (f" ({row['interval']})" if row["interval"] else "")
        for row in offer_rows(card, currency)
    ]
    return f"{start}\n\n{_list(rows)}\n\n{profit_caption(card, currency)}"


def _provenance(card: dict[str, Any]) -> list[tuple[str, Any]]:
    versions = card.get("versions") or {}
    return [
        ("Commit", card.get("commit")),
        ("Seed", card.get("seed")),
        ("Python", card.get("python")),
        *((name, versions[name]) for name in sorted(versions)),
    ]


def _facts(rows: list[tuple[str, Any]]) -> str:
    known = [(n, v) for n, v in rows if not is_missing(v) and v != ""]
    return "\n".join(f"- {name}: {_plain(value)}" for name, value in known)


def _list(sentences: list[str]) -> str:
    return "\n".join(f"- {_plain(sentence)}" for sentence in sentences)


def _plain(text: Any) -> str:
    """Keep a user's text on one line and inside its cell."""
    return " ".join(str(text).replace("|", "\\|").split())
