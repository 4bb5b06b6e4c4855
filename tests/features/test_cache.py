from __future__ import annotations

import sys
from datetime import date

import ibis
import pandas as pd
import pytest

from regulars.data.ledger import build_ledger
from regulars.features import cache as feature_cache
from regulars.features.cache import FeatureCache
from regulars.features.matrix import build_matrix
from regulars.kinds.non_contractual.workspace import open_workspace

# one small group: what is kept matters here, not what is computed
SMALL = "features.groups=[rfm]"
DAYS = [date(2024, 9, 1), date(2024, 11, 1)]
OWN = """\
def visits(past):
    days = past.days
    return days.group_by("customer_id").aggregate(n_visits=days.count() * FACTOR)
"""


@pytest.fixture
def built(monkeypatch):
    """Every cutoff that was computed and not read."""
    seen = []
    real = feature_cache.build_matrix

    def build(ledger, cutoffs, **options):
        seen.extend(cutoffs)
        return real(ledger, cutoffs, **options)

    monkeypatch.setattr(feature_cache, "build_matrix", build)
    return seen


@pytest.fixture
def shop(shop):
    """A shop that keeps its own features."""
    (shop.out / "cache").unlink()
    return shop


@pytest.fixture
def work(shop):
    return open_workspace(shop.settings(SMALL), lambda step: None)


def _cache(work, *overrides, shop=None):
    return FeatureCache(
        work.ledger, shop.settings(SMALL, *overrides) if shop else work.settings
    )


def _files(shop):
    return sorted((shop.out / "cache").glob("*/*.parquet"))


def test_rows_are_those_of_the_matrix_bit_for_bit_when_built_and_when_read(work, shop):
    matrix = build_matrix(work.ledger, DAYS)
    whole = "features.groups=null"
    for _ in range(2):
        found = _cache(work, whole, shop=shop).by_cutoff(DAYS)
        assert [*found] == DAYS
        together = pd.concat(found.values(), ignore_index=True)
        pd.testing.assert_frame_equal(together, matrix, check_exact=True)


def test_second_build_is_read_and_only_new_cutoffs_are_computed(work, built):
    _cache(work).by_cutoff(DAYS[:1])
    assert built == DAYS[:1]
    _cache(work).by_cutoff(DAYS)
    assert built == DAYS
    work.features.by_cutoff(DAYS)
    assert built == DAYS


@pytest.mark.parametrize(
    "override", ["time.lookback_days=60", "features.groups=[calendar]"]
)
def test_another_setting_is_computed_anew(work, shop, built, override):
    _cache(work).by_cutoff(DAYS[:1])
    _cache(work, override, shop=shop).by_cutoff(DAYS[:1])
    assert len(built) == 2


def test_setting_that_features_do_not_depend_on_is_read(work, shop, built):
    _cache(work).by_cutoff(DAYS[:1])
    _cache(work, "seed=7", "churn.tuning_trials=3", shop=shop).by_cutoff(DAYS[:1])
    assert len(built) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 3.25},
        {"product_id": "P999"},
        {"customer_id": "c002"},
        {"order_time": pd.Timestamp("2024-03-03 10:00:00")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_changed_record_is_another_log_and_the_old_rows_go(
    shop, work, orders, built, change
):
    work.features.by_cutoff(DAYS[:1])
    before = _files(shop)
    changed = orders.copy()
    early = orders.index[orders["order_time"] < pd.Timestamp("2024-06-01")][10]
    for name, value in change.items():
        changed[name] = changed[name].where(changed.index != early, value)
    changed.to_csv(shop.folder / "orders.csv", index=False)
    other = open_workspace(shop.settings(SMALL), lambda step: None)
    assert other.features.purchases.content != work.features.purchases.content
    other.features.by_cutoff(DAYS[:1])
    assert len(built) == 2
    assert len(_files(shop)) == 1
    assert _files(shop) != before


def test_customers_who_swap_a_product_are_another_log(work):
    log = work.ledger.transactions
    day = log.order_date.cast("string")
    swapped = log.mutate(
        product_id=(day == day.max()).ifelse(log.customer_id, log.product_id)
    )
    other = FeatureCache(build_ledger(swapped), work.settings)
    assert other.content != work.features.purchases.content


def test_order_of_the_lines_does_not_matter(shop, work, orders):
    mixed = orders.sample(frac=1.0, random_state=0)
    mixed.to_csv(shop.folder / "orders.csv", index=False)
    other = open_workspace(shop.settings(SMALL), lambda step: None)
    assert other.features.purchases.content == work.features.purchases.content


def test_own_function_is_computed_anew_when_its_code_changes(
    work, shop, built, tmp_path, monkeypatch
):
    module = tmp_path / "own_visits.py"
    monkeypatch.syspath_prepend(tmp_path)
    # compiled code is told from new by its second and size, which are the same here
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    found = []
    for factor in (1, 1, 2):
        module.write_text(f"FACTOR = {factor}\n{OWN}")
        sys.modules.pop("own_visits", None)
        cache = _cache(work, "features.extra=[own_visits:visits]", shop=shop)
        found.append(cache.by_cutoff(DAYS[:1])[DAYS[0]]["n_visits"].sum())
    assert len(built) == 2
    assert found[0] == found[1] == found[2] / 2


def test_file_that_was_cut_short_is_computed_anew(work, shop, built):
    whole = _cache(work).by_cutoff(DAYS[:1])
    (file,) = _files(shop)
    file.write_bytes(file.read_bytes()[:100])
    again = _cache(work).by_cutoff(DAYS[:1])
    assert len(built) == 2
    pd.testing.assert_frame_equal(again[DAYS[0]], whole[DAYS[0]])


def test_nothing_is_kept_when_not_asked_to(work, shop, built):
    cache = _cache(work, "features.cache=false", shop=shop)
    first, second = (cache.by_cutoff(DAYS[:1])[DAYS[0]] for _ in range(2))
    assert len(built) == 2
    assert not (shop.out / "cache").exists()
    pd.testing.assert_frame_equal(first, second)


def test_cutoff_before_the_first_purchase_is_not_there(work):
    days = [date(2023, 1, 1), DAYS[0]]
    for _ in range(2):
        assert [*_cache(work).by_cutoff(days)] == DAYS[:1]


def test_line_without_a_product_is_another_log_than_one_with_an_empty_name(work):
    log = work.ledger.transactions
    without, empty = (
        FeatureCache(build_ledger(log.mutate(product_id=value)), work.settings)
        for value in (ibis.null("string"), ibis.literal(""))
    )
    assert without.content != empty.content


def test_rows_are_there_when_they_cannot_be_kept(work, shop):
    (shop.out / "cache").write_text("no folder")
    assert [*work.features.by_cutoff(DAYS[:1])] == DAYS[:1]


def test_nothing_unfinished_stays_when_the_disk_is_full(work, shop, monkeypatch):
    def to_parquet(rows, file, **options):
        file.write_bytes(b"PAR1")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", to_parquet)
    assert [*work.features.by_cutoff(DAYS[:1])] == DAYS[:1]
    assert not [file for file in (shop.out / "cache").rglob("*") if file.is_file()]
