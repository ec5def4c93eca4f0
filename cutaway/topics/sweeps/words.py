"""What a sweep says in sentences, in the terminal and on the page."""

from cutaway.metrics import Interval, Selection
from cutaway.results.units import percent, points

from .outcome import SweepOutcome

LEAST = 0.00005
"""A smaller optimism is written 0.0000."""

SURE = 0.05
"""The p-value up to which a setting is said to matter."""


def verdict(sweep: SweepOutcome) -> list[str]:
    """Sentences on the best trial, how optimistic its loss is, and what choosing gained."""
    best = sweep.best_trial
    if best is None:
        return ["No trial completed, so none is chosen."]
    gain = sweep.gain
    if gain is None:
        return [f"Trial {best.number} has the lowest validation loss, {best.val_loss:.4f}.", f"{sweep.no_gain}."]
    here = "" if gain.candidates == sweep.count("complete") else " whose predictions are here"
    return [_optimism(gain, best.number, here), _against_default(gain, best.number)]


def _optimism(gain: Selection, number: int, here: str) -> str:
    chosen, corrected = gain.loss.chosen, gain.loss.corrected
    if gain.candidates == 1:
        return f"Only trial {number} completed, so nothing was chosen: its validation loss is {chosen:.4f}."
    optimism = "There is no sign that picking the best made this too good"
    if gain.loss.optimism >= LEAST:
        optimism = f"Picking the best makes this too good by about {gain.loss.optimism:.4f}"
    if gain.stopped:
        others = "one that was" if gain.stopped == 1 else f"{gain.stopped} that were"
        optimism += f" ({others} stopped early could have been chosen as well)"
    low, high = gain.accuracy.interval
    return (
        f"Trial {number} has the lowest validation loss of the {gain.candidates} completed trials{here}: "
        f"{chosen:.4f}. "
        f"{optimism}; expect {corrected:.4f} on new samples ({_interval(gain.loss.interval)}), and an "
        f"accuracy of {percent(gain.accuracy.corrected)} ({percent(low)} to {percent(high)})."
    )


def _against_default(gain: Selection, number: int) -> str:
    if number == 0:
        return "No trial was better than the default recipe, which is trial 0."
    low, high = gain.loss.gain_interval
    sure = "" if low > 0 else " It is not clear that this is better than the default recipe."
    accuracy = (
        f"{points(gain.accuracy.gain)} points of accuracy ({' to '.join(map(points, gain.accuracy.gain_interval))})"
    )
    return (
        f"Against the default recipe (trial 0, {gain.loss.fixed:.4f} and {percent(gain.accuracy.fixed)}) choosing "
        f"gained {gain.loss.gain:.4f} of loss (95% interval {low:.4f} to {high:.4f}) and {accuracy}.{sure}"
    )


def _interval(ends: Interval) -> str:
    return f"95% interval {ends[0]:.4f} to {ends[1]:.4f}"


def what_mattered(sweep: SweepOutcome) -> str:
    """A sentence on the importance of settings; nothing where too few trials ended."""
    shares, chances = sweep.importance(), sweep.importance_p_values()
    sure = [f"{name} {share:.0%} (p = {chances[name]:.2f})" for name, share in shares.items() if chances[name] <= SURE]
    if not shares:
        return ""
    if not sure:
        return "Importance: no setting mattered more than chance explains; more trials may tell."
    others = "" if len(sure) == len(shares) else "; the others matter no more than chance explains"
    return f"Importance: {', '.join(sure)}{others}."


HOW_MEASURED = (
    "Measured by drawing validation samples with replacement 1,000 times, choosing by those drawn, and measuring on "
    "those not drawn (BBC-CV, Tsamardinos et al. 2018). The test samples are in no trial."
)
