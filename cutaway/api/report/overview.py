"""Sections of text: what was found, what the model consists of, how it was trained."""

from typing import Any

from cutaway.api.data_words import columns_in_words, data_in_words
from cutaway.findings import Finding
from cutaway.page import Card, Cards, Section, Table, Text
from cutaway.runs import Manifest

from .finding_pictures import plots_of, samples_of
from .rows import layer_row
from .source import ReportSource

UNITS = 8
"""Units that are named on a card at most."""


def findings(source: ReportSource) -> Section:
    """What a person should look at, one card per finding."""
    if not source.findings:
        return Text(name="findings", title="Findings", paragraphs=("Nothing in this run needs attention.",))
    return Cards(
        name="findings",
        title="Findings",
        cards=tuple(_card(source, each) for each in source.findings),
        size="large",
    )


def _card(source: ReportSource, finding: Finding) -> Card:
    """A finding with its pictures, what would help, and its rule; the rule of what is good would only fill the page."""
    pictures, values = samples_of(source, finding)
    is_good, rule, small = finding.severity == "good", finding.rule, list[str]()
    if finding.units:
        small.append(f"Units: {', '.join(finding.units[:UNITS])}{', ...' if len(finding.units) > UNITS else ''}")
    if rule is not None and not is_good:
        small += [f"Rule: {rule.words}", f"Known as: {rule.known_as}. Source: {rule.source}"]
    words = finding.remedy.words if finding.remedy is not None and not is_good else ""
    return Card(
        severity=finding.severity,
        title=finding.title,
        text=(finding.text,),
        plots=plots_of(source, finding),
        pictures=pictures,
        values=values,
        help=f"{words}." if words else "",
        small=tuple(small),
        samples=() if is_good else finding.samples,
    )


def layers(source: ReportSource) -> Section | None:
    """What each layer is and holds, one row per layer."""
    if not source.layers:
        return None
    samples = len(source.context.split.part("all"))
    return Table(
        name="layers",
        title="Layers",
        rows=tuple(layer_row(record) for record in source.layers),
        caption=f"An inactive unit never fires: its output is 0 for each of the {samples:,} samples of the whole "
        "dataset. A constant unit gives the same output for every sample; an inactive one is constant at 0.",
    )


def settings(source: ReportSource) -> Section:
    """Everything that is needed to repeat the run, one row per setting."""
    manifest, again = source.context.manifest, source.context.train_like()
    pairs: list[tuple[str, Any]] = [("train again with", again)] if again else []
    pairs += [("created", manifest.created), ("status", manifest.status)]
    pairs += [(name, value) for name, value in manifest.config.items() if value is not None]
    pairs += _model_rows(manifest)
    pairs += [("data", data_in_words(manifest.dataset)), ("dataset sha256", manifest.dataset.sha256)]
    pairs += columns_in_words(manifest.dataset)
    pairs += [(f"version of {name}", version) for name, version in manifest.versions.items()]
    pairs += [(f"device {name}", value) for name, value in manifest.device.items()]
    return Table(
        name="settings",
        title="Settings",
        summary="Everything needed to repeat this run",
        rows=tuple({"Setting": name, "Value": str(value)} for name, value in pairs),
        wrap=True,
    )


def _model_rows(manifest: Manifest) -> list[tuple[str, str]]:
    """The model, one pair a layer: "layer dense_1" and "Dense, units 512, activation relu"."""
    shown, model = ("units", "activation", "rate"), manifest.model
    if model is None:
        return []
    rows = [("model", model.name), ("model input", " x ".join(map(str, model.input.shape)))]
    for layer in model.layers:
        values = [f"{key} {layer.config[key]}" for key in shown if isinstance(layer.config.get(key), str | int | float)]
        rows.append((f"layer {layer.name}", ", ".join([layer.kind, *values])))
    return rows
