from __future__ import annotations

from regulars.kinds.non_contractual.stages import kpis_of_log
from regulars.kinds.non_contractual.workspace import open_log


def quiet(_step):
    return None


def test_figures_need_no_more_than_a_checked_log(shop):
    log = open_log(shop.settings(), quiet)
    summary = kpis_of_log(log, quiet)
    written = shop.read("kpis.json")
    assert written["summary"] == {name: summary[name] for name in written["summary"]}
    assert written["figures"] == summary["figures"]
    assert written["period"]["start"] == summary["period"]["start"]
    assert written["monthly"]
    assert written["cohorts"]


def test_reason_why_there_are_no_scores_is_written(shop):
    log = open_log(shop.settings(), quiet)
    kpis_of_log(log, quiet, no_scores="Too short a history.")
    assert shop.read("kpis.json")["no_scores"] == "Too short a history."
