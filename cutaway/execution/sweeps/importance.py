"""Which settings mattered, by Optuna's own measure."""

import warnings
from collections.abc import Sequence

from .records import Trial
from .space import Space
from .storage import require_optuna
from .study import as_distribution, encoded

LEAST = 8
"""Trials that ended without being stopped early, below which nothing is said."""

QUANTILE = 0.25
"""Share of the trials that count as good."""


def importance_of_settings(trials: Sequence[Trial], space: Space) -> dict[str, float]:
    """How much each setting decides whether a trial is among the best quarter.

    Args:
        trials: All trials; those that ended count, the ones that were stopped early with their last loss.
        space: What they were drawn from.

    Returns:
        Setting -> share in 0..1, which sum to 1, the largest first; empty where too few trials ended.

    Source:
        Watanabe, Bansal, Hutter 2023, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary
        Subspaces", IJCAI, with the best quarter in place of the best tenth, since sweeps are small.
    """
    ended = [trial for trial in trials if trial.state in ("complete", "pruned") and trial.val_loss is not None]
    drawn = [trial for trial in ended if trial.settings]
    if len(drawn) < LEAST:
        return {}
    require_optuna()
    import optuna
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = optuna.create_study()
        for trial in drawn:
            settings = {name: value for name, value in trial.settings.items() if name in space.settings}
            study.add_trial(
                optuna.trial.create_trial(
                    params={name: encoded(value) for name, value in settings.items()},
                    distributions={name: as_distribution(space.settings[name]) for name in settings},
                    value=trial.val_loss,
                )
            )
        try:
            found = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator(target_quantile=QUANTILE))
        except (ValueError, RuntimeError):  # every trial has the same loss, or no setting varies
            return {}
    return {name: float(share) for name, share in found.items()}
