"""No content of a configuration ends in anything but a sentence."""

from __future__ import annotations

import contextlib
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.config import Settings, load_settings, parse_settings
from regulars.config.yaml_text import read_yaml
from regulars.errors import ConfigError

LEAST = "name: shop\nsource: {transactions: {path: orders.csv}}\n"

DAYS = [
    ("2023-13-01", "'2023-13-01' is no day of the calendar.*YYYY-MM-DD"),
    ("2024-06-31", "'2024-06-31' is no day of the calendar.*YYYY-MM-DD"),
    ("2023-02-29", "'2023-02-29' is no day of the calendar.*YYYY-MM-DD"),
    ("20240630", "20240630 is not a day.*YYYY-MM-DD"),
    ("2024-6-3", "'2024-6-3' is not a day.*YYYY-MM-DD"),
    ("30.06.2024", "'30.06.2024' is not a day"),
    ("24-06-30", "'24-06-30' is not a day"),
    ("2024-06", "'2024-06' is not a day"),
    ("2024", "2024 is not a day"),
    ("yes", "is not a day"),
    ("1719705600", "1719705600 is not a day"),
    (
        "2024-06-30 12:00",
        "'2024-06-30 12:00' has a time of day, but a cutoff is a whole",
    ),
    ("2024-06-30T23:59:59Z", "has a time of day"),
    ("0001-01-01", "'0001-01-01' is not between 1900-01-02 and 2099-12-31"),
    ("9999-12-31", "'9999-12-31' is not between"),
    ("[2024]", "is not a day"),
    ("!!timestamp 2024-13-01", "month must be in 1..12"),
]


@pytest.mark.parametrize(("value", "told"), DAYS)
def test_a_cutoff_that_is_no_day_is_refused_in_a_file(value, told):
    with pytest.raises(ConfigError, match=told):
        parse_settings(f"{LEAST}time: {{cutoff: {value}}}")


@pytest.mark.parametrize(("value", "told"), [day for day in DAYS if "!!" not in day[0]])
def test_a_cutoff_that_is_no_day_is_refused_on_the_command_line(value, told):
    with pytest.raises(ConfigError, match=f"'time.cutoff': .*{told}"):
        parse_settings(LEAST, [f"time.cutoff={value}"])


@pytest.mark.parametrize(
    "value", ["2024-06-30", "'2024-06-30'", "2024-06-30T00:00:00", " 2024-06-30 "]
)
def test_a_day_is_read(value):
    settings = parse_settings(f"{LEAST}time: {{cutoff: {value}}}")
    assert settings.time.cutoff == date(2024, 6, 30)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("time: {horizon_days: true}", "a number was expected, not yes"),
        ("time: {horizon_days: no}", "a number was expected, not no"),
        ("value: {margin: yes}", "a number was expected, not yes"),
        ("seed: false", "a number was expected, not no"),
        ("time: {horizon_days: 1:30}", "valid integer.*'1:30'"),
        ("time: {horizon_days: 0x10}", "valid integer.*'0x10'"),
        ("time: {horizon_days: 99999999999}", "less than or equal to 36525"),
        ("time: {training_cutoffs: 1000000}", "less than or equal to 1000 "),
        ("time: {horizon_days: .inf}", "finite number"),
        ("time: {horizon_days: 2024-06-31}", "valid integer.*'2024-06-31'"),
        ("value: {margin: .nan}", "finite number"),
        ("value: {margin: 2024-06-31}", "valid number"),
        ("profit: {contact_cost: .inf}", "finite number"),
        ("seed: 99999999999999999999", "'seed': .*2147483647"),
        ("seed: " + "9" * 5000, "'seed': unable to parse"),
        ("features: {choose: 2}", "valid boolean"),
        ("features: {choose: 2024-06-31}", "valid boolean"),
        ("time: 5", r"'time' is a section of keys, such as horizon_days.*: no value"),
        ("time: [1]", "'time' is a section of keys"),
        ('outputs: "a\\0b"', "'outputs': the text holds a NUL character"),
        ("2024-13-01: x", "unknown key '2024-13-01'"),
        ("time:\n\thorizon_days: 3", "not valid YAML at line 4.*A tab cannot indent"),
        ("time: {}\nseed: 1\ntime: {}", "at line 5: the key 'time' stands twice"),
        ("value: {margin: 0.1, margin: 0.2}", "the key 'margin' stands twice"),
        ("x: &a [*a]", "refers to itself"),
        ("x: !!int foo", "not valid YAML: invalid literal"),
        ("x: !!timestamp foo", "not valid YAML"),
        ("x: !!python/name:os.system", "not valid YAML at line 3"),
        ("a: \x07", "not valid YAML: special characters"),
        ("x: " + "[" * 3000, "nested too deeply|not valid YAML"),
        ("---\nname: y", "not valid YAML at line 3: but found another document"),
    ],
)
def test_a_value_that_cannot_be_is_told_in_a_sentence(text, told):
    with pytest.raises(ConfigError, match=told):
        parse_settings(LEAST + text)


@pytest.mark.parametrize(
    "zone", ["Europe", "x" * 5000, "posixrules", "../UTC", "localtime"]
)
def test_a_zone_that_is_none_is_refused(zone):
    text = f"name: x\nsource: {{time_zone: {zone}, transactions: {{path: a.csv}}}}"
    with pytest.raises(ConfigError, match="is not a time zone such as"):
        parse_settings(text)


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n- b\n", "5", "2024-06-31"])
def test_a_file_without_keys_is_refused(text):
    with pytest.raises(ConfigError, match="must hold keys such as 'name'"):
        parse_settings(text)


@pytest.mark.parametrize(
    "content", [b"name: Ren\xe9e\n", b"\xff\xfen\x00a\x00", b"\x80"]
)
def test_a_file_that_is_not_utf8_is_refused(tmp_path, content):
    (tmp_path / "shop.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match="it is not UTF-8 text"):
        load_settings(tmp_path / "shop.yaml")


def test_a_blank_section_holds_the_defaults():
    blank = parse_settings(LEAST + "time:\nvalue:\n")
    assert blank == parse_settings(LEAST)


def test_aliases_without_measure_end_in_a_sentence():
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    with pytest.raises(ConfigError, match="grows too large"):
        parse_settings(LEAST + "\n".join(lines))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("010", "010"), ("1:30", "1:30"), ("0x1F", "0x1F"), ("1_000", 1000)),
        *(("2024-06-30", "2024-06-30"), ("1:30.5", "1:30.5"), ("-1.5", -1.5)),
        *(("yes", True), ("~", None), ("-7", -7), ("1.0e+3", 1000.0), (".5", 0.5)),
    ],
)
def test_scalars_are_read_as_people_mean_them(text, value):
    assert read_yaml(f"a: {text}") == {"a": value}


SCALARS = ["2024-06-31", "-1", "1e999", ".nan", "yes", "~", "[]", "{}", "''", "9" * 40]
SCALARS += ["1.5", "!!x y", "&a", "*a", "\t", "'", "{a: b}", "[1, [2]]", "0", "\u2028"]
KEYS = [
    f"{section}.{key}"
    for section, field in Settings.model_fields.items()
    for key in getattr(field.annotation, "model_fields", {"": None})
]


@given(key=st.sampled_from(KEYS), value=st.sampled_from(SCALARS) | st.text(max_size=8))
@settings(max_examples=300, deadline=None)
def test_any_setting_of_any_value_is_read_or_refused(key, value):
    section, _, leaf = key.partition(".")
    for text, sets in (
        (LEAST, [f"{key.rstrip('.')}={value}"]),
        (f"{LEAST}{section}: {{{leaf}: {value}}}\n", []),
    ):
        with contextlib.suppress(ConfigError):
            parse_settings(text, sets)
