"""Folders as they are: the log is picked out, and what is passed over is said."""

import re

import pytest

from regulars.data.folders import locate_log
from regulars.data.locating import locate_files
from regulars.datasets.simulate import write_simulation
from regulars.errors import ConfigError

ORDERS = "customer_id,order_date,total\n7,2024-01-01,5\n"
PEOPLE = "customer_id,name\n7,Ann\n"
PRICES = "sku,price\na,5\n"
RECORD = '[{"customer_id": 7, "order_date": "2024-01-01", "total": 5}]'


def fill(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


CASES = {
    "documents": (
        {"orders.csv": ORDERS, "README.txt": "Hello", "orders.pdf": "%PDF"},
        "orders.csv",
        {"README.txt", "orders.pdf"},
    ),
    "system files are not told": (
        {"orders.csv": ORDERS, ".DS_Store": "x", "Thumbs.db": "x", "~$a.xlsx": "x"},
        "",
        set(),
    ),
    "other tables": (
        {"a.csv": PEOPLE, "b.csv": ORDERS, "c.csv": PRICES},
        "b.csv",
        {"a.csv", "c.csv"},
    ),
    "months": (
        {"orders_2024-01.csv": ORDERS, "orders_2024-02.csv": ORDERS, "who.csv": PEOPLE},
        "orders_*.csv",
        {"who.csv"},
    ),
    "months by name": (
        {"jan.csv": ORDERS, "feb.csv": ORDERS},
        "",
        set(),
    ),
    "json beside": (
        {"orders.json": RECORD, "manifest.json": '{"rows": 1}', "LICENSE": "x"},
        "orders.json",
        {"manifest.json", "LICENSE"},
    ),
    "two logs, one by name": (
        {"orders.csv": ORDERS, "till.csv": "kunde,datum,betrag,laden\n7,2024,1,1\n"},
        "orders.csv",
        {"till.csv"},
    ),
    "a column more": (
        {"a.csv": ORDERS, "b.csv": "channel," + ORDERS, "who.txt": PEOPLE},
        "*.csv",
        {"who.txt"},
    ),
    "almost alike: reading says what differs": (
        {"a.csv": ORDERS, "b.csv": ORDERS.replace("customer_id", "x")},
        "",
        set(),
    ),
    "first part empty": (
        {"log/part-0.csv": "", "log/part-1.csv": ORDERS, "who.csv": PEOPLE},
        "log",
        {"who.csv"},
    ),
    "parts below": (
        {
            "orders/part-00000-a1.csv": ORDERS,
            "orders/part-00001-b2.csv": ORDERS,
            "orders/_SUCCESS": "",
            "customers/part-00000-c3.csv": PEOPLE,
        },
        "orders",
        {"customers/part-00000-c3.csv"},
    ),
    "unreadable beside": (
        {"orders.csv": ORDERS, "page.csv": "<html></html>"},
        "orders.csv",
        {"page.csv"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_log_of_a_folder_is_picked(tmp_path, case):
    files, expected, passed_over = CASES[case]
    fill(tmp_path, files)
    path, others = locate_log(str(tmp_path))
    assert path == str(tmp_path / expected)
    assert set(others) == passed_over
    named = {str(file.relative_to(tmp_path)) for file in locate_files(path)}
    assert not named & passed_over


@pytest.mark.parametrize(
    ("files", "match"),
    [
        ({"a.csv": ORDERS, "b.csv": ORDERS + "x"}, None),
        (
            {"a.csv": ORDERS, "b.csv": "kunde,datum,betrag,laden\n7,2024,1,1\n"},
            "several logs: a.csv, b.csv",
        ),
        ({"a.csv": PEOPLE, "b.csv": PRICES}, "none is plainly the log: a.csv, b.csv"),
        ({"README.md": "x"}, "holds files of kinds"),
        ({}, "holds no files"),
    ],
)
def test_folder_in_doubt_is_refused_and_listed(tmp_path, files, match):
    fill(tmp_path, files)
    if match is None:
        assert locate_log(str(tmp_path)) == (str(tmp_path), ())
        return
    with pytest.raises(ConfigError, match=re.escape(match)):
        locate_log(str(tmp_path))


def test_simulation_is_understood(tmp_path):
    write_simulation(tmp_path / "sim", 50, seed=1)
    path, others = locate_log(str(tmp_path / "sim"))
    assert path == str(tmp_path / "sim" / "orders")
    assert set(others) == {"truth.json", "truth.parquet"}


def test_anything_but_a_folder_is_left_as_it_is(tmp_path):
    assert locate_log(f"{tmp_path}/*.csv") == (f"{tmp_path}/*.csv", ())
