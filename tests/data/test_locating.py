import pytest

from regulars.data.locating import locate_files, split_sheet
from regulars.errors import ConfigError, MissingExtraError


def test_glob_is_sorted(tmp_path):
    for name in ("b.csv", "a.csv"):
        (tmp_path / name).write_text("x")
    found = locate_files(f"{tmp_path}/*.csv")
    assert [file.name for file in found] == ["a.csv", "b.csv"]


def test_glob_without_match_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="No file matches"):
        locate_files(f"{tmp_path}/*.csv")


def test_missing_file_suggests_the_nearest(tmp_path):
    (tmp_path / "orders.csv").write_text("x")
    with pytest.raises(ConfigError, match=r"Did you mean 'orders\.csv'"):
        locate_files(f"{tmp_path}/order.csv")


def test_folder_of_one_kind_is_read_whole(tmp_path):
    (tmp_path / "year=2024").mkdir()
    for name in ("year=2024/a.parquet", "_SUCCESS", ".hidden"):
        (tmp_path / name).write_text("x")
    assert [file.name for file in locate_files(str(tmp_path))] == ["a.parquet"]


def test_folder_of_several_kinds_is_refused(tmp_path):
    for name in ("a.parquet", "b.csv"):
        (tmp_path / name).write_text("x")
    with pytest.raises(ConfigError, match=r"kinds \.csv, \.parquet"):
        locate_files(str(tmp_path))


def test_empty_folder_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="holds no files"):
        locate_files(str(tmp_path))


def test_package_that_is_not_installed_names_the_command():
    with pytest.raises(MissingExtraError, match="pip install no_such_package"):
        locate_files("package:no_such_package/a.csv")


def test_file_missing_from_a_package_is_refused():
    with pytest.raises(ConfigError, match="There is no file"):
        locate_files("package:lifetimes/datasets/CDNOW_mister.txt")


JUNK = (
    ".DS_Store",
    "Thumbs.db",
    "desktop.ini",
    "~$orders.xlsx",
    ".~lock.orders.xlsx#",
    "_SUCCESS",
    "_temporary/part-0.csv",
    ".ipynb_checkpoints/orders-checkpoint.csv",
    "__MACOSX/orders.csv",
    "._orders.csv",
)


def fill(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


def test_files_of_the_system_are_passed_over(tmp_path):
    fill(tmp_path, "orders.csv", *JUNK)
    assert [file.name for file in locate_files(str(tmp_path))] == ["orders.csv"]


@pytest.mark.parametrize(
    "other",
    ["README.txt", "readme", "LICENSE", "notes.txt", "b.json", "b.xlsx", "b.pdf", "c"],
)
def test_folder_with_something_else_is_refused_and_listed(tmp_path, other):
    fill(tmp_path, "orders.csv", other)
    match = rf"{other}.*for example '.*/\*\.(csv|json|xlsx)'"
    with pytest.raises(ConfigError, match=match):
        locate_files(str(tmp_path))


@pytest.mark.parametrize(
    "names",
    [
        ["a.json", "b.jsonl", "c.ndjson.gz"],
        ["a.xlsx", "b.xls"],
        ["part-00000", "part-00001", "_SUCCESS"],
        ["part-00000-3f2c-c000.csv", "part-00001-3f2c-c000.csv"],
        ["part-00000-3f2c-c000.snappy.parquet", ".part-00000.crc"],
    ],
)
def test_folder_of_other_kinds_is_read_whole(tmp_path, names):
    fill(tmp_path, *names)
    data = [name for name in names if not name.startswith((".", "_"))]
    assert [file.name for file in locate_files(str(tmp_path))] == data


def test_lock_of_an_open_workbook_is_not_matched(tmp_path):
    fill(tmp_path, "orders.xlsx", "~$orders.xlsx")
    found = locate_files(f"{tmp_path}/*.xlsx#Sheet 1")
    assert [file.name for file in found] == ["orders.xlsx"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.xlsx#Sheet 1", ("a.xlsx", "Sheet 1")),
        ("data/*.XLS# Orders ", ("data/*.XLS", "Orders")),
        ("a.xlsx", ("a.xlsx", "")),
        ("a#1.csv", ("a#1.csv", "")),
        ("a#b/c.csv", ("a#b/c.csv", "")),
        ("a.xlsx#x#y.xlsx", ("a.xlsx#x#y.xlsx", "")),
    ],
)
def test_sheet_is_split_off(path, expected):
    assert split_sheet(path) == expected


def test_file_of_a_package_is_found():
    [file] = locate_files("package:lifetimes/datasets/CDNOW_master.txt")
    assert file.name == "CDNOW_master.txt"
