"""How all pages are laid out: one environment of templates, its filters, Plotly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import plotly.offline
from markupsafe import Markup

from regulars.report import formats

FILTERS = (
    formats.number,
    formats.percent,
    formats.money,
    formats.date,
    formats.month,
)


def render_template(name: str, content: dict[str, Any]) -> str:
    """Return a page that needs nothing but itself; all of its content is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {form.__name__: form for form in FILTERS}
    plotly_script = Markup(plotly.offline.get_plotlyjs())
    return environment.get_template(name).render(plotly=plotly_script, **content)
