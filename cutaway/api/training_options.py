"""The options of a training on the command line; those that are not given come from a recipe or from another run."""

from dataclasses import dataclass

from cutaway.errors import UsageError
from cutaway.models import ModelForm
from cutaway.options import option


def parse_class_weight(text: str) -> dict[int, float] | str:
    """Parse ``"balanced"`` or ``"0=2.0,3=0.5"``.

    Raises:
        UsageError: It is neither.
    """
    if text == "balanced":
        return text
    try:
        pairs = (part.split("=") for part in text.split(","))
        return {int(number): float(weight) for number, weight in pairs}
    except ValueError:
        raise UsageError(
            f'--class-weight must be balanced, or class=weight pairs separated by commas, not "{text}"',
            hint="try --class-weight 0=2.0,3=0.5",
        ) from None


@dataclass(frozen=True, kw_only=True)
class ModelOptions(ModelForm):
    """The model of a training, and the recipe that it is of."""

    recipe: str | None = option(
        None,
        "Settings to begin with: default, table, photos, minute, best, best-images, lesson or lesson-dropout. Default: "
        "default (for a table: table; for bright images, such as most photos: photos).",
    )


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """The settings of a training; `cutaway.training.TrainingConfig` has their ranges."""

    optimizer: str | None = option(None, "How a step changes the weights: sgd, adam or adamw.")
    learning_rate: float | None = option(None, "Learning rate: how far a step goes.")
    momentum: float | None = option(None, "Share of the last step that is added to the next one (SGD only).")
    weight_decay: float | None = option(None, "How much weights shrink in each step (AdamW only).")
    schedule: str | None = option(None, "How the learning rate changes: constant, cosine, one-cycle or step.")
    precision: str | None = option(
        None, "Precision of matrix products: float32, bfloat16 or auto. Weights stay float32."
    )
    patience: int | None = option(None, "Stop after N epochs without a lower validation loss; keep the best.")
    class_weight: dict[int, float] | str | None = option(
        None,
        "balanced gives every class the same total weight in the loss; or set weights such as 0=2.0,3=0.5.",
        parse=parse_class_weight,
    )
    loss: str | None = option(None, "Loss to minimize, such as categorical_crossentropy.")
    label_smoothing: float | None = option(None, "Share of a label that is spread over all classes, from 0 up to 1.")
    virtual_adversarial: float | None = option(
        None,
        "Train predictions to stay the same within this distance of a sample (in input units); 0 turns this off.",
    )
    augment: str | None = option(
        None, "Change images at random: characters, photos, none, or settings such as rotation=10,shift=0.05."
    )
    epochs: int | None = option(None, "Number of passes over the training samples.")
    batch_size: int | None = option(None, "Samples per training step.")
    validation: float | None = option(None, "Share of the training samples that are held out for validation.")
    seed: int | None = option(None, "Random seed of first weights, split, order and dropout. Default: 0.")
