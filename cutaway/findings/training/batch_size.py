"""Batches that are so large that there are hardly any steps."""

from collections.abc import Iterable

from cutaway.findings.records import Evidence, Finding, Remedy, Rule

KIND = "batch-too-large"
FEW_STEPS = 100
# The largest share of the data that a batch of a quick recipe has.
SHARE = 0.2
# No batch of so few samples is too large for anything but a lack of epochs; a quick recipe never takes fewer.
SMALL = 32
RULES = (
    Rule(
        KIND,
        words=(
            f"The whole training has fewer than {FEW_STEPS} steps, and a batch holds more than {SMALL} samples and "
            f"{SHARE:.0%} of the training samples or more."
        ),
        source=(
            'Keskar, Mudigere, Nocedal, Smelyanskiy, Tang 2017, "On large-batch training for deep learning"; Masters, '
            'Luschi 2018, "Revisiting small batch training for deep neural networks": batches of 2 to 32'
        ),
        known_as="batch size too large, too few updates",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Count the steps of the whole training where a batch is a large share of the training samples."""
    config, samples = evidence.config or {}, evidence.train_samples
    batch, epochs = config.get("batch_size"), len(evidence.history)
    if not batch or not samples or not epochs:
        return
    steps = -(-samples // batch) * epochs
    if steps >= FEW_STEPS or batch <= SMALL or batch < SHARE * samples:
        return
    better = max(8, min(32, samples // 20))
    text = (
        f"With batches of {batch:,} of {samples:,} training samples, {epochs} epochs are {steps} steps: too few for "
        f"the weights to move far."
    )
    advice = f"Batches of {better} make {-(-samples // better) * epochs:,} steps of it."
    record = {"batch_size": batch, "samples": samples, "steps": steps}
    remedy = Remedy(f"use batches of {better}", {"batch_size": better})
    yield Finding(KIND, "warning", "Batches too large for so few samples", text, record, remedy, advice=advice)
