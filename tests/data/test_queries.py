import ibis

from regulars.data.queries import count_rows, first_row, total


def test_small_results_are_python_values():
    table = ibis.memtable({"a": [1, 2]})
    assert first_row(table.aggregate(top=table.a.max())) == {"top": 2}
    assert count_rows(table) == 2
    assert total(table, table.a) == 3


def test_total_of_nothing_is_zero():
    table = ibis.memtable({"a": [1, 2]})
    none = table.filter(table.a > 2)
    assert total(none, none.a) == 0
