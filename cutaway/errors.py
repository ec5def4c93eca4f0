"""The error tree, drawn once.

    CutawayError
    ├── UsageError (ValueError)          the call was wrong; the command line exits with 2
    │   ├── ConfigError                    a setting of training is outside its range
    │   ├── UnknownNameError             a dataset, recipe, layer, run ... of that name does not exist
    │   └── ModelError                     the network cannot be trained or opened here
    ├── DataError (ValueError)           a file or an array of data is damaged or does not fit
    ├── RunError (RuntimeError)          a run folder is damaged or cannot be written
    ├── TrainingError (RuntimeError)     training itself failed
    └── BackendError (RuntimeError)      Keras is loaded on a backend that the compiled loop cannot use
    Interrupted (KeyboardInterrupt)      the user stopped a training; it is kept and can go on
    Notice (UserWarning)                 nothing failed, but the user should know

Every message is one line with three parts: the rule, what came, the next step.
"""


class CutawayError(Exception):
    """Base of all errors that a user of cutaway can cause.

    Args:
        rule: What must hold, as a clause: "dropout is a share from 0 up to, not including, 1".
        came: What came instead, as a noun phrase: "1.5".
        fix: The next step for the user, as an imperative: "pass for example --dropout 0.2".
    """

    exit_code = 1

    def __init__(self, rule: str, *, got: str, hint: str) -> None:
        self.rule, self.got, self.hint = rule, got, hint
        # what came may hold anything that a user typed or a file holds: it stays one line
        super().__init__(" ".join(f"{rule}; got {got}; next: {hint}".split()))


class UsageError(CutawayError, ValueError):
    """The call was wrong."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting of training is outside its range."""


class UnknownNameError(UsageError):
    """Nothing of that name exists."""


class ModelError(UsageError):
    """The network cannot be trained or opened here."""


class DataError(CutawayError, ValueError):
    """A file or an array of data is damaged or does not fit."""


class RunError(CutawayError, RuntimeError):
    """A run folder is damaged or cannot be written."""


class TrainingError(CutawayError, RuntimeError):
    """Training itself failed."""


class BackendError(CutawayError, RuntimeError):
    """Keras is loaded on a backend that the compiled loop cannot use."""


class Interrupted(KeyboardInterrupt):
    """The user stopped a training with Ctrl-C or a signal; everything done so far is kept.

    A KeyboardInterrupt, so that a script that trains many models ends as well.
    """

    def __init__(self, run: str) -> None:
        super().__init__(f"training was stopped, everything so far is kept; next: cutaway resume {run}")


class CutawayWarning(UserWarning):
    """Nothing failed, but the user should know: one line."""
