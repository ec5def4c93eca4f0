"""The verbs that make a run by training: `mlp` and `train`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.data import Dataset, Decision, Table, decide, relabel, split_and_prepare
from cutaway.progress import raise_if_canceled
from cutaway.results.progress import ProgressOption, show_progress
from cutaway.runs import RUNS
from cutaway.topics.common.weighting import class_weights, given_weights
from cutaway.training import DRAWN, GIVEN

from .given_data import as_dataset, as_decisions
from .run import Run
from .start import start_training

if TYPE_CHECKING:
    from cutaway.models import Model


@public
def mlp(
    hidden: Sequence[int] = (512, 512),
    *,
    dropout: float = 0.0,
    batch_norm: bool = False,
    activation: str = "relu",
    ensemble: int = 1,
    name: str = "mlp",
) -> "Model":
    """Make a fully connected model; its input and output are added when it first meets data.

    Args:
        hidden: Units of each hidden layer, from input to output, each at least 1.
        dropout: Share of a hidden layer's units set to zero in training, in [0, 1).
        batch_norm: Whether each hidden layer is normalized over the batch, before its activation.
        activation: Activation of the hidden layers: "relu", "softplus", "sigmoid", "tanh", "gelu", ...; the output is a
            softmax.
        ensemble: Number of members: models of this form side by side, each with weights and a loss of its own, whose
            logits are averaged. From 1, a plain model, to 256.
        name: Name of the model.

    Raises:
        ModelError: A value is outside its range, or members are combined with batch normalization.
    """
    from cutaway import models

    models.keep_compiled_programs()  # a dropout layer compiles its seed: 0.02 s
    return models.mlp(
        hidden, dropout=dropout, batch_norm=batch_norm, activation=activation, ensemble=ensemble, name=name
    )


@public
def train(
    model: "Model",
    data: Dataset | Table | str | Path | Any,
    y: Any = None,
    *,
    recipe: str = "default",
    seed: int = 0,
    runs: str | Path = RUNS,
    name: str | None = None,
    class_weight: Mapping[int, float] | str | None = None,
    sample_weight: np.ndarray | None = None,
    labels: str | Path | Decision | Sequence[Decision] | None = None,
    progress: ProgressOption = True,
    **settings: Any,
) -> Run:
    """Train a model and keep everything about it in a new run folder.

    As after Keras' ``fit``, the model carries the trained weights afterwards, and training it again continues from
    them; with `patience` these are the weights of the epoch with the lowest validation loss, otherwise those of the
    last.

    All devices that JAX has share every batch; the result is that of one device, up to rounding. A model that begins
    with a Rescaling by the scale of the data is fed raw samples. A training that is canceled (see
    `cutaway.CancelToken`) or dies can be continued with `resume`.

    Args:
        model: Made by `mlp`, or any Sequential or functional Keras model of supported layers.
        data: A `Dataset` or `Table`, what `load_dataset` takes, or the inputs ``(sample, ...)`` as an array or
            DataFrame with `y`.
        y: Labels ``(sample,)``, if `data` are inputs; see `Dataset.from_arrays`, which also takes test samples.
        recipe: Where settings that are not given come from: "default" (for a table, "table"), "table", "photos" (those
            of "default"), "minute" and "best-images" (for images of characters), "best", "lesson" or "lesson-dropout".
        seed: Random seed of first weights, split, order and dropout; whole number from 0.
        runs: Folder in which the run folder is made.
        name: Your name for the run, part of the folder name; the dataset's name if None.
        class_weight: Class number -> weight of its samples in the training loss, 1 for the others; "balanced" gives
            each class the same total weight: samples / (classes x samples of the class).
        sample_weight: ``(sample,)`` of the source "train", at least 0, the weight of each in the training loss.
        labels: Decisions on labels, or the file that holds them: samples that are kept, relabeled or dropped. The split
            is that of the labels as given; dropped samples are in none of its parts.
        progress: True draws a bar, False draws nothing, a callable gets `Progress` records.
        settings: Fields of `cutaway.training.TrainingConfig`: epochs, batch_size, optimizer, learning_rate, momentum,
            weight_decay, schedule, loss, label_smoothing, virtual_adversarial, precision, patience, validation; and
            augment, how images are changed at random in training, differently in every epoch: "characters", "photos",
            settings such as "rotation=10, shift=0.05", an `Augmentation`, or None for not at all.

    Raises:
        UsageError: A setting, the model or a name is wrong; no folder has been made.
        DataError: The data cannot be loaded.
        RunError: The run folder cannot be written.
        TrainingError: The loss became NaN or infinite; the run folder keeps the epochs before.
        BackendError: Keras was already loaded on another backend than JAX.
        Canceled: It was canceled; the run folder keeps everything so far, and `resume` continues from there. If the
            token was canceled before the first step, no folder has been made.
    """
    from cutaway import models, training
    from cutaway.topics.findings.before_training import warn_of_leaks

    raise_if_canceled()
    given = as_dataset(data, y, verb="train")
    recipe = training.recipe_for(recipe, given)
    weighted = class_weight is not None or given_weights(given, sample_weight) is not None
    base = training.base_settings(training.find_recipe(recipe), weighted=weighted)
    settings = {"seed": seed, **settings}
    # validation is a share of all training samples, batch size and epochs follow from those left after the split
    config = training.make_config(base, samples=len(given.labels["train"]), **settings)
    models.require_jax()
    models.check_model(model)
    models.keep_compiled_programs()
    decided = None if labels is None else decide(given, as_decisions(labels))
    with show_progress(progress) as on_progress:
        split, data = split_and_prepare(
            given, validation=config.validation, seed=config.seed, decided=decided, on_progress=on_progress
        )
    loaded = given if decided is None else relabel(given, decided.relabeled)
    warn_of_leaks(loaded, data, split)
    data = training.as_taken(model, data)
    settings["validation"] = config.validation
    settings["class_weight"] = class_weights(class_weight, data.y(split.train), classes=data.classes)
    accelerator = training.has_accelerator()
    config = training.make_config(base, samples=len(split.train), accelerator=accelerator, **settings)
    fresh = models.build_model(model, shape=data.shape, classes=data.classes, seed=config.seed)
    training.check_config(config, model, shape=data.shape)
    return start_training(
        model,
        data,
        loaded=loaded,
        split=split,
        config=config,
        first_weights=DRAWN if fresh else GIVEN,
        sample_weight=given_weights(given, sample_weight),
        runs=runs,
        name=name,
        progress=progress,
    )
