from __future__ import annotations

import json

import pytest

from regulars.config import parse_settings
from regulars.config.addresses import (
    hide_passwords,
    host_of,
    password_of,
    without_password,
)
from regulars.errors import ConfigError


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("postgresql://u:secret@db:5432/x", "postgresql://db"),
        ("postgresql://u:s@cret@db/x", "postgresql://db"),
        ("postgresql:///x?host=/tmp&password=secret", "postgresql://"),
        ("postgres://:secret@/x", "postgres://"),
        ("postgres://u:[secret@db/x", "postgres://"),
        ("u:secret@db/x", "db/x"),
        ("https://token@host/path?key=secret", "https://host"),
        ("sqlite:///models/mlflow.db", "sqlite:///models/mlflow.db"),
        ("sqlite:////me@home/mlflow.db", "sqlite:////me@home/mlflow.db"),
        ("duckdb://", "duckdb://"),
        ("duckdb://C:/me@home/shop.duckdb", "duckdb://C:/me@home/shop.duckdb"),
        ("spark://local", "spark://local"),
        ("orders.csv", "orders.csv"),
    ],
)
def test_host_of_shows_no_secret(uri, shown):
    assert host_of(uri) == shown


@pytest.mark.parametrize(
    ("uri", "password"),
    [
        ("postgres://me:se%2Fcret@db/x", "se%2Fcret"),
        ("postgres://me@db/x", ""),
        ("postgresql+psycopg://me:a@b@db/x", "a@b"),
        ("duckdb://C:/a@b", ""),
    ],
)
def test_password_is_what_stands_before_the_last_at(uri, password):
    assert password_of(uri) == password


def test_every_spelling_of_a_password_is_left_out():
    told = "token 'a%2Fb c' or 'a/b c' or 'a%2Fb%20c' or 'a/b%20c'"
    assert without_password(told, "postgres://me:a%2Fb%20c@db/x").count("...") == 3


def test_addresses_in_a_text_lose_their_passwords():
    told = "cannot open 'postgres://me:secret@db/x?sslpassword=secret&a=b' and x://y"
    assert hide_passwords(told) == (
        "cannot open 'postgres://me:...@db/x?sslpassword=...&a=b' and x://y"
    )


CONFIG = """
name: shop
source: {engine: 'postgres://me:canary@db/x', transactions: {table: orders}}
tracking: {uri: 'postgresql://me:canary@db/x'}
"""


def test_settings_as_json_hold_hosts_only():
    settings = parse_settings(CONFIG)
    assert settings.source.engine == "postgres://me:canary@db/x"
    content = settings.model_dump(mode="json")
    assert content["source"]["engine"] == "postgres://db"
    assert content["tracking"]["uri"] == "postgresql://db"
    assert "canary" not in json.dumps(content) + settings.model_dump_json()


@pytest.mark.parametrize("password", ["can/ary", "can#ary", "can%ary", "can ary"])
def test_password_that_is_not_encoded_is_refused_without_telling_it(password):
    with pytest.raises(ConfigError, match="write '/' as %2F") as caught:
        parse_settings(CONFIG.replace("canary", password))
    assert "can" not in str(caught.value)
    assert "can" + password[3] not in str(caught.value.__cause__)


@pytest.mark.parametrize(
    "override",
    [
        "tracking=postgres://me:canary@db/x",
        "tracking.url=postgres://me:canary@db/x",
        "tracking.uri:postgres://me:canary@db/x",
        "seed=postgres://me:canary@db/x",
        "source.engine.uri=postgres://me:canary@db/x",
        "tracking.uri=[postgres://me:canary@db/x",
    ],
)
def test_settings_that_make_no_sense_are_told_without_the_password(override):
    with pytest.raises(ConfigError) as caught:
        parse_settings(CONFIG, [override])
    assert "canary" not in str(caught.value)
    assert "canary" not in str(caught.value.__cause__)
