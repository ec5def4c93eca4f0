"""The verb `preflight`: what a model and its arrays, or the plan of a training, show before the first epoch."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway import models
from cutaway._lazy import public
from cutaway.api.given_data import as_dataset
from cutaway.data import input_facts, repeated_samples, split_and_prepare, tell_apart
from cutaway.errors import Canceled, CutawayError, DataError, ModelError
from cutaway.findings import SHORT_TRAININGS, Evidence, looks_drawn, run_checks
from cutaway.log import survive
from cutaway.models import DEFAULT_RATES, Setup, setup_faults, setup_of, setup_of_spec
from cutaway.results.progress import ProgressOption, show_progress
from cutaway.topics.findings.evidence import sample_evidence
from cutaway.topics.history.short_trainings import kept_trainings
from cutaway.training import plan, split_record

from .options import PreflightOptions
from .result import Preflight
from .training import measure_trainings

if TYPE_CHECKING:
    from cutaway.models import Model

SAMPLES = 2_000
"""Maximum number of samples to measure inputs on."""

OF_OTHERS = ("linear-hidden", "few-steps", "unusual-rate")
"""Faults of a setup that are not about its loss, its last layer and its targets."""

UNTRAINABLE = {"missing-values", "target-shape", "labels-out-of-range"}
"""Faults of a setup with which no loss can be computed, so nothing is trained."""

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
    train: bool = False,
    progress: ProgressOption = True,
) -> Preflight:
    """Say before the first epoch what cannot be right in a compiled model and the arrays for its ``fit``, worst first.

    Neither the model nor the arrays are changed. Whether loss, last activation, number of outputs and targets go
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
        train: Whether to train copies of the model for some seconds as well, which shows whether its first loss is that
            of chance, whether one batch is learned, which of 11 learning rates learns fastest, whether the inputs help,
            whether targets belong to their rows, and whether random targets are predicted. Of `validation_data`, or of
            a quarter of x and y without it, at most 1,000 samples are measured, and 2,000 others trained on, 500 steps
            each time. Ctrl-C ends it; what was measured by then is judged. Nothing is trained if there are fewer than
            20 to measure, or if the loss cannot be computed, which is a finding.
        progress: True draws a bar of these trainings, False draws nothing, a callable gets `Progress` records.

    Raises:
        ModelError: The model is not compiled, or has not one input and one output.
        DataError: x or y are no numbers, empty, or of different length, or x has another shape than the model takes.
        UsageError: epochs or batch_size is outside its range.
    """
    asked = PreflightOptions(epochs=epochs, batch_size=batch_size)
    x, y = _arrays(x, y)
    more = () if validation_data is None else _arrays(*validation_data[:2])
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
        if more:
            known |= _of_validation(x, more[0])
    if train and not UNTRAINABLE.intersection(setup_faults(setup)):
        held = np.random.default_rng(0).permutation(len(x)) < len(x) // 4
        if more:
            held = np.repeat([False, True], [len(x), len(more[0])])
            x, y = np.concatenate([x, more[0]]), np.concatenate([y, more[1]])
        known["short_trainings"] = _measured(model, x, y, held, asked.batch_size, progress)
    return _judged(str(built.name), Evidence(**known))


def _measured(
    model: "Model", x: np.ndarray, y: np.ndarray, held: np.ndarray, batch_size: int, progress: ProgressOption
) -> dict[str, Any]:
    """What short trainings measure until they end or are stopped."""
    found = dict[str, Any]()
    try:
        with show_progress(progress) as on_progress:
            measure_trainings(found, model, x, y, held, batch_size=batch_size, on_progress=on_progress)
    except (Canceled, KeyboardInterrupt):
        found["stopped"] = "before the end"
    return {name: each if isinstance(each, str) else float(each) for name, each in found.items()}


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
        *((of.checked, of.last in evidence.short_trainings, (kind,)) for kind, of in SHORT_TRAININGS.items()),
    )
    passed = tuple(words for words, is_known, about in checked if is_known and not kinds.intersection(about))
    return Preflight(name, found, passed=passed, measured=evidence.short_trainings)


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


def preflight_plan(data: str, *, options: Mapping[str, Any], train: bool = False, **wanted: Any) -> Preflight:
    """Say what the data, the model and the settings of a training show before it begins.

    Args:
        data: What `cutaway.load_dataset` takes.
        options: Options for the data.
        train: Whether to train the model for some seconds as well, as in `preflight`; what that measures is kept for
            the report of a run with this plan.
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
    known = {"setup": setup, "short_trainings": _measured_plan(planned) if train else {}}
    return _judged(planned.data.name, sample_evidence(loaded, planned.data, planned.split, **known))


def _measured_plan(planned: Any) -> dict[str, Any]:
    """What short trainings of a plan measure on training and validation samples; whole ones are kept for its run."""
    from cutaway.training import compiled

    data, config, split = planned.data, planned.config, planned.split
    ids = split.part("all")[: len(split.train) + len(split.val)].ordered()
    model = compiled(planned.model, config, steps=config.epochs * -(-len(split.train) // config.batch_size))
    x = data.inputs(ids).reshape(-1, *model.inputs[0].shape[1:])
    found = _measured(model, x, data.y(ids), ids.isin(split.val), config.batch_size, True)
    if "stopped" not in found:
        kept_trainings(planned.spec, config.model_dump(), **split_record(data, split)).write(found)
    return found
