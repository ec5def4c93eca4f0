"""Whether a linear model or boosted trees predict a table better than the network."""

from collections.abc import Iterable

from cutaway.metrics import mcnemar, paired_difference_interval

from .baseline import learned_nothing
from .records import Evidence, Finding, Remedy, Rival, Rule

KIND = "right-tool"
# Every table is asked about, so that one healthy run in a hundred may be told of a difference by chance.
LEVEL = 0.01
MARGIN = 0.01
# A model that predicts so many more of its training samples than of others is too large; another one may be too small.
GAP = 0.05
# A model that may be better by more than this is not said to be no better.
ALIKE = 0.02
RULES = (
    Rule(
        KIND,
        words=(
            "A linear model (logistic regression) or boosted trees, trained on the same training samples (up to "
            "10,000), are right for more of the same held-out samples (up to 5,000): McNemar's test, corrected for "
            f"both, has a p-value below {LEVEL:g}, and the difference is {MARGIN:.0%} or more. Good where the 95% "
            f"interval of no difference reaches {ALIKE:.0%}, otherwise a note. For tables, once cutaway.doctor has "
            "compared them; not with weights of classes or samples."
        ),
        source=(
            'McNemar 1947; Newcombe 1998 for the interval; Grinsztajn, Oyallon, Varoquaux 2022, "Why do tree-based '
            'models still outperform deep learning on tabular data?"'
        ),
        known_as="simple model comparison in deepchecks; baseline comparison",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Compare a network with simpler models on the same samples."""
    rivals = evidence.rivals or ()
    if not rivals or (evidence.config or {}).get("class_weight"):  # which trades accuracy for balance
        return
    held = evidence.held_out
    best = max(rivals, key=lambda each: each.won - each.lost)
    accuracy = (best.correct - best.won + best.lost) / best.samples
    p = min(1.0, len(rivals) * mcnemar(best.won, best.lost).p_value)
    difference = (best.won - best.lost) / best.samples
    highest = max(paired_difference_interval(each.won, each.lost, each.samples)[1] for each in rivals)
    shares = " and ".join(f"{each.name} for {each.correct / each.samples:.1%}" for each in rivals)
    text = (
        f"On {best.samples:,} {held} samples the network is right for {accuracy:.1%}, {shares} ({_difference(best)})."
    )
    record = {
        "accuracy": accuracy,
        "rivals": {each.name: each.correct / each.samples for each in rivals},
        "difference": difference,
        "interval": list(paired_difference_interval(best.won, best.lost, best.samples)),
        "p": p,
        "samples": best.samples,
    }
    if p < LEVEL and difference >= MARGIN:
        taken = [each for each in rivals if each.trained < (evidence.train_samples or 0)]
        text += f" They took {taken[0].trained:,} of the training samples." if taken else ""
        correct, known = evidence.trained or (0, 0)
        is_too_large = bool(known) and correct / known - accuracy > GAP
        other = "a smaller or more regularized network" if is_too_large else "a larger network"
        advice = f"Try {other}, or other settings (cutaway sweep); if none is as good, use the other model."
        remedy = Remedy(f"use {best.name}, or find a network that is as good", untried="it is another kind of model")
        title = f"{best.name[:1].upper()}{best.name[1:]} would be right more often"
        yield Finding(KIND, "warning", title, text, record, remedy, advice=advice)
    elif highest >= ALIKE:
        if best.won > best.lost:
            why = f"That may be chance: p = {p:.2g}, corrected for the number of models; a warning needs p < {LEVEL:g}"
            text += f" {why if p >= LEVEL else f'A warning needs a difference of {MARGIN:.0%} or more'}."
        yield Finding(KIND, "note", "Whether another kind of model is better is not clear", text, record)
    elif not learned_nothing(evidence.confusion):  # of which one answer for all is simpler still
        yield Finding(KIND, "good", "No simpler model is better", text, record)


def is_outdone(evidence: Evidence) -> bool:
    """Whether another kind of model is right more often, so that more could be learned from these samples."""
    return any(each.kind == KIND and each.severity == "warning" for each in check(evidence))


def _difference(rival: Rival) -> str:
    low, high = paired_difference_interval(rival.won, rival.lost, rival.samples)
    return f"{rival.name} minus the network: {100 * low:+.1f} to {100 * high:+.1f} points"
