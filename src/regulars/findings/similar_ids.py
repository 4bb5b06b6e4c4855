"""Find ids that differ only in case, blanks, leading zeros or an ending of ``.0``.

Tokens in which upper and lower case mean something are left alone where hardly any of
them meet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from regulars.data.queries import count_rows, first_row
from regulars.findings.finding import (
    Finding,
    Setting,
    counted,
    listed,
    share_words,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_STEPS = ("blanks", "case", "ending", "zeros")
_WORDS = {
    "blanks": "blanks",
    "case": "upper and lower case",
    "ending": "an ending of '.0'",
    "zeros": "leading zeros",
}
_SQL = {
    "blanks": r"regexp_replace(trim({}), '[\s\xA0]+', ' ', 'g')",
    "case": "lower({})",
    "ending": r"regexp_replace({}, '^([0-9]+)[.]0+$', '\1')",
    "zeros": "regexp_replace({}, '^0+([0-9]+)$', '\\1')",
}
# of 10,000 tokens of six letters in mixed case, about one pair meets by chance
_TOKEN_SHARE = 0.3
_FEW_TOKENS = 0.01


def similar_ids(
    column: Any, source: str | None, key: str, table: str
) -> Finding | None:
    """Return a finding where ids of a column differ only in how they are written.

    `source` is the SQL expression of the column in the source, `key` the setting that
    maps it; without a source no setting is proposed.
    """
    if not column.type().is_string():
        return None
    ids = column.name("id").as_table()
    ids = ids.filter(ids.id.notnull())
    ids = ids.group_by("id").aggregate(n_rows=ids.count())
    written = _written_alike(ids)
    groups = written.group_by("zeros").aggregate(
        n_rows=written.n_rows.sum(),
        n_ids=written.count(),
        some=written.id.min(),
        other=written.id.max(),
        **{step: written[step].nunique() for step in _STEPS[:-1]},
    )
    groups = groups.filter(groups.n_ids > 1)
    differ = _differences(groups)
    counts = first_row(
        groups.aggregate(
            n_groups=groups.count(),
            n_ids=groups.n_ids.sum(),
            n_rows=groups.n_rows.sum(),
            **{step: where.sum() for step, where in differ.items()},
        )
    )
    if not counts["n_groups"]:
        return None
    n_all = count_rows(ids)
    steps = [step for step in _STEPS if counts[step]]
    only_case = steps == ["case"]
    if only_case and counts["n_groups"] < _FEW_TOKENS * n_all and _are_tokens(ids):
        return None
    top = groups.order_by(ibis.desc("n_rows"), "zeros").limit(5).to_pyarrow()
    pairs = [f"{row['some']}' and '{row['other']}" for row in top.to_pylist()]
    return _finding(counts, n_all, steps, pairs, source, key, table)


def _written_alike(ids: Any) -> Any:
    """Add each id in four ever plainer spellings."""
    # patterns without references to groups: engines write those differently
    blanks = ids.id.re_replace("[\\s\u00a0]+", " ").strip()
    ids = ids.mutate(blanks=blanks)
    ids = ids.mutate(case=ids.blanks.lower())
    is_whole = ids.case.re_search("^[0-9]+[.]0+$")
    ending = is_whole.ifelse(ids.case.re_replace("[.]0+$", ""), ids.case)
    ids = ids.mutate(ending=ending)
    is_number = ids.ending.re_search("^0+[0-9]+$")
    without = ids.ending.re_replace("^0+", "").nullif("").fill_null("0")
    return ids.mutate(zeros=is_number.ifelse(without, ids.ending))


def _differences(groups: Any) -> dict[str, Any]:
    """Return for each kind of difference whether a group of ids has it."""
    before = {"blanks": groups.n_ids, "case": groups.blanks, "ending": groups.case}
    after = {"blanks": groups.blanks, "case": groups.case, "ending": groups.ending}
    plainer = {step: after[step] < before[step] for step in before}
    return {**plainer, "zeros": groups.ending > 1}


def _are_tokens(ids: Any) -> bool:
    """Say whether many ids change from lower to upper case inside, as tokens do."""
    mixed = ids.id.re_search("[a-z0-9][A-Z]") & ids.id.re_search("[A-Z0-9][a-z]")
    share = ids.aggregate(share=mixed.cast("float64").mean()).to_pyarrow()
    return bool((share["share"][0].as_py() or 0.0) > _TOKEN_SHARE)


def _finding(
    counts: dict[str, int],
    n_all: int,
    steps: Sequence[str],
    pairs: list[str],
    source: str | None,
    key: str,
    table: str,
) -> Finding:
    differ = " or ".join(_WORDS[step] for step in steps)
    share = counts["n_ids"] / n_all
    setting = None
    advice = "If each group is one customer, write the ids alike in the source."
    if source is not None:
        sql = source
        for step in steps:
            sql = _SQL[step].format(sql)
        setting = Setting(key, {"sql": sql})
        advice = f"If each group is one customer, write {setting.words}."
    return Finding(
        key="similar_ids",
        severity="ask",
        table=table,
        seen=(
            f"{counted(counts['n_ids'], 'id')} of {n_all:,} ({share_words(share)}) "
            f"differ only in {differ} from another, such as {listed(pairs)}: "
            f"{counted(counts['n_groups'], 'customer')} may stand there as several."
        ),
        advice=advice,
        figures={
            "n_groups": counts["n_groups"],
            "n_ids": counts["n_ids"],
            "share_of_ids": share,
            "n_rows": counts["n_rows"],
            "by_difference": {step: counts[step] for step in steps},
        },
        examples=[pair.replace("' and '", " / ") for pair in pairs],
        setting=setting,
    )
