from __future__ import annotations

import pytest

from regulars.data.postgres import plain_reason, shown_name, split_name


@pytest.mark.parametrize(
    ("table", "parts"),
    [
        ("orders", ("orders",)),
        ("shop.Orders", ("shop", "Orders")),
        ("my shop.order lines", ("my shop", "order lines")),
        ('"My Schema"."a.""b"', ("My Schema", 'a."b')),
        ('shop."a.b"', ("shop", "a.b")),
        ("shop.", ()),
        ('sh"op', ()),
        ('"shop', ()),
    ],
)
def test_name_is_divided_by_dots_outside_of_quotes(table, parts):
    assert split_name(table) == parts


@pytest.mark.parametrize(
    ("schema", "table", "shown"),
    [
        ("shop", "Order Lines", "shop.Order Lines"),
        ("a.b", 'c"d', '"a.b"."c""d"'),
        (" shop", "x", '" shop".x'),
    ],
)
def test_name_is_shown_as_it_may_be_written(schema, table, shown):
    assert shown_name(schema, table) == shown
    assert split_name(shown) == (schema, table)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (
            "IO: [libpq] Failed to connect: connection to server failed: FATAL:  no "
            "such role\n\tAnd more\n",
            "connection to server failed: no such role.",
        ),
        (
            "INVALID_STATE: [libpq] Failed to execute query 'x\n': ERROR:  not "
            "allowed\n. SQLSTATE: 25006",
            "not allowed.",
        ),
        ("", "unknown."),
    ],
)
def test_reason_is_the_servers_own_sentence(message, reason):
    assert plain_reason(ValueError(message)) == reason
