"""Findings: what a person should look at, from everything that is known of a run or of data."""

from .before_training import data_findings
from .evidence import evidence_of, findings, kept_findings
from .facts import repeated_facts, sample_facts
from .result import Findings

__all__ = ["Findings", "data_findings", "evidence_of", "findings", "kept_findings", "repeated_facts", "sample_facts"]
