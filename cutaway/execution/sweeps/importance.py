"""Which settings mattered, by Optuna's own measure."""

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .records import Trial
from .space import Space
from .storage import require_optuna
from .study import as_distribution, encoded

LEAST = 8
"""Trials that ended without being stopped early, below which nothing is said."""

QUANTILE = 0.25
"""Share of the trials that count as good."""


SHUFFLES = 99
"""How often the losses are dealt to the trials at random, to see what chance does."""


class Importance(NamedTuple):
    """How much one setting matters.

    Attributes:
        share: In 0..1; those of all settings sum to 1.
        p_value: In 0..1, how often a setting has at least this importance where losses are dealt to the trials at
            random; 0.05 and less is more than chance explains.
    """

    share: float
    p_value: float


def importance_of_settings(trials: Sequence[Trial], space: Space) -> dict[str, Importance]:
    """How much each setting decides whether a trial is among the best quarter.

    Args:
        trials: All trials; those that ended count, the ones that were stopped early with their last loss.
        space: What they were drawn from.

    Returns:
        Setting -> its importance, the largest first; empty where too few trials ended.

    Source:
        Watanabe, Bansal, Hutter 2023, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary
        Subspaces", IJCAI, with the best quarter in place of the best tenth, since sweeps are small. The p-value is that
        of a permutation test (Phipson and Smyth 2010, eq. 2), since of few trials every setting has some importance.
    """
    ended = [trial for trial in trials if trial.state in ("complete", "pruned") and trial.val_loss is not None]
    drawn = [trial for trial in ended if trial.settings]
    if len(drawn) < LEAST:
        return {}
    require_optuna()
    losses, random = np.array([trial.val_loss for trial in drawn]), np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = _study(drawn, space)
        try:
            found = _importance(study, losses)
            chance = [_importance(study, random.permutation(losses)) for _ in range(SHUFFLES)]
        except (ValueError, RuntimeError):  # every trial has the same loss, or no setting varies
            return {}
    total = sum(found.values())
    if not total > 0:
        return {}
    reached = {name: sum(each[name] >= value for each in chance) for name, value in found.items()}
    return {
        name: Importance(float(value / total), (reached[name] + 1) / (SHUFFLES + 1)) for name, value in found.items()
    }


def _study(trials: Sequence[Trial], space: Space) -> Any:
    """The trials as Optuna keeps them, in the same order."""
    import optuna

    study = optuna.create_study()
    for trial in trials:
        settings = {name: value for name, value in trial.settings.items() if name in space.settings}
        study.add_trial(
            optuna.trial.create_trial(
                params={name: encoded(value) for name, value in settings.items()},
                distributions={name: as_distribution(space.settings[name]) for name in settings},
                value=trial.val_loss,
            )
        )
    return study


def _importance(study: Any, losses: np.ndarray) -> dict[str, float]:
    """The importance of settings if the trials have these losses; not normalized."""
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    evaluator = PedAnovaImportanceEvaluator(target_quantile=QUANTILE)
    return get_param_importances(
        study, evaluator=evaluator, target=lambda trial: float(losses[trial.number]), normalize=False
    )
