"""What can be asked about an embedding."""

from dataclasses import dataclass
from typing import Any

from cutaway.options import epoch_option, option, seed_option


@dataclass(frozen=True, kw_only=True)
class EmbeddingOptions:
    """The options of ``cutaway embed``; those that are None are as `cutaway.Run.embed` has them."""

    layer: str | None = option(None, "Layer. Default: the last hidden one.")
    epoch: int | None = epoch_option()
    method: str = option("tsne", "tsne, pca or umap.")
    split: str = option("all", "train, val, test or all.")
    samples: int | None = option(None, "Maximum number of samples. Default: all of them, at most 100,000.")
    perplexity: float | None = option(None, "t-SNE: effective number of neighbors.")
    neighbors: str | None = option(
        None, "t-SNE: auto, exact or approximate. Default: auto, which is exact up to 100,000 samples."
    )
    max_iter: int | None = option(None, "t-SNE: maximum number of iterations.")
    init: str | None = option(None, "t-SNE: pca, spectral or random.")
    early_exaggeration: float | None = option(None, "t-SNE: factor in the early phase.")
    exaggeration: float | None = option(None, "t-SNE: factor in the main phase.")
    learning_rate: float | None = option(None, "t-SNE: learning rate of both phases.")
    quality: bool = option(
        True,
        "Measure the quality: takes about as long as the map of 10,000 samples, and 40% as long as that of 70,000.",
        flag="--quality/--no-quality",
    )
    seed: int = seed_option()

    def given(self) -> dict[str, Any]:
        """Those that are not None, by name."""
        return {name: value for name, value in vars(self).items() if value is not None}
