"""The verb `preflight`: what a model and its arrays, or the plan of a training, show before the first epoch."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway import models
from cutaway._lazy import public
from cutaway.api.given_data import as_dataset
from cutaway.data import input_facts, repeated_samples, split_and_prepare, tell_apart
from cutaway.errors import CutawayError, DataError, ModelError
from cutaway.findings import Evidence, looks_drawn, run_checks
from cutaway.log import survive
from cutaway.models import DEFAULT_RATES, Setup, setup_faults, setup_of, setup_of_spec
from cutaway.results.progress import show_progress
from cutaway.topics.findings.evidence import sample_evidence
from cutaway.training import plan

from .options import PreflightOptions
from .result import Preflight

if TYPE_CHECKING:
    from cutaway.models import Model

SAMPLES = 2_000
"""Maximum number of samples of which inputs are measured."""

OF_OTHERS = ("linear-hidden", "few-steps", "unusual-rate")
"""Faults of a setup that are not about its loss, its last layer and its targets."""

OF_INPUTS = ("unscaled-inputs", "double-scaling", "uneven-inputs", "constant-inputs")


@public
def preflight(
    model: "Model",
    x: Any,
    y: Any,
    *,
    validation_data: tuple[Any, Any] | None = None,
    epochs: int | None = None,
    batch_size: int = 32,
) -> Preflight:
    """Say before the first epoch what cannot be right in a compiled model and the arrays for its ``fit``, worst first.

    Nothing is trained, and the arrays are not changed. Whether loss, last activation, number of outputs and targets go
    together is looked up in a table; the range and the shape of the targets, the layers, the range of the inputs, the
    learning rate and the number of planned steps are judged by rules that each finding states.

    Args:
        model: A compiled Keras model with one input and one output, of any layers. One that is not built yet is built
            for `x`, which draws its first weights, as ``fit`` would.
        x: Numbers ``(sample, ...)``, as ``fit`` gets them.
        y: Numbers ``(sample, ...)``, as ``fit`` gets them: class numbers, rows of 0 and 1, or measured numbers.
        validation_data: The samples ``(x, y)`` that ``fit`` is validated on, to compare with those for training.
        epochs: Planned epochs, from 1; None if they are not to be judged.
        batch_size: Samples of a batch, from 1.

    Raises:
        ModelError: The model is not compiled, or has not one input and one output.
        DataError: x or y are no numbers, empty, or of different length, or x has another shape than the model takes.
        UsageError: epochs or batch_size is outside its range.
    """
    asked = PreflightOptions(epochs=epochs, batch_size=batch_size)
    x, y = _arrays(x, y)
    built: Any = model  # Keras has no types
    if built.compiled and not built.built:
        built.build((None, *x.shape[1:]))
    if not built.compiled or len(built.inputs or ()) != 1 or len(built.outputs or ()) != 1:
        raise ModelError(
            "the model must be compiled, with one input and one output of known shape",
            hint=f"call model.compile(...) first; for a subclass of keras.Model, compile {models.WRAPPED}",
        )
    setup = setup_of(model, x, y, epochs=asked.epochs or 0, batch_size=asked.batch_size)
    known: dict[str, Any] = {"setup": setup, "frozen": _frozen(model), "images": x.ndim > 2, "train_samples": len(x)}
    if not setup.missing:
        known["inputs"] = _inputs(model, x)
        if validation_data is not None:
            known |= _of_validation(x, _arrays(*validation_data[:2])[0])
    return _judged(str(built.name), Evidence(**known))


def _judged(name: str, evidence: Evidence) -> Preflight:
    found, setup = run_checks(evidence), evidence.setup or Setup()
    kinds = {each.kind for each in found}
    checked = (
        ("loss, last layer and targets", setup.family and setup.activation, {*setup_faults(setup)} - {*OF_OTHERS}),
        ("hidden layers", setup.dense > 1, ("linear-hidden", "frozen-layers")),
        ("range of the inputs", evidence.inputs, OF_INPUTS),
        ("validation samples", evidence.val_samples, ("duplicates", "shifted-test-samples")),
        ("number of steps", setup.steps, ("few-steps",)),
        ("learning rate", setup.optimizer in DEFAULT_RATES, ("unusual-rate",)),
    )
    passed = tuple(words for words, is_known, about in checked if is_known and not kinds.intersection(about))
    return Preflight(name, found, passed=passed)


def _arrays(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets as arrays; inputs of one axis are a column.

    Raises:
        DataError: They are no numbers, empty, or of different length.
    """
    x, y = np.atleast_1d(x), np.atleast_1d(y)
    if {x.dtype.kind, y.dtype.kind} - {*"fiub"} or not x.size or len(x) != len(y):
        raise DataError(
            "x and y must be numbers, with a row of each for every sample",
            got=f"x of {x.dtype} {x.shape} and y of {y.dtype} {y.shape}",
            hint="pass both as fit takes them",
        )
    return (x.reshape(-1, 1) if x.ndim == 1 else x), y


def _frozen(model: Any) -> tuple[str, ...]:
    """Names of the Dense layers that are not trained although their weights look drawn."""
    layers = [each for each in model.layers if type(each).__name__ == "Dense" and not each.trainable]
    kernels = {each.name: (each.get_weights()[0], each.kernel_initializer(each.kernel.shape)) for each in layers}
    return tuple(name for name, (kernel, drawn) in kernels.items() if looks_drawn(kernel, np.asarray(drawn)))


def _inputs(model: Any, x: np.ndarray) -> Any:
    """The range of the inputs after the layers that only prepare them; None if these are not known."""
    from cutaway.interpret import prepared_inputs
    from cutaway.models import spec_of

    some = x[:: -(-len(x) // SAMPLES)].astype(np.float32)
    with survive(__name__, "preparing inputs", CutawayError):
        seen = prepared_inputs(model, spec_of(model), some, scale=1.0)
        return input_facts(some.reshape(len(some), -1) if seen is None else seen)
    return None


def _of_validation(x: np.ndarray, held: np.ndarray) -> dict[str, Any]:
    """Which validation samples are training samples, and whether they can be told apart."""
    flat, others = (each.reshape(len(each), -1).astype(np.float32) for each in (x, held))
    repeated = np.flatnonzero(repeated_samples(flat, others) >= 0)
    names = [f"val[{number}]" for number in repeated]
    return {"repeated": names, "shift": tell_apart(flat, others), "val_samples": len(held), "test_samples": 0}


def preflight_plan(data: str, *, options: Mapping[str, Any], **wanted: Any) -> Preflight:
    """Say what the data, the model and the settings of a training show before it begins.

    Args:
        data: What `cutaway.load_dataset` takes.
        options: Options for the data.
        wanted: The recipe, the form of the model and the settings, as `cutaway.training.plan` takes them.

    Raises:
        UsageError, DataError, BackendError: See `cutaway.train`.
    """
    with show_progress(True) as on_progress:
        loaded = as_dataset(data, None, verb="preflight", on_progress=on_progress, **options)
        planned = plan(loaded, divide=partial(split_and_prepare, loaded, on_progress=on_progress), **wanted)
    setup = setup_of_spec(
        planned.spec,
        classes=planned.data.classes,
        samples=len(planned.split.train),
        **{
            name: getattr(planned.config, name)
            for name in ("loss", "optimizer", "learning_rate", "epochs", "batch_size")
        },
    )
    return _judged(planned.data.name, sample_evidence(loaded, planned.data, planned.split, setup=setup))
