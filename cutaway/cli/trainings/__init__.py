"""Commands that train one model: demo, train and resume."""

from .training import demo, parse_class_weight, parse_hidden, print_history, resume, train

__all__ = ["demo", "parse_class_weight", "parse_hidden", "print_history", "resume", "train"]
