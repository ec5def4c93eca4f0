"""What can be asked about an embedding; the settings of t-SNE are `cutaway.options.TSNESettings`."""

from dataclasses import dataclass

from cutaway.options import MAX_SAMPLES, METHODS, Options, epoch_option, option, seed_option, split_option


@dataclass(frozen=True, kw_only=True)
class EmbeddingOptions(Options):
    """The options of ``cutaway embed`` and of `embed_layer`; `cutaway.Run.embed` explains them."""

    layer: str | None = option(None, "Layer. Default: the last hidden one.")
    epoch: int | None = epoch_option()
    method: str = option("tsne", "How the map is made. Default: tsne.", choices=METHODS)
    split: str = split_option("all", "Samples on the map. Default: all.")
    samples: int | None = option(
        None,
        "Maximum number of samples. Default: all of them, if there are no more than allowed.",
        least=1,
        most=MAX_SAMPLES,
    )
    quality: bool = option(
        True,
        "Measure the quality: takes about as long as the map of 10,000 samples, and 40% as long as the map of 70,000.",
        flag="--quality/--no-quality",
    )
    seed: int = seed_option()
