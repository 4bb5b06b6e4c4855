import pytest
from tests.data.logs import HEADER, frame, lines

from regulars.data.conversion import column_names
from regulars.errors import DataError


@pytest.mark.parametrize(
    ("data", "notice"),
    [
        ("\ufeffcustomer_id,order_time,amount\nRenée,2024-01-01,5\n".encode(), ""),
        (lines("Renée,2024-01-01,5").encode("cp1252"), "Windows-1252"),
        (lines("Renée,2024-01-01,5").encode("utf-16"), "UTF-16"),
        (lines("Renée,2024-01-01,5").replace("\n", "\r\n").encode(), ""),
        (lines("Renée,2024-01-01,5").replace("\n", "\r").encode(), ""),
        ((HEADER + "\r\nRenée,2024-01-01,5\nc,2024-01-02,6\r\n").encode(), ""),
        (lines("Renée,2024-01-01,5").replace(",", ";").encode(), ""),
        (lines("Renée,2024-01-01,5").replace(",", "\t").encode(), ""),
        (lines(" Renée  2024-01-01 5").replace(",", " ").encode(), ""),
    ],
    ids=["bom", "cp1252", "utf16", "crlf", "cr", "mixed", "semicolon", "tab", "blank"],
)
def test_encodings_and_separators_are_handled(read, data, notice):
    intake = read(data)
    assert frame(intake).execute().customer_id.iloc[0] == "Renée"
    notices = intake.counts["transactions"].notices
    assert [notice in text for text in notices] == ([True] if notice else [])


def test_empty_file_is_refused(read):
    with pytest.raises(DataError, match="is empty"):
        read("")


def test_names_of_a_file_are_read_whatever_its_kind(tmp_path):
    (tmp_path / "a.json").write_text('[{"id": 7, "item": {"sku": "x"}}]')
    (tmp_path / "b.csv").write_text("id;n\n7;1\n")
    assert column_names(tmp_path / "a.json") == ("id", "item.sku")
    assert column_names(tmp_path / "b.csv") == ("id", "n")


def test_file_is_looked_at_again_once_it_has_changed(tmp_path):
    (tmp_path / "a.csv").write_text("id,n\n7,1\n")
    assert column_names(tmp_path / "a.csv") == ("id", "n")
    (tmp_path / "a.csv").write_text("id,n,more\n7,1,2\n")
    assert column_names(tmp_path / "a.csv") == ("id", "n", "more")
