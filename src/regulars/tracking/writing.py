"""Write a record, and the model in it, to the MLflow run that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.tracking.records import LOADER
from regulars.tracking.wheel import requirements

if TYPE_CHECKING:
    from regulars.tracking.records import RunRecord

MODEL_FOLDER = "model"
# of a request, where nobody gives an example
NESTED = ("customer_id", "transactions")


def log_record(record: RunRecord) -> None:
    """Write a record to the run that is open."""
    import mlflow

    mlflow.log_params(dict(record.params))
    mlflow.log_metrics(dict(record.metrics))
    mlflow.set_tags(dict(record.tags))
    if record.artifacts is not None:
        mlflow.log_artifacts(str(record.artifacts))


def log_model(record: RunRecord) -> Any:
    """Log the model of a record as a pyfunc."""
    import mlflow.pyfunc
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
    from mlflow.types.schema import AnyType

    model = record.model
    if model is None:
        msg = "The record of a run without a model has nothing to be registered."
        raise ValueError(msg)
    anything = AnyType()  # type: ignore[no-untyped-call]
    params = ParamSchema(
        [
            ParamSpec("as_of", DataType.string, ""),
            ParamSpec("reasons", DataType.string, "all"),
        ]
    )
    nested = record.inputs is None
    sent = record.input_example
    names = record.inputs or (NESTED if sent is None else [*map(str, sent.columns)])
    signature = ModelSignature(
        inputs=Schema(
            # a row of attributes needs no name to be scored
            [ColSpec(anything, n, required=nested or n != "customer_id") for n in names]
        ),
        params=params if nested else None,  # type: ignore[arg-type]
    )
    return mlflow.pyfunc.log_model(
        name=MODEL_FOLDER,
        # data and a named loader: nothing of the artefact is unpickled or run
        loader_module=LOADER,
        data_path=str(model),
        signature=signature,
        input_example=record.input_example,
        # paths are read from the model's own folder
        pip_requirements=[
            *requirements(),
            *(f"data/{MODEL_FOLDER}/{each.name}" for each in model.glob("*.whl")),
        ],
    )
