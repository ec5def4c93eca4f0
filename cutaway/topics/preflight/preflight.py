"""The verb `preflight`: what a model and its arrays, or the plan of a training, show before the first epoch."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway import models
from cutaway._lazy import public
from cutaway.api.given_data import as_dataset
from cutaway.data import as_fitted, input_facts, split_and_prepare
from cutaway.errors import CutawayError, ModelError
from cutaway.findings import Evidence, run_checks
from cutaway.log import survive
from cutaway.models import setup_faults, setup_of, setup_of_spec
from cutaway.results.progress import ProgressOption, show_progress
from cutaway.topics.findings.evidence import frozen_layers, sample_evidence
from cutaway.topics.history.short_trainings import kept_trainings
from cutaway.training import plan, split_record

from .options import PreflightOptions
from .result import Preflight
from .training import measure_trainings

if TYPE_CHECKING:
    from cutaway.models import Model

SAMPLES = 2_000
"""Maximum number of samples to measure inputs on."""

UNTRAINABLE = {"missing-values", "target-shape", "labels-out-of-range"}
"""Faults of a setup with which no loss can be computed, so nothing is trained."""

UNKNOWN = "Whether the loss fits the last layer and the targets is not judged: the loss or the activation is not known."

SETTINGS = {"loss", "optimizer", "learning_rate", "epochs", "batch_size"}
"""Settings of a training that its setup has."""


@public
def preflight(
    model: "Model",
    x: Any,
    y: Any,
    *,
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
        epochs: Planned epochs, from 1; None if they are not to be judged.
        batch_size: Samples of a batch, from 1.
        train: Whether to train the model for some seconds as well, and to restore it, which shows whether its first
            loss is that of chance, whether one batch is learned, which of 11 learning rates learns fastest, whether the
            inputs help, whether targets belong to their rows, and whether random targets are predicted. Of a quarter of
            the samples, at most 1,000 are measured, and 2,000 others trained on, 500 steps each time. Nothing is
            trained if there are fewer than 20 to measure, or if the loss cannot be computed, which is a finding.
        progress: True draws a bar of these trainings, False draws nothing, a callable gets `Progress` records.

    Raises:
        ModelError: The model is not compiled, or has not one input and one output.
        DataError: x or y are no numbers, empty, or of different length, or x has another shape than the model takes.
        UsageError: epochs or batch_size is outside its range.
        Canceled: It was canceled.
    """
    asked = PreflightOptions(epochs=epochs, batch_size=batch_size)
    x, y = as_fitted(x, y)
    built: Any = model  # Keras has no types
    if built.compiled and not built.built:
        built.build((None, *x.shape[1:]))
    if not built.compiled or len(built.inputs or ()) != 1 or len(built.outputs or ()) != 1:
        raise ModelError(
            "the model must be compiled, with one input and one output of known shape",
            hint=f"call model.compile(...) first; for a subclass of keras.Model, compile {models.WRAPPED}",
        )
    setup = setup_of(model, x, y, epochs=asked.epochs or 0, batch_size=asked.batch_size)
    known: dict[str, Any] = {"setup": setup, "images": x.ndim > 2}
    if not setup.missing:
        with survive(__name__, "looking at the layers", CutawayError):
            known |= _of_layers(model, x)
    if train and not UNTRAINABLE.intersection(setup_faults(setup)):
        held = np.random.default_rng(0).permutation(len(x)) < len(x) // 4
        with show_progress(progress) as on_progress:
            trained = measure_trainings(model, x, y, held, batch_size=asked.batch_size, on_progress=on_progress)
        known["short_trainings"] = trained
    return _judged(built.name, Evidence(**known), not_judged=() if setup.family and setup.activation else (UNKNOWN,))


def _of_layers(model: Any, x: np.ndarray) -> dict[str, Any]:
    """The inputs after the layers that only prepare them, and the layers that are not trained, as `Evidence` has both.

    Raises:
        ModelError: The model has layers of other kinds than cutaway opens.
    """
    from cutaway.interpret import prepared_inputs
    from cutaway.models import get_weights, spec_of

    spec, some = spec_of(model), x[:: -(-len(x) // SAMPLES)].astype(np.float32)
    seen = prepared_inputs(model, spec, some, scale=1.0)
    inputs = input_facts(some.reshape(len(some), -1) if seen is None else seen)
    return {"inputs": inputs, "frozen": frozen_layers(spec, partial(get_weights, model))}


def _judged(name: str, evidence: Evidence, **known: Any) -> Preflight:
    trained = evidence.short_trainings
    return Preflight(name, run_checks(evidence), measured={} if trained is None else trained.means, **known)


def preflight_plan(data: str, *, options: Mapping[str, Any], train: bool = False, **wanted: Any) -> Preflight:
    """Say what the data, the model and the settings of a training show before it begins.

    Args:
        data: What `cutaway.load_dataset` takes.
        options: Options for the data.
        train: Whether to train the model for some seconds as well, as in `preflight`; what that measures is kept for
            the report of a run with this plan.
        wanted: The recipe, the form of the model and the settings, as `cutaway.training.plan` takes them.

    Raises:
        UsageError, DataError, BackendError, Canceled: See `cutaway.train`.
    """
    from cutaway.training import compiled

    trained = None
    with show_progress(True) as on_progress:
        loaded = as_dataset(data, None, verb="preflight", on_progress=on_progress, **options)
        planned: Any = plan(loaded, divide=partial(split_and_prepare, loaded, on_progress=on_progress), **wanted)
        ready, split, config = planned.data, planned.split, planned.config
        if train:
            model, ids = compiled(planned.model, config), split.part("all").ordered()
            ids = ids.take(~ids.isin(split.test))
            x = ready.inputs(ids).reshape(-1, *model.inputs[0].shape[1:])
            y = ready.y(ids).reshape(len(x), -1)
            y = models.TargetUnit.of(planned.model).standardize(y) if ready.task.is_numbers else y
            held, batch_size = ids.isin(split.val), config.batch_size
            trained = measure_trainings(model, x, y, held, batch_size=batch_size, on_progress=on_progress)
    known = config.model_dump(include=SETTINGS) | {"samples": len(split.train)}
    setup = setup_of_spec(planned.spec, classes=ready.outputs, is_numbers=ready.task.is_numbers, **known)
    found = _judged(ready.name, sample_evidence(loaded, ready, split, setup=setup, short_trainings=trained))
    if found.measured:
        kept_trainings(planned.spec, config.model_dump(), **split_record(ready, split)).write(found.measured)
    return found
