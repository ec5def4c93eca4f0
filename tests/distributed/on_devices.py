"""Train on all devices of this process and on one: ``python on_devices.py FOLDER``."""

import json
import sys
from pathlib import Path
from unittest.mock import patch

import jax
import numpy as np
import scenarios

import cutaway as ct
from cutaway.errors import Canceled, ConfigError
from cutaway.models import build_model
from cutaway.training.loop import placement, trainer

PLACE = "cutaway.training.loop.trainer.placement_of"
MEMORY = "cutaway.training.loop.trainer.accelerator_memory"


def interrupted(runs: Path) -> ct.Run:
    """A training on four devices that is canceled in the middle of an epoch and goes on with one."""
    token = ct.CancelToken()

    def cancel(now: ct.Progress) -> None:
        if now.done > 240 * 12:
            token.cancel()

    make, settings = scenarios.SCENARIOS["plain"]
    settings = {"precision": "float32", "optimizer": "adam", "label_smoothing": 0.0, **settings}
    try:
        with token:
            ct.train(make(), scenarios.data(), runs=runs, seed=3, progress=cancel, shard_layers=2, **settings)
    except Canceled:
        pass
    with patch(PLACE, lambda *_, **__: placement.ONE_DEVICE):
        return ct.resume("latest", runs=runs, data=scenarios.data(), progress=False)


def refusal(shard_layers: int, hidden: int = 24) -> str:
    try:
        ct.train(ct.mlp((hidden,)), scenarios.data(), runs=Path(sys.argv[1]) / "none", shard_layers=shard_layers)
    except ConfigError as error:
        return str(error)
    return "none"


def shares() -> dict[str, list[float]]:
    """The share of the first kernel, and of the rows of a batch, that one device holds."""
    found = {}
    for name, parts in (("whole", 1), ("divided", 4)):
        model = ct.mlp((24,))
        build_model(model, shape=(20,), classes=8, seed=0)
        many = placement.placement_of(model, shard_layers=parts)
        kernel = many.place([np.zeros((20, 24), np.float32)])[0]
        rows, *_ = many.put(np.zeros((99, 20), np.uint8), np.zeros((2, 8), int))
        of_rows = rows.addressable_shards[0].data.size / rows.size
        found[name] = [kernel.addressable_shards[0].data.size / kernel.size, of_rows]
    return found


def main(runs: Path) -> None:
    assert jax.device_count() == 4
    assert trainer.placement_of is placement.placement_of
    differences, one = {}, {}
    for name in scenarios.SCENARIOS:
        with patch(PLACE, lambda *_, **__: placement.ONE_DEVICE):
            one[name] = scenarios.train(name, runs)
        differences[name] = scenarios.difference(scenarios.train(name, runs), one[name])
    differences["plain, divided"] = scenarios.difference(scenarios.train("plain", runs, shard_layers=2), one["plain"])
    with patch(MEMORY, lambda: 2**20):
        differences["plain, rows on devices"] = scenarios.difference(scenarios.train("plain", runs), one["plain"])
    resumed = scenarios.difference(interrupted(runs / "resumed"), one["plain"])["weights"]
    refused = {"0": refusal(0), "3": refusal(3), "units": refusal(4, hidden=9)}
    answer = {"differences": differences, "resumed": resumed, "shares": shares(), "refused": refused}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
