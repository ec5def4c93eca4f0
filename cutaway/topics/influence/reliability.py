"""How far influences can be relied on, measured for the same kind of training."""

from typing import Any

from cutaway.context import RunContext

LDS = {
    "a linear model on the full batch": (0.83, 0.8),
    "gradient descent on the full batch": (0.78, 0.69),
    "SGD in batches": (0.74, 0.62),
    "Adam in batches": (0.71, 0.61),
    "Adam in batches with dropout": (0.52, 0.58),
}
"""Kind of training -> the linear datamodeling score of influences on digits and on the table of breast cancer, measured
by ``python -m benchmarks influence_lds``."""


def reliability(context: RunContext) -> str:
    """How far the order of influences can be relied on, in a sentence with the number and its source."""
    model = context.manifest.model
    kinds = [layer.kind for layer in model.layers] if model else []
    kind = kind_of(context.manifest.config, kinds, samples=len(context.split.train))
    if kind is None:
        return "How far influences can be relied on was not measured for this kind of training."
    digits, table = LDS[kind]
    return (
        f"In our tests with {kind}, influences predicted the effect of training on random halves of the data with a "
        f"rank correlation of {digits:.2f} on digits and {table:.2f} on a table (1 is perfect)."
    )


def kind_of(config: dict[str, Any], kinds: list[str], *, samples: int) -> str | None:
    """Which of the kinds in `LDS` a training is; None for one that none of them stands for.

    Args:
        config: Its settings.
        kinds: The class name of each layer.
        samples: Number of training samples.
    """
    optimizer = config.get("optimizer")
    if optimizer in ("adam", "adamw"):
        return "Adam in batches with dropout" if "Dropout" in kinds else "Adam in batches"
    if optimizer != "sgd":
        return None
    if config.get("batch_size", 0) < samples:
        return "SGD in batches"
    linear = sum(kind in ("Dense", "EinsumDense") for kind in kinds) == 1
    return "a linear model on the full batch" if linear else "gradient descent on the full batch"
