"""Commands that train one model: demo, train and resume."""

from .distributed import JOINED
from .training import demo, parse_class_weight, parse_hidden, print_history, resume, train

__all__ = ["JOINED", "demo", "parse_class_weight", "parse_hidden", "print_history", "resume", "train"]
