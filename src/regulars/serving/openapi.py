"""The description of the endpoint at ``/openapi.json``, of the model that answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars import __version__
from regulars.data.contract import TABLES
from regulars.scoring.batch import COLUMNS
from regulars.scoring.pyfunc import ROW_COLUMNS, NestedScorer
from regulars.scoring.reasons import REASONS
from regulars.serving.lookup import HISTORY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from regulars.config import ServingSettings
    from regulars.data.contract import ColumnContract
    from regulars.serving.model import ServedModel

Schema = dict[str, Any]
_ID: Schema = {
    "description": "As text or as a whole number: 7 and '7' are one customer, and one "
    "request must not hold both. The answer has it as it was sent.",
    "anyOf": [{"type": "string", "minLength": 1}, {"type": "integer"}],
}
_TYPES: dict[str, Schema] = {
    "id": {"type": ["string", "integer", "null"]},
    "text": {"type": ["string", "null"]},
    "time": {"type": "string", "examples": ["2024-03-31", "2024-03-31T10:00:00"]},
    "number": {"type": ["number", "null"]},
    "flag": {"type": ["boolean", "null"]},
    "any": {"type": ["string", "number", "boolean", "null"]},
}
_TEXTS = ("risk_band", "segment", "model_version", "run_id")
_DAYS = ("cutoff", "expected_next_order")
_FAULTS = {
    "401": "No key, or one that is not known.",
    "413": "Too large a body, too many customers or too many rows of one.",
    "415": "The body is no JSON in UTF-8.",
    "422": "Something of the request is wrong; the body says which field of whom.",
    "429": "Too many requests of this key; Retry-After says when to come again.",
    "503": "Too much at once, or too slow; Retry-After says when to come again.",
    "500": "The server failed.",
}
_LIMITED = ("Retry-After", ("429", "503"))


def describe(model: ServedModel, limits: ServingSettings) -> Schema:
    """Return the OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "regulars",
            "version": __version__,
            "description": f"Scores by model version {model.version}.",
        },
        "security": [{"bearer": []}, {"header": []}],
        "paths": {
            "/invocations": {"post": _invocations(model, limits)},
            "/customers/{customer_id}": {"get": _customers()},
            "/ping": {"get": _plain("Whether the server is there.", "string")},
            "/health": {"get": _plain("Which model answers.", "object")},
            "/version": {"get": _plain("MLflow's version.", "string")},
            "/metrics": {"get": _metrics()},
            "/openapi.json": {
                "get": {
                    "summary": "This description.",
                    "responses": {"200": _json({"type": "object"})} | _faults("401"),
                }
            },
        },
        "components": {
            "schemas": {"Error": _error(), "Scores": _scores(_columns(model))},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    }


def _invocations(model: ServedModel, limits: ServingSettings) -> Schema:
    customer = _customer(model, limits)
    rows = {
        "type": "array",
        "minItems": 1,
        "maxItems": limits.customers_per_request,
        "items": customer,
    }
    split = {
        "type": "object",
        "required": ["columns", "data"],
        "properties": {
            "columns": {"type": "array", "items": {"enum": [*customer["properties"]]}},
            "data": {"type": "array", "items": {"type": "array"}},
        },
    }
    forms = dict.fromkeys(("dataframe_records", "inputs", "instances"), rows)
    params = _params() if isinstance(model.scorer, NestedScorer) else {"type": "object"}
    asked = {
        "oneOf": [
            {
                "type": "object",
                "required": [form],
                "properties": {form: schema, "params": params},
            }
            for form, schema in (forms | {"dataframe_split": split}).items()
        ]
    }
    answer = {
        "type": "object",
        "required": ["predictions"],
        "properties": {
            "predictions": {
                "type": "array",
                "items": {"$ref": "#/components/schemas/Scores"},
            }
        },
    }
    return {
        "summary": "Scores of customers, one row each, in the order sent.",
        "description": "A customer without a purchase before 'as_of' is answered with "
        "nulls.",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": asked}},
        },
        "responses": {"200": _json(answer)} | _faults(*_FAULTS),
    }


def _params() -> Schema:
    return {
        "type": "object",
        "properties": {
            "as_of": {
                "type": "string",
                "format": "date",
                "description": "Only what lies before this day is used; default: "
                "today (UTC).",
            },
            "reasons": {"enum": ["all", "none"], "default": "all"},
        },
        "additionalProperties": False,
    }


def _customer(model: ServedModel, limits: ServingSettings) -> Schema:
    if not isinstance(model.scorer, NestedScorer):
        attributes = dict.fromkeys(model.scorer.attributes, _TYPES["any"])
        return {
            "type": "object",
            "required": [*attributes],
            "properties": {"customer_id": _ID, **attributes},
        }
    tables = {
        name: {
            "type": "array",
            "description": TABLES[name].meaning,
            "maxItems": limits.lines_per_customer,
            "items": _row(name, columns),
        }
        for name, columns in model.scorer.columns.items()
    }
    return {
        "type": "object",
        "required": ["customer_id", *tables],
        "properties": {"customer_id": _ID, **tables},
    }


def _row(table: str, columns: Iterable[str]) -> Schema:
    contract = TABLES[table]
    needed = [n for n in contract.required if n != "customer_id"]
    names = dict.fromkeys([*needed, *columns])
    if contract.id_column in names:  # the customer's own where it is left out
        needed = [name for name in needed if name != contract.id_column]
    return {
        "type": "object",
        "required": needed,
        "properties": {
            name: _value(contract.column(name), needed)
            for name in names
            if name != "customer_id"
        },
    }


def _value(column: ColumnContract, needed: list[str]) -> Schema:
    schema = {**_TYPES[column.kind], "description": column.meaning}
    if column.name in needed and not column.nullable:
        kinds = schema["type"]
        kinds = [kinds] if isinstance(kinds, str) else kinds
        schema["type"] = [kind for kind in kinds if kind != "null"]
    if column.kind == "number" and column.lower is not None:
        schema |= {"minimum": column.lower, "maximum": column.upper}
    return schema


def _customers() -> Schema:
    page = {
        "type": "object",
        "required": ["customer_id", "latest", "history"],
        "properties": {
            "customer_id": {"type": ["string", "integer"]},
            "latest": {"type": "object"},
            "history": {"type": "array", "items": _scores(HISTORY)},
        },
    }
    statuses = ("401", "429", "503", "500")
    unknown = {"404": _fault("No batch has scored this customer.")}
    return {
        "summary": "The latest scores of a customer by the batch, and their history.",
        "parameters": [
            {
                "name": "customer_id",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "minLength": 1},
            }
        ],
        "responses": {"200": _json(page)} | unknown | _faults(*statuses),
    }


def _columns(model: ServedModel) -> Iterable[str]:
    return COLUMNS if isinstance(model.scorer, NestedScorer) else ROW_COLUMNS


def _scores(columns: Iterable[str]) -> Schema:
    return {"type": "object", "properties": {n: _answered(n) for n in columns}}


def _answered(column: str) -> Schema:
    if column == "customer_id":
        return {"type": ["string", "integer"]}
    if column in REASONS:
        return {"type": ["array", "null"], "items": {"type": "string"}}
    if column in _DAYS:
        return {"type": ["string", "null"], "format": "date"}
    if column == "scored_at":
        return {"type": ["string", "null"], "format": "date-time"}
    return {"type": ["string" if column in _TEXTS else "number", "null"]}


def _plain(summary: str, kind: str) -> Schema:
    answer = _json({} if kind == "string" else {"type": kind})
    return {"summary": summary, "security": [], "responses": {"200": answer}}


def _metrics() -> Schema:
    figures = {
        "description": "Figures for Prometheus.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
    return {"summary": "Figures.", "responses": {"200": figures} | _faults("401")}


def _json(schema: Schema) -> Schema:
    return {
        "description": "The answer.",
        "content": {"application/json": {"schema": schema}},
    }


def _faults(*statuses: str) -> Schema:
    return {status: _fault(_FAULTS[status], status) for status in statuses}


def _fault(description: str, status: str = "") -> Schema:
    error = _json({"$ref": "#/components/schemas/Error"}) | {"description": description}
    name, limited = _LIMITED
    if status in limited:
        error["headers"] = {name: {"schema": {"type": "integer"}}}
    return error


def _error() -> Schema:
    text = {"type": ["string", "null"]}
    inner = {
        "type": "object",
        "required": ["code", "message", "customer", "field"],
        "properties": {
            "code": {"type": "string"},
            "message": {"type": "string"},
            "customer": {"type": ["string", "integer", "null"]},
            "field": text,
        },
    }
    return {"type": "object", "required": ["error"], "properties": {"error": inner}}
