"""The section on settings: everything that is needed to repeat a run."""

from typing import Any

from cutaway.page import Section, Table
from cutaway.runs import Manifest
from cutaway.topics.common.data_words import columns_in_words, data_in_words, test_losses
from cutaway.topics.common.source import ReportSource


def settings(source: ReportSource) -> Section:
    """Everything that is needed to repeat the run, one row per setting."""
    manifest, again = source.context.manifest, source.context.train_like()
    pairs: list[tuple[str, Any]] = [("train again with", again)] if again else []
    pairs += [("created", manifest.created), ("status", manifest.status)]
    pairs += [(name, value) for name, value in manifest.config.items() if value is not None]
    pairs += _model_rows(manifest)
    pairs += [("data", data_in_words(manifest.dataset)), ("dataset sha256", manifest.dataset.sha256)]
    pairs += columns_in_words(manifest.dataset)
    pairs += [(f"test {name}", value) for name, value in test_losses(manifest).items()]
    pairs += [(f"seconds of {name}", f"{seconds:.1f}") for name, seconds in manifest.cost.items()]
    pairs += [(f"version of {name}", version) for name, version in manifest.versions.items()]
    pairs += [(f"device {name}", value) for name, value in manifest.device.items()]
    return Table(
        name="settings",
        title="Settings",
        rows=tuple({"Setting": name, "Value": str(value)} for name, value in pairs),
        wrap=True,
    )


def _model_rows(manifest: Manifest) -> list[tuple[str, str]]:
    """The model, one pair per layer: "layer dense_1" and "Dense 512 relu"."""
    model = manifest.model
    if model is None:
        return []
    layers = [(f"layer {layer.name}", layer.in_words) for layer in model.layers]
    return [("model", model.name), ("model input", " x ".join(map(str, model.input.shape))), *layers]
