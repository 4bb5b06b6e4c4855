"""The environment of templates."""

from __future__ import annotations

import jinja2
import pytest

from regulars.report.layout import render_template


def test_content_is_escaped():
    page = render_template("model.html", {"title": "<b>", "models": [], "pictures": []})
    assert "<h1>&lt;b&gt;</h1>" in page


def test_content_that_is_missing_is_a_fault():
    with pytest.raises(jinja2.UndefinedError, match="models"):
        render_template("model.html", {"title": "shop"})
