"""Makes worker_tasks.py and clusters.py importable, here and in workers, and starts clusters."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from clusters import Cluster, running


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A scheduler and two workers, which no test hurts."""
    with running(workers=2) as started:
        yield started


@pytest.fixture
def hurt_cluster() -> Iterator[Cluster]:
    """A scheduler and two workers of one test."""
    with running(workers=2) as started:
        yield started
