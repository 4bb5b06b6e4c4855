from __future__ import annotations

import json
import stat

import pytest

from regulars.config import parse_settings
from regulars.errors import ConfigError
from regulars.serving.keys import FILE, Doorkeeper, KeyFile

LEAST = "name: shop\nsource: {transactions: {path: orders.csv}}\n"


@pytest.fixture
def keys(tmp_path):
    return KeyFile(tmp_path / "store" / FILE)


def test_key_is_shown_once_and_only_its_hash_is_kept(keys):
    secret = keys.add("call-centre")
    assert len(secret) > 43
    assert keys.owner(secret) == "call-centre"
    assert secret not in keys.path.read_text()
    assert secret.removeprefix("regulars_") not in keys.path.read_text()


def test_file_is_for_its_owner_alone(keys):
    keys.add("a")
    keys.add("b")
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600


def test_two_keys_differ_and_each_has_its_name(keys):
    first, second = keys.add("a"), keys.add("b")
    assert first != second
    assert [keys.owner(first), keys.owner(second)] == ["a", "b"]
    assert keys.names() == ["a", "b"]


def test_revoked_key_is_nobody_s(keys):
    secret = keys.add("a")
    keys.revoke("a")
    assert keys.owner(secret) is None
    assert keys.exists


@pytest.mark.parametrize("name", ["", "a b", "../x", "ä", "x" * 65])
def test_name_is_refused(keys, name):
    with pytest.raises(ConfigError, match="cannot name a key"):
        keys.add(name)


def test_name_is_taken_once(keys):
    keys.add("a")
    with pytest.raises(ConfigError, match="called 'a' already"):
        keys.add("a")


def test_unknown_name_is_refused_with_the_nearest(keys):
    keys.add("call-centre")
    with pytest.raises(ConfigError, match="Did you mean 'call-centre'"):
        keys.revoke("call-center")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2, "keys": []}', "\x00"])
def test_damaged_file_opens_no_door(keys, text):
    keys.path.parent.mkdir()
    keys.path.write_text(text)
    with pytest.raises(ConfigError, match="no file of API keys"):
        keys.read()


def test_file_that_others_may_write_is_refused(keys):
    keys.add("a")
    keys.path.chmod(0o666)
    with pytest.raises(ConfigError, match="chmod 600"):
        keys.read()


def test_keys_lie_beside_the_store_or_where_the_configuration_says():
    assert KeyFile.of(parse_settings(LEAST)).path.as_posix() == f"models/{FILE}"
    named = parse_settings(LEAST, ["serving.keys=secrets/k.json"])
    assert KeyFile.of(named).path.as_posix() == "secrets/k.json"
    remote = parse_settings(LEAST, ["tracking.uri=http://mlflow:5000"])
    with pytest.raises(ConfigError, match=r"serving\.keys is not set"):
        KeyFile.of(remote)


def test_doorkeeper_sees_new_and_revoked_keys_at_once(keys):
    first = keys.add("a")
    door = Doorkeeper(keys)
    assert door.admit(first) == "a"
    second = keys.add("b")
    assert door.admit(second) == "b"
    keys.revoke("a")
    assert door.admit(first) is None


def test_doorkeeper_without_a_file_asks_for_no_key_until_there_is_one(keys):
    door = Doorkeeper(keys)
    assert door.admit(None) == ""
    secret = keys.add("a")
    assert door.admit(None) is None
    assert door.admit(secret) == "a"


def test_doorkeeper_stays_shut_when_the_last_key_or_the_file_goes(keys):
    secret = keys.add("a")
    door = Doorkeeper(keys)
    keys.revoke("a")
    assert door.admit(secret) is None
    assert door.admit(None) is None
    keys.path.unlink()
    assert door.admit(None) is None


def test_commands_make_list_and_revoke(shop, command):
    status, out, err = command("keys", "add", shop.config, "app")
    secret = out.strip()
    assert status == 0
    assert "shown this once" in err
    assert KeyFile.of(shop.settings()).owner(secret) == "app"
    status, out, _ = command("keys", "list", shop.config, "--json")
    assert [each["name"] for each in json.loads(out)["keys"]] == ["app"]
    status, out, _ = command("keys", "list", shop.config)
    assert out.startswith("app\t")
    assert command("keys", "revoke", shop.config, "app")[0] == 0
    assert KeyFile.of(shop.settings()).names() == []
    status, _, err = command("keys", "revoke", shop.config, "app")
    assert status == 2
    assert "no key called 'app'" in err
