from __future__ import annotations

import html.parser
import itertools
import json
import re

import pytest

from regulars.errors import DataError
from regulars.report import render_report, write_report

LOADING = {"src", "href", "srcset", "action", "data", "poster"}


class Elements(html.parser.HTMLParser):
    """Collect elements with their attributes, and the text of chosen ones."""

    def __init__(self, page):
        super().__init__()
        self.elements = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture(scope="module")
def elements(whole_page):
    return Elements(whole_page)


def without_scripts(page):
    return re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def test_page_is_one_document_when_every_file_is_there(whole_page):
    assert whole_page.startswith("<!doctype html>")
    assert whole_page.endswith("</html>\n")
    assert 'class="absent"' not in without_scripts(whole_page).split("<noscript>")[0]


def test_page_loads_nothing_when_opened(elements):
    loaded = [
        value
        for _, attrs in elements.elements
        for name, value in attrs.items()
        if name in LOADING and not value.startswith("#")
    ]
    assert loaded == []
    assert elements.all("link") == []
    policy = next(m for m in elements.all("meta") if "http-equiv" in m)
    assert policy["content"].startswith("default-src 'none';")


def test_page_bundles_plotly_once_and_stays_small(whole_page):
    assert whole_page.count("plotly.js v") == 1
    assert len(whole_page.encode()) < 6_000_000


def test_page_is_the_same_when_rendered_twice(whole_page, whole_run):
    assert render_report(whole_run) == whole_page


def test_page_holds_the_head_of_the_list_only(whole_page):
    ids = set(re.findall(r"\bc\d{5}\b", whole_page))
    assert 0 < len(ids) <= 25
    assert len(without_scripts(whole_page)) < 60_000


def test_page_escapes_what_files_hold_when_it_looks_like_markup(whole_page):
    assert "<script>alert" not in whole_page
    assert "&lt;script&gt;alert(&#39;c1&#39;)&lt;/script&gt;" in whole_page
    assert "<img src=x" not in whole_page
    assert "<b>all</b>" not in whole_page


def test_figures_cannot_end_their_script_when_a_label_tries(run_folder, parts):
    training = parts("training")
    training["baseline_labels"]["bg_nbd"] = "</script><script>alert(2)</script>"
    page = render_report(run_folder(training=training))
    assert "alert(2)</script>" not in page
    body = re.search(r'id="figures">(.*?)</script>', page, flags=re.DOTALL)[1]
    assert "roc" in json.loads(body)


def test_page_can_be_read_aloud(elements, whole_page):
    assert elements.all("html") == [{"lang": "en"}]
    charts = [attrs for attrs in elements.all("div") if "data-chart" in attrs]
    assert len(charts) > 10
    assert all(attrs["role"] == "img" for attrs in charts)
    assert all(len(attrs["aria-label"]) > 40 for attrs in charts)
    assert len(elements.all("caption")) == len(elements.all("table"))
    assert len(elements.all("h1")) == 1
    assert "<figcaption></figcaption>" not in whole_page
    levels = [int(tag[1]) for tag, _ in elements.elements if tag in {"h1", "h2", "h3"}]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_page_names_nothing_twice(elements):
    ids = [attrs["id"] for _, attrs in elements.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = [attrs["href"][1:] for attrs in elements.all("a")]
    assert set(targets) <= set(ids)


@pytest.mark.parametrize(
    ("missing", "command"),
    [
        ("check.json", "regulars check"),
        ("kpis.json", "regulars kpis"),
        ("training.json", "regulars train"),
        ("scores.parquet", "regulars score"),
    ],
)
def test_page_says_what_is_missing_when_a_file_is(run_folder, parts, missing, command):
    names = ("check", "kpis", "training", "scores")
    present = {n: parts(n) for n in names if not missing.startswith(n)}
    page = without_scripts(render_report(run_folder(**present)))
    assert f"the file {missing} is not in the results folder" in page
    assert f"<code>{command}</code>" in page


def test_page_says_so_when_the_process_model_stands_alone(run_folder, parts):
    training = parts("training")
    for key in ("test", "value_test", "baselines", "curves", "importance"):
        training.pop(key)
    training["process_only"] = True
    page = render_report(run_folder(training=training))
    assert "so the purchase-process model carries the scores alone" in page
    assert "the training did not write their contributions" in page


@pytest.mark.parametrize("part", ["check", "kpis", "training", "backtest"])
def test_page_is_rendered_when_a_file_holds_next_to_nothing(run_folder, part):
    page = render_report(run_folder(**{part: {}}))
    assert page.endswith("</html>\n")


@pytest.mark.parametrize("part", ["check", "kpis", "training", "backtest"])
def test_empty_file_is_a_sentence_and_no_page(tmp_path, part):
    (tmp_path / f"{part}.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match=rf"{part}\.json' cannot be read: it has no"):
        render_report(tmp_path)


def test_page_is_rendered_when_nobody_is_scored(run_folder, parts):
    page = render_report(run_folder(scores=parts("scores").head(0)))
    assert "The score file is there, but holds no customer." in page


def test_page_is_rendered_when_figures_are_missing(run_folder, parts):
    scores = parts("scores")
    scores.loc[:9, ["churn_probability", "clv", "value_at_risk"]] = None
    training = parts("training")
    training["test"]["ece"] = None
    training["baselines"]["bg_nbd"]["roc_auc"] = float("nan")
    page = without_scripts(render_report(run_folder(scores=scores, training=training)))
    assert not re.search(r"\b(nan|None|NaT)\b", page)


def test_page_names_the_members_of_a_blend(run_folder, parts):
    training = parts("training") | {"model_name": "blend"}
    training["weights"] = {"lightgbm": 0.6, "process": 0.4, "logistic": 0.0}
    page = render_report(run_folder(training=training))
    assert "blend of lightgbm 60% and process 40%" in page


def test_written_report_replaces_the_old_one_when_there_is_one(run_folder):
    folder = run_folder(kpis={"currency": "EUR"})
    (folder / "report.html").write_text("old", encoding="utf-8")
    path = write_report(folder)
    assert path.read_text(encoding="utf-8") == render_report(folder)
    assert sorted(file.name for file in folder.iterdir()) == [
        "kpis.json",
        "report.html",
    ]


def test_old_report_stays_when_the_new_one_cannot_be_made(run_folder):
    folder = run_folder(kpis={})
    (folder / "report.html").write_text("old", encoding="utf-8")
    (folder / "kpis.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"kpis\.json' cannot be read"):
        write_report(folder)
    assert (folder / "report.html").read_text(encoding="utf-8") == "old"
