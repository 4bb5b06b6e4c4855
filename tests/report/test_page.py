from __future__ import annotations

from regulars.report import render_report


def test_page_is_whole_when_every_file_is_there(whole_run):
    page = render_report(whole_run)
    assert page.startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")
