"""How settings are drawn and trials are stopped early: Optuna's TPE and successive halving, made repeatable."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from optuna.pruners import BasePruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import TrialState

STARTUP = 10
"""Trials that are drawn at random before TPE has something to learn from, as Optuna's default."""

FACTOR = 3
"""Of this many trials that reach a rung, one goes on to the next, which is N times as long."""

FEWEST = FACTOR**2
"""Trials of the smallest sweep in which one of them is stopped early: as many as leave one after two rungs."""


class RepeatableTPE(BaseSampler):
    """TPE whose draws are a function of the seed, the number of the trial, and the trials before.

    A sweep that was interrupted and goes on in another process draws what it would have drawn.

    Args:
        seed: Random seed of the sweep.
        number_of: The number of a trial among those that count, by Optuna's number.
        default: Settings of trial 0, as Optuna keeps them; those that are not drawn are left out.

    Source:
        Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization"; Watanabe 2023, arXiv:2304.11127.
    """

    def __init__(self, seed: int, *, number_of: Callable[[int], int], default: Mapping[str, Any]) -> None:
        self._seed, self._number_of, self._default = seed, number_of, default
        self._inner, self._number = TPESampler(seed=seed), 0

    def before_trial(self, study: Any, trial: Any) -> None:
        """Begin the random numbers of this trial."""
        self._number = self._number_of(trial.number)
        seed = int(np.random.SeedSequence([self._seed, self._number]).generate_state(1)[0])
        self._inner = TPESampler(n_startup_trials=STARTUP, seed=seed)
        self._inner.before_trial(study, trial)

    def infer_relative_search_space(self, study: Any, trial: Any) -> Any:
        """As TPE; nothing for the trial of the default recipe."""
        return {} if self._number == 0 else self._inner.infer_relative_search_space(study, trial)

    def sample_relative(self, study: Any, trial: Any, search_space: Any) -> Any:
        """As TPE."""
        return {} if self._number == 0 else self._inner.sample_relative(study, trial, search_space)

    def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> Any:
        """As TPE; the default recipe's value for its trial."""
        if self._number == 0:
            return self._default[param_name]
        return self._inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Any, trial: Any, state: Any, values: Any) -> None:
        """As TPE."""
        self._inner.after_trial(study, trial, state, values)


class RepeatableHalving(BasePruner):
    """Successive halving in which a trial that was interrupted and is done again counts once.

    There are two rungs, after about a ninth and about a third of the epochs. A third one would be near the last epoch,
    where stopping saves little, and a trial that was stopped cannot be chosen.

    Args:
        epochs: Epochs of a trial that is not stopped early.

    Source:
        Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", MLSys (ASHA).
    """

    def __init__(self, epochs: int) -> None:
        first = max(1, round(epochs / FACTOR**2))
        self._last = first * FACTOR
        self._inner = SuccessiveHalvingPruner(min_resource=first, reduction_factor=FACTOR)

    def prune(self, study: Any, trial: Any) -> bool:
        """Whether a trial stops after its last epoch."""
        if trial.last_step is not None and trial.last_step > self._last:
            return False
        counted: Any = _WithoutFailed(study)
        return self._inner.prune(counted, trial)


class _WithoutFailed:
    """A study whose failed trials are not seen."""

    def __init__(self, study: Any) -> None:
        self._study = study

    def get_trials(self, *_: Any, **__: Any) -> list[Any]:
        return [trial for trial in self._study.get_trials(deepcopy=False) if trial.state != TrialState.FAIL]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)
