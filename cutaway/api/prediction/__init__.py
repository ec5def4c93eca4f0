"""What a model says of new samples, and the files that it is written to."""

from .file import write_predictions, write_text
from .samples import Predicted, one_sample, predict, predictions

__all__ = ["Predicted", "one_sample", "predict", "predictions", "write_predictions", "write_text"]
