"""Write the pages of ``docs/`` that are generated from the code.

    python docs/build.py                                    # the generated pages
    python docs/build.py --figures out/demo/training.json   # and the README's figures

The settings' own descriptions and the features' own meanings come in, Markdown goes
out, so that neither page can say something else than the program does. A test compares
the committed pages with what this would write.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import types
import typing
from datetime import date
from pathlib import Path
from typing import Any

import grimp
from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from regulars.campaigns.standing import META
from regulars.config import Settings, SqlExpression, TableSettings
from regulars.data.contract import TABLES
from regulars.features.dated_tables import describe_dated
from regulars.features.matrix import DEFAULT_GROUPS, MEANINGS, describe_features
from regulars.models.churn.baselines import labels

if typing.TYPE_CHECKING:
    import pandas as pd
    from pydantic.fields import FieldInfo

    from regulars.data.contract import ColumnContract

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
ARCHITECTURE = HERE / "architecture.md"
ROOMS = ("<!-- rooms -->", "<!-- end of rooms -->")
CAMPAIGNS = HERE / "campaigns.md"
COLUMNS = ("<!-- condition columns -->", "<!-- end of condition columns -->")
BEGIN, END = "<!-- demo figures -->", "<!-- end of demo figures -->"
GENERATED = "<!-- Written by docs/build.py; change the code and run `make docs`. -->"
NAMES: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    date: "date",
    SqlExpression: "`{sql: ...}`",
}


def configuration() -> str:
    """Return the page about the settings."""
    parts = [
        GENERATED,
        "# Configuration",
        "A configuration is a YAML file. Every key is listed here with its default; "
        "`regulars init FILE` writes a file to start from, and `--set key.sub=value` "
        "on the command line wins over the file. A key that is not in the list is an "
        "error that names the nearest one. Paths are relative to where the command "
        "runs; `package:NAME/FILE` is a file inside an installed package. `${NAME}` is "
        "replaced from the environment, so that no secret stands in a file.",
    ]
    top: list[tuple[str, FieldInfo]] = []
    sections: list[tuple[str, type[BaseModel], str]] = []
    for name, field in Settings.model_fields.items():
        section = _section(field.annotation)
        name += ".NAME" if section and _is_by_name(field.annotation) else ""
        if section is None:
            top.append((name, field))
        else:
            sections.append((name, section, field.description or ""))
    parts += ["## At the top", _fields(top)]
    for name, section, description in sections:
        parts += [f"## {name}", description, _fields(list(_plain(section)))]
        if tables := list(_tables(section)):
            parts += [
                "### A table",
                "Only `transactions` is required. Every table takes the same keys:",
                _fields(list(_plain(TableSettings))),
                *(
                    f"#### {inner}\n\n{meaning}\n\n{_fields(list(_plain(nested)))}"
                    for inner, nested, meaning in _nested(TableSettings)
                ),
                "| table | what it holds |\n|---|---|\n"
                + "\n".join(f"| `{n}` | {f.description} |" for n, f in tables),
            ]
        for inner, nested, meaning in _nested(section):
            parts += [f"### {inner}", meaning, _fields(list(_plain(nested)))]
    return "\n\n".join(parts) + "\n"


def architecture() -> str:
    """Return the page about the rooms, with their picture drawn from the imports."""
    text = ARCHITECTURE.read_text(encoding="utf-8")
    arrows = _without_detours(_arrows())
    lines = ["```mermaid", "flowchart BT"]
    lines += [f"  {a} --> {b}" for a in sorted(arrows) for b in sorted(arrows[a])]
    begin, end = ROOMS
    drawn = "\n".join([begin, *lines, "```", end])
    return re.sub(f"{begin}.*{end}", lambda _: drawn, text, flags=re.DOTALL)


def _arrows() -> dict[str, set[str]]:
    """Return which rooms each room imports; errors and the version aside."""
    graph = grimp.build_graph("regulars")
    found: dict[str, set[str]] = {}
    for module in graph.modules:
        for other in graph.find_modules_directly_imported_by(module):
            pair = [
                name.partition(".")[2].partition(".")[0] for name in (module, other)
            ]
            if all(pair) and pair[0] != pair[1] and pair[1] != "errors":
                found.setdefault(pair[0], set()).add(pair[1])
    return found


def _without_detours(arrows: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return the arrows without those that a longer way says too."""

    def reached(room: str) -> set[str]:
        direct = arrows.get(room, set())
        return direct.union(*(reached(each) for each in direct))

    return {
        room: {b for b in direct if not any(b in reached(c) for c in direct - {b})}
        for room, direct in arrows.items()
    }


def tables() -> str:
    """Return the page about the tables and their columns."""
    parts = [
        GENERATED,
        "# Tables",
        "What a source may hold. Only `transactions` is required, and of every table "
        "only the columns marked so. `columns` in the [configuration](configuration.md)"
        " says which of your columns is which of these; a column whose name is the "
        "same need not be listed. Tables may lie in files or in a database "
        "([PostgreSQL](postgres.md)).",
    ]
    for table in TABLES.values():
        rows = "\n".join(
            f"| `{column.name}` | {column.kind} | {'yes' if column.required else ''} "
            f"| {_cell(column.meaning)}{_unit(column)} |"
            for column in table.columns
        )
        more = "Further columns are welcome: each is an attribute of the customer."
        parts += [
            f"## {table.name}",
            f"One row: {table.meaning}." + (f" {more}" if table.open_ended else ""),
            f"| column | kind | required | meaning |\n|---|---|---|---|\n{rows}",
        ]
    return "\n\n".join(parts) + "\n"


def features() -> str:
    """Return the page about the features."""
    described = describe_features()
    parts = [
        GENERATED,
        "# Features",
        f"{len(described)} features in {len(MEANINGS)} groups, worked out for every "
        "customer at every cutoff from days before the cutoff only. "
        f"`features.groups` chooses among them; without it "
        f"{', '.join(f'`{g}`' for g in DEFAULT_GROUPS)} are used. Windows that reach "
        "back beyond the first day of the log are left out, and so are features of "
        "columns that the log has not. [Your own features](own-features.md) stand "
        "beside these.",
    ]
    parts += _groups(described)
    parts += [
        "# Features of the dated tables",
        "What the tables beside the purchases say of a customer, one group a table, as "
        "of the cutoff: a row counts from the day after its own, and what became known "
        "later (a resolution, a redemption) from the day after that. `{type}`, "
        "`{priority}`, `{tag}` and the like stand for the commonest words of the table "
        "as known on the day of the training. A ticket's `csat` and `reopened` have no "
        "day of their own: they are taken as known once the ticket was resolved, and "
        "are not used without `resolved_at`. Satisfaction is read on a scale of 1 to "
        "5; map another one to it with a `sql` expression. Features of columns that a "
        "table has not are left out.",
    ]
    parts += _groups(describe_dated())
    return "\n\n".join(parts) + "\n"


def _groups(described: pd.DataFrame) -> list[str]:
    """Return a heading and a table for each group of features."""
    parts = []
    for group, rows in described.groupby("group", sort=False):
        table = "\n".join(
            f"| `{row.feature}` | {_cell(str(row.meaning))} |"
            for row in rows.itertuples()
        )
        parts += [f"## {group}", f"| feature | meaning |\n|---|---|\n{table}"]
    return parts


def campaigns() -> str:
    """Return the page about campaigns, with the columns of conditions."""
    own = [("ours", name, meaning) for name, meaning in META.items()]
    dated = describe_dated()
    # attributes have names of their own
    rows = dated[dated["group"] != "customers"]
    others = rows[["group", "feature", "meaning"]].itertuples(index=False)
    lines = [
        f"| `{name}` | {_cell(meaning)} | {group} |"
        for group, name, meaning in (*own, *others)
    ]
    begin, end = COLUMNS
    head = "| column | meaning | from |\n|---|---|---|"
    drawn = "\n".join([begin, "", head, *lines, "", end])
    text = CAMPAIGNS.read_text(encoding="utf-8")
    return re.sub(f"{begin}.*{end}", lambda _: drawn, text, flags=re.DOTALL)


def figures(training: dict[str, Any]) -> str:
    """Return the README's table of what a training measured."""
    heads = {
        "roc_auc": "ROC AUC",
        "average_precision": "average precision",
        "log_loss": "log loss",
        "brier": "Brier score",
        "ece": "calibration error (ECE)",
    }
    test = training["test"]
    rows = [("**regulars**", test, training["test_intervals"])]
    rows += [
        (labels()[name], found, training["baseline_intervals"][name])
        for name, found in training["baselines"].items()
    ]
    lines = [
        f"| {' | '.join(['', *heads.values()])} |",
        f"|---|{'---:|' * len(heads)}",
    ]
    for label, found, interval in rows:
        cells = [
            f"{found[key]:.4f} ({interval[key][0]:.3f}-{interval[key][1]:.3f})"
            for key in heads
        ]
        lines.append(f"| {' | '.join([label, *cells])} |")
    value = training["value_test"]
    return "\n".join(
        [
            f"Test window of {training['horizon_days']} days from {test['cutoff']}, "
            f"{test['n_customers']:,} customers, of whom {test['churn_rate']:.1%} did "
            "not buy again; in brackets the 95% bootstrap interval.",
            "",
            *lines,
            "",
            f"Spend in the same window: mean absolute error {value['mae']:.2f}, rank "
            f"correlation {value['spearman']:.3f}, predicted total over actual total "
            f"{value['total_ratio']:.2f}.",
        ]
    )


def with_figures(readme: str, table: str) -> str:
    """Return the README with its table of figures replaced."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def pages() -> dict[Path, str]:
    """Return every generated page."""
    return {
        ARCHITECTURE: architecture(),
        CAMPAIGNS: campaigns(),
        HERE / "configuration.md": configuration(),
        HERE / "features.md": features(),
        HERE / "tables.md": tables(),
    }


def _fields(fields: list[tuple[str, FieldInfo]]) -> str:
    lines = [
        f"| `{name}` | {_type(field)} | {_default(field)} "
        f"| {_cell(field.description or '')} |"
        for name, field in fields
    ]
    return "| key | type | default | meaning |\n|---|---|---|---|\n" + "\n".join(lines)


def _plain(section: type[BaseModel]) -> typing.Iterator[tuple[str, FieldInfo]]:
    apart = {name for name, _ in _tables(section)}
    apart |= {path.partition(".")[0] for path, _, _ in _nested(section)}
    yield from (pair for pair in section.model_fields.items() if pair[0] not in apart)


def _nested(section: type[BaseModel]) -> typing.Iterator[tuple[str, Any, str]]:
    """Yield the sections inside a section, tables aside."""
    for name, field in section.model_fields.items():
        inner = _section(field.annotation)
        if inner is None or inner in (TableSettings, SqlExpression):
            continue
        path = f"{name}.NAME" if _is_by_name(field.annotation) else name
        yield path, inner, field.description or ""
        for below, nested, meaning in _nested(inner):
            yield f"{path}.{below}", nested, meaning


def _is_by_name(annotation: Any) -> bool:
    return typing.get_origin(annotation) is dict


def _tables(section: type[BaseModel]) -> typing.Iterator[tuple[str, FieldInfo]]:
    for name, field in section.model_fields.items():
        if _section(field.annotation) is TableSettings:
            yield name, field


def _section(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if isinstance(annotation, types.UnionType) or (
        typing.get_origin(annotation) in (typing.Union, tuple, dict)
    ):
        found = [_section(part) for part in typing.get_args(annotation)]
        return next((part for part in found if part is not None), None)
    return None


def _type(field: FieldInfo) -> str:
    words = _type_words(field.annotation)
    bounds = [_bound(rule) for rule in field.metadata]
    return _cell(", ".join([words, *(b for b in bounds if b)]))


def _type_words(annotation: Any) -> str:
    origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        rules = [rule for field in inside[1:] for rule in field.metadata]
        bounds = [b for b in map(_bound, rules) if b]
        return ", ".join([_type_words(inside[0]), *bounds])
    if origin is typing.Literal:
        return ", ".join(f"`{value}`" for value in inside)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(
            _type_words(part) for part in inside if part is not types.NoneType
        )
    if origin is tuple:
        kinds = list(dict.fromkeys(_type_words(p) for p in inside if p is not ...))
        return f"list of {' and '.join(kinds)}"
    if origin is dict:
        return f"map of names to {_type_words(inside[1])}"
    return NAMES[annotation]


def _bound(rule: Any) -> str:
    match rule:
        case Ge():
            return f"at least {rule.ge}"
        case Gt():
            return f"above {rule.gt}"
        case Le():
            return f"at most {rule.le}"
        case Lt():
            return f"below {rule.lt}"
        case MinLen():
            return "not empty"
        case _:
            pattern = getattr(rule, "pattern", None)
            return f"matching `{pattern}`" if pattern else ""


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    if value is None:
        return "`null`"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{json.dumps(value)}`"


def _unit(column: ColumnContract) -> str:
    return f" ({column.unit})" if column.unit else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Write the pages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--figures", type=Path, help="training.json of the demo")
    options = parser.parse_args()
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote {path}\n")
    if options.figures:
        training = json.loads(options.figures.read_text(encoding="utf-8"))
        text = with_figures(README.read_text(encoding="utf-8"), figures(training))
        README.write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote {README}\n")


if __name__ == "__main__":
    main()
