"""Which training samples have raised and lowered the probability of an answer.

In come a built model, snapshots of its weights and what they weigh, training samples, and samples that were answered;
out go influences, float32 ``(answer, training sample)``. May call what `cutaway.interpret` may, and its graph.
"""

from .tracin import Objective, TrainingSamples, answers_at_once, influences

__all__ = ["Objective", "TrainingSamples", "answers_at_once", "influences"]
