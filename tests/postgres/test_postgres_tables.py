from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from regulars.config import parse_settings
from regulars.data.engine import connect
from regulars.data.intake import read_tables
from regulars.data.postgres_tables import REST
from regulars.errors import ConfigError, DataError

pytestmark = pytest.mark.postgres

ORDERS = """
    CREATE TABLE orders (customer_id text, order_time timestamp, amount numeric(12, 2),
        note text, secret text)
"""


def settings_of(url, table, more="", source=""):
    return parse_settings(f"""
name: shop
source:
  engine: "{url}"
  {source}
  transactions:
    table: '{table}'
    {more}
""")


def intake_of(url, table="orders", more="", source=""):
    settings = settings_of(url, table, more, source)
    return read_tables(settings, connect(settings.source.engine))


def lines(intake, *columns):
    table = intake.tables["transactions"].to_pyarrow().to_pandas()
    return table.sort_values(list(columns)).reset_index(drop=True)[list(columns)]


def test_only_what_is_needed_is_copied(database):
    database.run(ORDERS, "INSERT INTO orders VALUES ('a', '2024-01-01', 5, 'x', 'y')")
    intake = intake_of(database.url)
    raw = intake.parts["transactions"].raw
    assert set(raw.columns) == {"customer_id", "order_time", "amount", REST}
    assert lines(intake, "customer_id", "amount").values.tolist() == [["a", 5.0]]


def test_rows_that_differ_elsewhere_are_no_copies(database):
    database.run(
        ORDERS,
        """INSERT INTO orders VALUES ('a', '2024-01-01', 5, 'x', 'y'),
        ('a', '2024-01-01', 5, 'other', 'y'), ('a', '2024-01-01', 5, 'x', 'y')""",
    )
    counts = intake_of(database.url).counts["transactions"]
    assert (counts.rows_in, counts.rows_kept) == (3, 2)


def test_primary_key_tells_rows_apart_and_is_kept_for_the_quarantine(database):
    database.run(
        ORDERS,
        "ALTER TABLE orders ADD COLUMN line bigserial PRIMARY KEY",
        "INSERT INTO orders SELECT 'a', '2024-01-01', 5 FROM generate_series(1, 3)",
    )
    intake = intake_of(database.url)
    assert intake.counts["transactions"].rows_kept == 3
    columns = intake.parts["transactions"].raw.columns
    assert set(columns) == {"customer_id", "order_time", "amount", "line"}


def test_names_with_capitals_spaces_dots_and_quotes_are_safe(database):
    database.run(
        'CREATE SCHEMA "My ""Shop"""',
        'CREATE TABLE "My ""Shop"""."Kassen.Zeilen" ("Kunde ""Nr""" text, '
        '"Order Time" timestamp, "a.b" float8, "x; DROP TABLE y" text)',
        'INSERT INTO "My ""Shop"""."Kassen.Zeilen" '
        "VALUES ('a', '2024-01-01', 2.5, 'ja')",
    )
    more = """
    columns:
      customer_id: 'Kunde "Nr"'
      order_time: Order Time
      amount: {sql: '"a.b" * 2'}
      category: x; DROP TABLE y"""
    table = '"My ""Shop"""."Kassen.Zeilen"'
    intake = intake_of(database.url, table, more)
    assert lines(intake, "customer_id", "amount", "category").values.tolist() == [
        ["a", 5.0, "ja"]
    ]


@pytest.mark.parametrize("table", ["public.orders", "orders", "ORDERS", '"orders"'])
def test_table_is_found_by_its_name(database, table):
    database.run(ORDERS, "INSERT INTO orders VALUES ('a', '2024-01-01', 5)")
    assert intake_of(database.url, table).counts["transactions"].rows_in == 1


def test_exact_name_wins_over_another_spelling(database):
    database.run(
        ORDERS,
        "INSERT INTO orders VALUES ('a', '2024-01-01', 5)",
        'CREATE TABLE "Orders" AS SELECT * FROM orders WHERE false',
    )
    assert intake_of(database.url, "orders").counts["transactions"].rows_in == 1
    with pytest.raises(ConfigError, match="has no table 'ORDERS'"):
        intake_of(database.url, "ORDERS")


def test_missing_table_is_told_with_the_nearest(database):
    database.run("CREATE SCHEMA shop", ORDERS.replace("orders", "shop.orders"))
    with pytest.raises(
        ConfigError,
        match=r"no table 'shop.ordres'. Did you mean 'shop.orders'\? It has shop.ord",
    ):
        intake_of(database.url, "shop.ordres")


def test_missing_column_is_told_with_all_columns(database):
    database.run(ORDERS, "INSERT INTO orders VALUES ('a', '2024-01-01', 5)")
    with pytest.raises(
        DataError,
        match=r"no column 'amuont'.*Did you mean 'amount'\?.*note, secret",
    ):
        intake_of(database.url, more="columns: {amount: amuont}")


@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
def test_views_are_read_like_tables(database, kind):
    database.run(
        ORDERS,
        "INSERT INTO orders VALUES ('a', '2024-01-01', 5)",
        f"CREATE {kind} lines AS SELECT * FROM orders",
    )
    assert intake_of(database.url, "lines").counts["transactions"].rows_in == 1


def test_partitioned_table_is_read_whole(database):
    database.run(
        "CREATE TABLE orders (customer_id text, order_time date, amount float8) "
        "PARTITION BY RANGE (order_time)",
        "CREATE TABLE a PARTITION OF orders "
        "FOR VALUES FROM (MINVALUE) TO ('2024-01-01')",
        "CREATE TABLE b PARTITION OF orders "
        "FOR VALUES FROM ('2024-01-01') TO (MAXVALUE)",
        "INSERT INTO orders VALUES ('a', '2023-05-05', 1), ('a', '2024-05-05', 1)",
    )
    assert intake_of(database.url).counts["transactions"].rows_in == 2


def test_role_that_may_only_read_is_a_source(database):
    database.run(ORDERS, "INSERT INTO orders VALUES ('a', '2024-01-01', 5)")
    reader = database.role('Nur "Lesen"')
    database.run(
        f"REVOKE TEMP ON DATABASE {database.name} FROM PUBLIC",
        'GRANT SELECT ON orders TO "Nur ""Lesen"""',
    )
    assert intake_of(reader).counts["transactions"].rows_in == 1


def test_columns_that_may_not_be_read_are_left_alone(database):
    database.run(ORDERS, "INSERT INTO orders VALUES ('a', '2024-01-01', 5)")
    reader = database.role("clerk")
    database.run("GRANT SELECT (customer_id, order_time, amount) ON orders TO clerk")
    raw = intake_of(reader).parts["transactions"].raw
    assert set(raw.columns) == {"customer_id", "order_time", "amount"}


def test_missing_right_is_told_with_the_grant(database):
    database.run(ORDERS)
    reader = database.role("stranger")
    with pytest.raises(ConfigError, match=r'GRANT SELECT ON "public"\."orders" TO'):
        intake_of(reader)


def test_types_arrive_as_what_they_mean(database):
    database.run(
        "CREATE TYPE mood AS ENUM ('glad', 'sad')",
        "CREATE DOMAIN price AS numeric CHECK (value >= 0)",
        """CREATE TABLE customers (customer_id numeric, known_from timestamptz,
        n numeric(20, 3), p price, m money, u uuid, j jsonb, a text[], e mood, b bool,
        d date, t time, i interval, s smallint, c char(3), big bigint, f real, ip inet,
        raw bytea)""",
        """INSERT INTO customers VALUES (7.00, '2024-01-01 01:00+02', 12.5, 3, 4.25,
        '00000000-0000-0000-0000-000000000001', '{"k": 1}', '{x,y}', 'sad', true,
        '2024-02-29', '12:30', '1 day', 2, 'ab', 9007199254740993, 0.5, '10.0.0.1',
        '\\xff')""",
    )
    settings = settings_of(database.url, "customers")
    source = settings.source.model_copy(
        update={"customers": settings.source.transactions, "transactions": None}
    )
    intake = read_tables(
        settings.model_copy(update={"source": source}), connect(database.url)
    )
    raw = intake.parts["customers"].raw
    row = raw.table.to_pyarrow().to_pylist()[0]
    row.pop("__file")
    assert row.pop("known_from").isoformat() == "2023-12-31T23:00:00+00:00"
    assert row == {
        "customer_id": "7",
        "n": 12.5,
        "p": 3.0,
        "m": 4.25,
        "u": "00000000-0000-0000-0000-000000000001",
        "j": '{"k": 1}',
        "a": "{x,y}",
        "e": "sad",
        "b": True,
        "d": dt.date(2024, 2, 29),
        "t": "12:30:00",
        "i": "1 day",
        "s": 2,
        "c": "ab",
        "big": 9007199254740993,
        "f": 0.5,
        "ip": "10.0.0.1/32",
        "raw": "\\xff",
    }


def test_infinite_days_are_no_days(database):
    database.run(
        ORDERS,
        """INSERT INTO orders VALUES ('a', '2024-01-01', 5), ('b', 'infinity', 5),
        ('c', '2024-01-02', 'NaN')""",
    )
    intake = intake_of(database.url, more="max_bad_share: 1.0")
    assert lines(intake, "customer_id").customer_id.tolist() == ["a"]


def test_expressions_are_duckdbs_and_run_after_the_copy(database):
    database.run(ORDERS, "INSERT INTO orders VALUES ('a', '2024-01-01', 5, 'paid 3')")
    more = """
    where: "regexp_extract(note, '[a-z]+') = 'paid'"
    columns: {amount: {sql: "try_cast(split_part(note, ' ', 2) AS DOUBLE)"}}"""
    assert lines(intake_of(database.url, more=more), "amount").amount.tolist() == [3.0]


def test_tables_are_joined_to_tables_and_files(database, tmp_path):
    database.run(
        "CREATE TABLE orders (id numeric, customer_id text, order_time date, "
        "status text)",
        "INSERT INTO orders VALUES (1.0, 'a', '2024-01-01', 'new')",
        "CREATE TABLE payments (id bigint, amount float8, status text)",
        "INSERT INTO payments VALUES (1, 9, 'paid')",
    )
    (tmp_path / "channels.csv").write_text("id,channel\n1,web\n")
    more = f"""
    where: '"status (table payments)" = ''paid'''
    join:
      - {{table: payments, 'on': id}}
      - {{path: '{tmp_path}/channels.csv', 'on': id}}"""
    intake = intake_of(database.url, more=more)
    assert lines(intake, "amount", "channel").values.tolist() == [[9.0, "web"]]


def test_names_that_differ_in_case_only_are_told(database):
    database.run(
        'CREATE TABLE orders ("Amount" float8, amount float8, customer_id text, '
        "order_time date)"
    )
    with pytest.raises(DataError, match="column 'amount' more than once"):
        intake_of(database.url)


def test_connection_is_closed_after_the_intake(database):
    database.run(ORDERS, "INSERT INTO orders VALUES ('a', '2024-01-01', 5)")
    intake = intake_of(database.url)
    open_ones = database.run(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'regulars'"
    )
    assert open_ones == [(0,)]
    assert lines(intake, "amount").amount.tolist() == [5.0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"port": 1}, "Connection refused"),
        ({"password": "wrong/one"}, "password authentication failed for user"),
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
    ],
)
def test_failed_connection_is_one_sentence(server, change, reason):
    port = change.pop("port", server.port)
    url = replace(server, port=port).url(**change)
    with pytest.raises(ConfigError, match=reason) as caught:
        connect(url)
    text = str(caught.value)
    assert text.startswith("source.engine: cannot connect to 'postgresql://127.0.0.1'")
    assert "\n" not in text
    assert "wrong" not in text


def test_statement_timeout_is_told(database):
    database.run(
        "CREATE VIEW orders AS SELECT g::text AS customer_id, now() AS order_time, "
        "1.0 AS amount FROM generate_series(1, 100000000) AS g"
    )
    url = database.url + "?options=-c%20statement_timeout%3D300"
    with pytest.raises(DataError, match="canceling statement due to statement timeout"):
        intake_of(url)


def test_fault_while_rows_arrive_is_the_servers_sentence(database):
    database.run(
        "CREATE VIEW orders AS SELECT g::text AS customer_id, now() AS order_time, "
        "1 / (300000 - g) AS amount FROM generate_series(1, 300000) AS g"
    )
    with pytest.raises(
        DataError,
        match=r"^source.transactions.table 'orders' cannot be read: division by zero.$",
    ):
        intake_of(database.url)


def test_other_time_zone_of_the_server_changes_nothing(database):
    database.run(
        f"ALTER DATABASE {database.name} SET TimeZone = 'Asia/Tokyo'",
        "CREATE TABLE orders (customer_id text, order_time timestamptz, amount int)",
        "INSERT INTO orders VALUES ('a', '2024-01-01 23:30+00', 5)",
    )
    order_time = lines(intake_of(database.url), "order_time").order_time
    assert order_time.tolist() == [pd.Timestamp("2024-01-01 23:30")]


def test_page_of_the_documentation_is_true(database):
    page = (Path(__file__).parents[2] / "docs" / "postgres.md").read_text()
    yaml_blocks, (grants, _) = (
        re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
        for language in ("yaml", "sql")
    )
    database.run(
        "CREATE SCHEMA sales",
        'CREATE TABLE sales.order_lines ("Customer No" numeric, '
        "created_at timestamptz, net numeric, status text, secret text)",
        "INSERT INTO sales.order_lines VALUES (7, '2024-01-01', 5, 'paid', 'x'), "
        "(8, '2024-01-01', 5, 'open', 'x')",
    )
    table, columns = grants.split("-- or only")
    database.run(*table.replace("'...'", "'of a role'").strip().split("\n"))
    database.roles.append("clerk")
    clerk = database.server.url(database.name, "clerk", "of a role")
    settings = parse_settings("name: x\n" + yaml_blocks[0], [f"source.engine={clerk}"])
    for right in (None, columns.partition("\n")[2]):
        if right is not None:
            database.run("REVOKE SELECT ON sales.order_lines FROM clerk", right)
        intake = read_tables(settings, connect(settings.source.engine))
        assert lines(intake, "customer_id", "amount").values.tolist() == [["7", 5.0]]
        assert "secret" not in intake.parts["transactions"].raw.columns
