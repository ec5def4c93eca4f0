"""The verbs that make a run: `mlp` and `train`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway.data import Dataset, Split, load_dataset, split_dataset
from cutaway.errors import CutawayError, UsageError
from cutaway.runs import RUNS, RunFolder, RunWriter

from .progress import ProgressOption, reporting
from .run import Run

if TYPE_CHECKING:
    import keras


def mlp(
    hidden: Sequence[int] = (512, 512), *, dropout: float = 0.0, activation: str = "relu", name: str = "mlp"
) -> "keras.Sequential":
    """Make a fully connected net; its input and output are added when it first meets data.

    Args:
        hidden: Units of each hidden layer, from input to output, each at least 1.
        dropout: Share of a hidden layer's units set to zero in training, in [0, 1).
        activation: Of the hidden layers: "relu", "softplus", "sigmoid", "tanh", "gelu", ...; the output is a softmax.
        name: Name of the model.

    Raises:
        NetError: A value is outside its range.
    """
    from cutaway.nets import mlp as make

    return make(hidden, dropout=dropout, activation=activation, name=name)


def train(
    net: "keras.Model",
    data: Dataset | str | Path,
    *,
    recipe: str = "default",
    seed: int = 0,
    runs: str | Path = RUNS,
    name: str | None = None,
    progress: ProgressOption = True,
    **settings: Any,
) -> Run:
    """Train a net and keep everything about it in a new run folder.

    As after Keras' ``fit``, the net carries the trained weights afterwards, and training it again goes on from them.

    Args:
        net: Made by `mlp`, or any Sequential or functional Keras model of allow-listed layers.
        data: A `Dataset`, or what `load_dataset` takes.
        recipe: Where settings that are not given come from: "default", "lesson" or "lesson-dropout".
        seed: Decides first weights, split, order and dropout; whole number from 0.
        runs: Folder in which the run folder is made.
        name: Middle part of the run folder's name; the dataset's name if None.
        progress: True draws a bar, False is silent, a callable gets `Progress` records.
        settings: Fields of `cutaway.training.Plan`: epochs, batch_size, optimizer, learning_rate, momentum,
            weight_decay, schedule, loss, label_smoothing, validation.

    Raises:
        UsageError: A setting, the net or a name is wrong; no folder has been made.
        RunError: The run folder cannot be written.
        TrainingError: The loss became NaN or infinite; the run folder keeps the epochs before.
        BackendError: Keras was already loaded on another backend than JAX.
    """
    from cutaway import nets, training

    settings = {**training.find_recipe(recipe).settings, "seed": seed, **settings}
    plan = training.make_plan(settings)  # a wrong setting is said before anything slow is done
    nets.require_jax()
    nets.check_net(net)
    training.keep_compiled_programs()
    data = data if isinstance(data, Dataset) else load_dataset(data)
    if data.classes < 2:
        raise UsageError("a classifier needs at least 2 classes", came=f"{data.classes} in {data.name}")
    split = split_dataset(data, validation=plan.validation, seed=plan.seed)
    plan = training.make_plan(settings, samples=len(split.train))
    fresh = nets.build_net(net, shape=data.shape, classes=data.classes, seed=plan.seed)
    manifest = {
        "dataset": _describe_data(data),
        "split": split.to_record(),
        "net": nets.spec_of(net),
        "first_weights": "drawn from the seed" if fresh else "as the net had them",
        "plan": plan.model_dump(),
        "seed": plan.seed,
        "versions": training.describe_versions(),
        "device": training.describe_device(),
    }
    writer = RunWriter.create(runs, name=name or data.name, manifest=manifest)
    with reporting(progress) as report:
        _train_into(
            writer,
            lambda: training.train_net(net, _training_data(data, split), plan=plan, writer=writer, report=report),
        )
    return Run(RunFolder.open(writer.path), data=data)


def _train_into(writer: RunWriter, work: Any) -> None:
    """Do the work and write how it ended, whatever happens."""
    try:
        outcome = work()
    except KeyboardInterrupt:
        writer.finish("stopped", why="interrupted by the user")
        raise
    except CutawayError as error:
        writer.finish("failed", why=str(error))
        raise
    except BaseException as error:
        writer.finish("failed", why=f"{type(error).__name__}: {error}")
        raise
    writer.finish("finished", test=outcome.test, training_seconds=round(outcome.seconds, 3))


def _describe_data(data: Dataset) -> dict[str, Any]:
    return {
        "name": data.name,
        "sha256": data.sha256,
        "origin": data.origin,
        "shape": list(data.shape),
        "scale": data.scale,
        "class_names": list(data.class_names),
    }


def _training_data(data: Dataset, split: Split) -> Any:
    from cutaway.training import TrainingData

    everything = split.part("all")
    return TrainingData(
        x=data.x(everything),
        y=data.y(everything),
        train=len(split.train),
        val=len(split.val),
        scale=data.scale,
        classes=data.classes,
    )
