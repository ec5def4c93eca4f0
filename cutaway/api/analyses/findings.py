"""What a person should look at in a run."""

from cutaway.api.context import RunContext
from cutaway.findings import Evidence, Finding, run_checks

from .layers import Layers
from .predictions import confusion


def evidence(context: RunContext, layers: Layers) -> Evidence:
    """Gather what the checks look at."""
    test = context.manifest.test
    return Evidence(
        history=context.folder.history(),
        matrix=confusion(context),
        class_names=context.class_names,
        inactive={r.name: (r.inactive, r.units) for r in layers if r.inactive is not None},
        test_accuracy=test["accuracy"] if test else None,
        samples=(len(context.split.val), len(context.split.test)),
    )


def findings(context: RunContext, *, layers: Layers) -> tuple[Finding, ...]:
    """Run all checks on a run; see `cutaway.Run.findings`."""
    return run_checks(evidence(context, layers))
