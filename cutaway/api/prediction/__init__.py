"""What a model says of new samples, and the files that it is written to."""

from .file import write_predictions, write_text
from .samples import Predicted, predict, predictions

__all__ = ["Predicted", "predict", "predictions", "write_predictions", "write_text"]
