from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from regulars import config
from regulars.config import Settings, SqlExpression, load_settings, parse_settings
from regulars.errors import ConfigError
from regulars.models.churn.members import MEMBERS

LEAST = "name: shop\nsource: {transactions: {path: orders.csv}}\n"
REPOSITORY = Path(__file__).parents[1]


def test_defaults_are_those_of_the_design_when_nothing_is_said():
    settings = parse_settings(LEAST)
    assert settings.time.horizon_days == 90
    assert settings.time.gap_days == 0
    assert settings.time.lookback_days is None
    assert settings.time.training_cutoffs == "auto"
    assert settings.time.step_days == 30
    assert settings.churn.members == MEMBERS
    assert settings.value.margin == 0.3
    assert settings.tracking.uri == "sqlite:///models/mlflow.db"
    assert settings.outputs_folder == Path("out/shop")
    assert settings.source.transactions.max_bad_share == 0.05
    assert settings.seed == 0


def test_settings_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        parse_settings(LEAST).seed = 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tme: {}", r"unknown key 'tme'\. Did you mean 'time'\?"),
        ("time: {horizn_days: 3}", r"'time\.horizn_days'\. Did you mean 'horizon_days"),
        (
            "churn: {classifiers: [logistic]}",
            r"'churn\.classifiers'\. 'churn\.members' has taken its place\.",
        ),
        ("value: {colour: red}", r"unknown key 'value\.colour'\.$"),
        (
            "time: {horizon_days: 0}",
            r"'time\.horizon_days': input should be greater.*0",
        ),
        ("time: {gap_days: -1}", r"'time\.gap_days': .*greater than or equal to 0"),
        ("value: {margin: 0}", r"'value\.margin': .*greater than 0 \(got 0\)"),
        ("value: {margin: 1.5}", r"'value\.margin': .*less than or equal to 1"),
        ("churn: {members: [forest]}", r"'churn\.members\.0'.*'lightgbm'"),
        ("churn: {members: []}", r"'churn\.members'.*at least 1 item"),
        ("scores: {risk_bands: [0.7, 0.4]}", r"first bound \(0\.7\) must lie below"),
        ("seed: -1", r"'seed': .*greater than or equal to 0"),
        (
            "time: {cutoff: soon}",
            r"'time\.cutoff': 'soon' is not a day",
        ),
        ("1: x", r"'1': keys should be strings"),
    ],
)
def test_parse_settings_tells_what_is_wrong_when(text, told):
    with pytest.raises(ConfigError, match=told):
        parse_settings(LEAST + text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("source: {transactions: {path: a.csv}}", "'name' is missing"),
        ("name: x", "'source' is missing"),
        ("name: 'a b'\nsource: {transactions: {path: a.csv}}", "'name': string should"),
        ("name: x\nsource: {transactions: {}}", "either 'path'.*or 'table'"),
        (
            "name: x\nsource: {transactions: {path: a.csv, table: t}}",
            "either 'path'.*not both",
        ),
        (
            "name: x\nsource: {time_zone: Mars, transactions: {path: a.csv}}",
            "'Mars' is not a time zone",
        ),
        (
            "name: x\nsource: {transactions: {path: a.csv, "
            "columns: {amount: {sqll: x}}}}",
            "unknown key 'source.transactions.columns.amount.sqll'",
        ),
        ("just words", "must hold keys such as 'name'"),
        ("", "must hold keys such as 'name'"),
        ("name: [x", "not valid YAML at line"),
    ],
)
def test_parse_settings_tells_what_is_missing_or_malformed_when(text, told):
    with pytest.raises(ConfigError, match=told):
        parse_settings(text)


def test_columns_may_be_names_or_expressions():
    settings = parse_settings(
        "name: x\nsource: {transactions: {path: a.csv, "
        "columns: {customer_id: who, amount: {sql: 'q * p'}}}}"
    )
    assert settings.source.transactions.columns == {
        "customer_id": "who",
        "amount": SqlExpression(sql="q * p"),
    }


def test_overrides_win_over_the_text_and_are_read_as_yaml():
    settings = parse_settings(
        LEAST + "seed: 1\n",
        [
            "seed=2",
            "time.cutoff=2024-01-31",
            "churn.members=[process, logistic]",
            "time.lookback_days=null",
        ],
    )
    assert settings.seed == 2
    assert settings.time.cutoff == date(2024, 1, 31)
    assert settings.churn.members == ("process", "logistic")
    assert settings.time.lookback_days is None


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("seed", "must have the form key.sub=value"),
        ("=3", "must have the form key.sub=value"),
        ("seed.sub=3", "'seed' holds a value, not a section"),
        ("seed=[1", "the value is not valid YAML"),
        ("tim.horizon_days=3", r"unknown key 'tim'\. Did you mean 'time'"),
    ],
)
def test_override_is_refused_when(override, told):
    with pytest.raises(ConfigError, match=told):
        parse_settings(LEAST + "seed: 1\n", [override])


def test_variables_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("SHOP_STORE", "postgresql://u:p@db/x")
    monkeypatch.setenv("SHOP_FILE", "orders")
    settings = parse_settings(
        "name: x\nsource: {transactions: {path: 'data/${SHOP_FILE}.csv'}}\n"
        "tracking: {uri: '${SHOP_STORE}'}\nfeatures: {extra: ['a:${SHOP_FILE}']}"
    )
    assert settings.tracking.uri == "postgresql://u:p@db/x"
    assert settings.source.transactions.path == "data/orders.csv"
    assert settings.features.extra == ("a:orders",)


def test_variable_is_refused_when_it_is_not_set(monkeypatch):
    monkeypatch.delenv("SHOP_NOWHERE", raising=False)
    with pytest.raises(ConfigError, match=r"\$\{SHOP_NOWHERE\}, which is not set"):
        parse_settings(LEAST + "outputs: '${SHOP_NOWHERE}'")


def test_load_settings_names_the_file_when_it_is_missing(tmp_path):
    with pytest.raises(
        ConfigError, match=r"nowhere\.yaml': No such file.*regulars init"
    ):
        load_settings(tmp_path / "nowhere.yaml")


def test_load_settings_names_the_reason_when_it_is_no_text(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(ConfigError, match="it is not UTF-8 text"):
        load_settings(tmp_path / "a.yaml")


def test_load_settings_reads_a_byte_order_mark(tmp_path):
    (tmp_path / "a.yaml").write_text(LEAST, encoding="utf-8-sig")
    assert load_settings(tmp_path / "a.yaml").name == "shop"


@pytest.mark.parametrize(
    "file", sorted(REPOSITORY.glob("configs/*.yaml")), ids=lambda file: file.stem
)
def test_committed_configs_are_valid(file):
    settings = load_settings(file)
    assert settings.source.transactions or settings.churn.labelled


def _sections(model: type[BaseModel], seen: set[type[BaseModel]]):
    for field in model.model_fields.values():
        options = getattr(field.annotation, "__args__", (field.annotation,))
        for option in options:
            if isinstance(option, type) and issubclass(option, BaseModel):
                seen.add(option)
                _sections(option, seen)
    return seen


@pytest.mark.parametrize(
    "section", sorted(_sections(Settings, {Settings}), key=lambda found: found.__name__)
)
def test_every_setting_is_described(section):
    undescribed = [
        name for name, field in section.model_fields.items() if not field.description
    ]
    assert undescribed == []


def test_override_fills_a_section_that_is_left_blank():
    settings = parse_settings(LEAST + "time:\n", ["time.horizon_days=7"])
    assert settings.time.horizon_days == 7


LABELLED = "name: x\nchurn: {kind: labelled, labelled: {path: a.csv, label: left}}\n"


def test_labelled_table_needs_no_log():
    settings = parse_settings(LABELLED)
    assert settings.churn.labelled.positive == 1
    assert settings.source.transactions is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{kind: labelled}", "give the table under 'churn.labelled'"),
        ("{labelled: {path: a.csv, label: l}}", "'labelled' is of kind labelled only"),
        ("{kind: labelled, labelled: {path: a.csv}}", "labelled.label' is missing"),
        ("{kind: labelled, labelled: {label: l}}", "either 'path'.*or 'table'"),
        (
            "{kind: labelled, labelled: {path: a.csv, label: l, lable: m}}",
            "unknown key 'churn.labelled.lable'.*Did you mean '(label|table)'",
        ),
        (
            "{kind: labelled, labelled: {path: a.csv, label: l, id: l}}",
            "must be different columns",
        ),
        (
            "{kind: labelled, labelled: {path: a.csv, label: l, drop: [l]}}",
            "the label 'l' stands in 'drop' too",
        ),
    ],
)
def test_labelled_settings_tell_what_is_missing_when(text, told):
    with pytest.raises(ConfigError, match=told):
        parse_settings(f"name: x\nsource: {{}}\nchurn: {text}")


SECTIONS = {
    "backtest": config.BacktestSettings,
    "campaign": config.CampaignSettings,
    "churn": config.ChurnSettings,
    "customers": config.CustomersSettings,
    "features": config.FeatureSettings,
    "gate": config.GateSettings,
    "kpis": config.KpiSettings,
    "monitoring": config.MonitoringSettings,
    "profit": config.ProfitSettings,
    "programme": config.ProgrammeSettings,
    "scores": config.ScoreSettings,
    "serving": config.ServingSettings,
    "source": config.SourceSettings,
    "spark": config.SparkSettings,
    "time": config.TimeSettings,
    "tracking": config.TrackingSettings,
    "value": config.ValueSettings,
}


def test_every_section_of_the_settings_has_an_exported_type():
    settings = parse_settings(LEAST)
    sections = {
        name: type(value) for name, value in settings if isinstance(value, BaseModel)
    }
    assert sections == SECTIONS


@pytest.mark.parametrize("section", SECTIONS.values())
def test_section_is_frozen_and_knows_its_keys(section):
    settings = section()
    name = next(iter(section.model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings, name, getattr(settings, name))
    with pytest.raises(ValidationError, match="nonsense"):
        section(nonsense=1)


def test_labelled_table_lies_in_a_file_or_in_the_engine_and_not_in_both():
    assert config.LabelledSettings(path="churn.csv", label="left").table is None
    with pytest.raises(ValidationError, match="either 'path'"):
        config.LabelledSettings(label="left")
    with pytest.raises(ValidationError, match="either 'path'"):
        config.LabelledSettings(path="churn.csv", table="churn", label="left")


@pytest.mark.parametrize("value", [-5, float("nan"), float("inf")])
def test_value_of_a_customer_is_an_amount(value):
    with pytest.raises(ValidationError, match="an amount must be 0 or more"):
        config.LabelledSettings(path="churn.csv", label="left", value=value)


def test_value_of_a_customer_may_be_a_column():
    place = config.LabelledSettings(path="churn.csv", label="left", value="margin")
    assert place.value == "margin"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("out/Kunden #1 100%", "out/Kunden #1 100%"),
        ("out #2/x #3", "out #2/x #3"),
        ("'out #2'", "out #2"),
        ("out#2", "out#2"),
    ],
)
def test_override_with_a_hash_is_a_path_not_a_comment(text, value):
    assert parse_settings(LEAST, [f"outputs={text}"]).outputs == value


def test_override_of_a_number_may_have_a_comment():
    assert parse_settings(LEAST, ["seed=30 # any"]).seed == 30


def test_a_bare_on_is_the_key_of_a_join():
    """YAML 1.1 reads it as the boolean true."""
    read = yaml.safe_load("{path: a.csv, on: order_id}")
    assert True in read
    join = config.JoinSettings.model_validate(read)
    assert (join.on, join.keys) == ("order_id", {"order_id": "order_id"})


def test_lines_of_an_order_need_a_column_to_fill():
    with pytest.raises(ValidationError, match="columns"):
        config.FillDownSettings(by="Name", columns=())
