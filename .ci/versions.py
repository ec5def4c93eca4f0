#!/usr/bin/env python3
"""Draw a version of each dependency at random among those that pyproject.toml allows.

``versions.py SEED >constraints.txt``

The same seed draws the same versions as long as no new ones are published. Not every draw can be installed, since
libraries restrict each other: the caller tries the next seed. Needs packaging, and pip to list what is published.
"""

import contextlib
import random
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version


def requirements() -> Iterable[Requirement]:
    """The dependencies of the package and of its extras."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for lines in (project["dependencies"], *project["optional-dependencies"].values()):
        yield from map(Requirement, lines)


def published(name: str) -> list[Version]:
    """The versions that this Python can install, without pre-releases."""
    command = [sys.executable, "-m", "pip", "index", "versions", name, "--disable-pip-version-check"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    (line,) = (line for line in answer.splitlines() if line.startswith("Available versions:"))
    versions = []
    for each in line.partition(":")[2].replace(",", " ").split():
        with contextlib.suppress(InvalidVersion):  # old releases, from before versions had a standard form
            versions.append(Version(each))
    return versions


def main(seed: str) -> None:
    """Print a constraint for each dependency."""
    for requirement in requirements():
        allowed = sorted(version for version in published(requirement.name) if version in requirement.specifier)
        print(f"{requirement.name}=={random.Random(f'{seed} {requirement.name}').choice(allowed)}")


if __name__ == "__main__":
    main(sys.argv[1])
