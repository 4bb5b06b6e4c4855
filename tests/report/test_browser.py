"""The page in a real browser: it draws, it fits, and it asks nobody for anything."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

WIDER_THAN_PAGE = """
Array.from(document.querySelectorAll('body *')).filter(e =>
  !e.closest('.scroll') && !e.closest('.unseen') && !e.closest('svg') &&
  getComputedStyle(e).clipPath === 'none' &&
  e.getBoundingClientRect().right > innerWidth + 1
).map(e => e.tagName + '.' + e.className).join(' ')
"""


@pytest.fixture(scope="module")
def page_file(whole_page, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(whole_page, encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [360, 768, 1200])
@pytest.mark.parametrize("dark", [False, True])
def test_page_draws_without_a_word_when_opened(browser, page_file, width, dark):
    browser.open(page_file, width=width, dark=dark)
    drawn = browser.evaluate("document.querySelectorAll('.js-plotly-plot').length")
    assert drawn == browser.evaluate("document.querySelectorAll('.chart').length") > 10
    assert browser.errors == []


@pytest.mark.parametrize("width", [320, 360, 768])
def test_page_does_not_scroll_sideways_when_narrow(browser, page_file, width):
    browser.open(page_file, width=width)
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate(WIDER_THAN_PAGE) == ""


def test_page_asks_for_nothing_but_itself_when_opened(browser, page_file):
    browser.open(page_file, width=1200)
    outside = [
        url for url in browser.requests if not url.startswith(("data:", "blob:"))
    ]
    assert outside == [page_file.as_uri()]


def test_page_runs_no_script_of_a_customer_when_an_id_holds_one(browser, page_file):
    browser.open(page_file, width=1200)
    first = "document.querySelector('.cards tbody th').textContent"
    assert browser.evaluate(first) == "<script>alert('c1')</script>"
    assert browser.evaluate("document.querySelectorAll('.cards script').length") == 0


def test_page_shows_all_customers_on_a_phone_when_asked(browser, page_file):
    browser.open(page_file, width=360)
    count = (
        "Array.from(document.querySelectorAll('.cards tbody tr'))"
        ".filter(row => row.offsetHeight).length"
    )
    assert browser.evaluate(count) == 8
    browser.evaluate("document.querySelector('.more').click()")
    assert browser.evaluate(count) == 25


def test_charts_fit_the_paper_when_printed(browser, page_file):
    browser.open(page_file, width=1200)
    browser.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    widest = (
        "Math.max(...Array.from(document.querySelectorAll('.main-svg'))"
        ".map(svg => svg.getBoundingClientRect().width))"
    )
    # A4 less its margins of 14 mm is 688 CSS pixels wide
    assert 0 < browser.evaluate(widest) <= 688
    assert browser.pdf().startswith(b"%PDF")
    browser.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert browser.evaluate(widest) > 688
