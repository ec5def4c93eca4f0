"""How a concept is measured: its direction and effect in each layer, and those of random selections."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cutaway.checks import check_matrix, check_seed, check_whole
from cutaway.context import RunContext
from cutaway.data import SampleIds, join_ids
from cutaway.errors import UsageError
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .options import ConceptOptions
from .result import Concept, ConceptEffect, ConceptInput, ConceptLayer

LEAST = 8
"""Samples of a selection at least: a direction of fewer is mostly chance."""

MOST = 1_000
"""Samples of a selection at most: finding a direction takes the third power of them, for each random selection."""

POOL = 5_000
"""Samples of the split that random selections are drawn from at most, a stratified sample by class."""

INPUTS = 2_000
"""Named inputs at most; of more, none is compared."""

PER_CLASS = 200
"""Samples of each class on which the effect is measured at most."""


def concept(
    context: RunContext,
    names: Sequence[str],
    options: ConceptOptions,
    *,
    on_progress: ProgressCallback = ignore_progress,
) -> Concept:
    """Measure what selected samples have in common; see `cutaway.Run.concept`."""
    from cutaway.interpret import hidden_layers, logit_slopes
    from cutaway.models import ForwardPass

    check_seed(options.seed)
    check_whole(options.repeats, name="repeats", least=19)
    if not names:
        raise _wrong_number(0)
    selected = context.samples(list(names))
    selected = selected.take(np.sort(np.unique(selected.keys(), return_index=True)[1]))  # "test[0]" is "test[00]"
    if not LEAST <= len(selected) <= MOST:
        raise _wrong_number(len(selected))
    model, data = context.model(options.epoch), context.data
    layers = hidden_layers(model)
    if options.layer is not None:
        name = context.layer(options.layer, epoch=options.epoch)
        if name not in layers:
            known = ", ".join(layers) or "none"
            raise UsageError(f"hidden layers of this model are {known}", got=f'"{name}"', hint="leave the layer out")
        layers = (name,)
    if not layers:
        raise UsageError(
            "a concept is looked for in hidden layers", got="a model without any", hint="train another one"
        )
    pool = context.ids(options.split, samples=POOL, seed=options.seed)
    pool = pool.take(np.flatnonzero(~pool.isin(selected)))
    draws = _draws(data.y(pool), data.y(selected), options)
    held = ForwardPass.of(model, layers, scale=data.scale)(data.rows(join_ids([selected, pool])))
    asked = _of_each_class(data.y(pool), len(context.class_names))
    slopes = logit_slopes(model, layers, x=data.x(pool.take(asked)), classes=data.y(pool)[asked], scale=data.scale)
    measured: list[_Measured] = []
    for done, name in enumerate(layers):
        on_progress(Progress("concept", done, len(layers), "layers", name))
        h = check_matrix(held[name].reshape(len(held[name]), -1), name=f"outputs of {name}")
        own, others = h[: len(selected)], h[len(selected) :]
        measured.append(_measure(own, others, draws, slopes=slopes[name], classes=data.y(pool)[asked]))
    on_progress(Progress("concept", len(layers), len(layers), "layers"))
    inputs = _inputs(context, selected, pool, options)
    return _result(context, layers, measured, inputs, options=options, samples=len(selected))


def _wrong_number(count: int) -> UsageError:
    rule = f"a concept is what {LEAST} to {MOST:,} samples have in common"
    return UsageError(rule, got=f"{count:,}", hint="select more" if count < LEAST else "select fewer")


@dataclass(frozen=True, eq=False)
class _Measured:
    """One layer: of the selection first, then of each random one.

    Attributes:
        accuracy: float64 ``(1 + repeat,)``.
        gap: The distance of the selection from the others along its direction.
        change: float64 ``(1 + repeat, class)``, mean change of the logit of a class when its samples are moved along
            the direction by the gap; NaN for a class without samples.
        share: float64 ``(class,)``, share of the samples of a class whose logit rises along the direction of the
            selection.
    """

    accuracy: np.ndarray
    gap: float
    change: np.ndarray
    share: np.ndarray


def _draws(labels: np.ndarray, of_selected: np.ndarray, options: ConceptOptions) -> list[tuple[np.ndarray, np.ndarray]]:
    """Positions in the pool: for the selection nothing and others; then for each random selection it and others."""
    rng = np.random.default_rng(options.seed)
    wanted = np.bincount(of_selected) if options.within_class else np.array([len(of_selected)])
    groups = [
        np.flatnonzero(labels == c) if options.within_class else np.arange(len(labels)) for c in range(len(wanted))
    ]
    for c, (group, count) in enumerate(zip(groups, wanted.tolist(), strict=True)):
        if len(group) < 2 * count:
            raise UsageError(
                "random selections and what they are compared with are drawn from the samples that are not selected",
                got=f"{len(group):,}{f' of class {c}' if options.within_class else ''}, not {2 * count:,}",
                hint='select fewer, or pass split="all"',
            )

    def draw(parts: int) -> list[np.ndarray]:
        drawn: list[np.ndarray] = [
            rng.permutation(group)[: parts * count].reshape(parts, -1)
            for group, count in zip(groups, wanted, strict=True)
        ]
        together: np.ndarray = np.concatenate(drawn, axis=1)
        return [together[k] for k in range(parts)]

    nothing = np.zeros(0, np.int64)
    return [(nothing, draw(1)[0]), *((pair[0], pair[1]) for pair in (draw(2) for _ in range(options.repeats)))]


def _of_each_class(labels: np.ndarray, classes: int) -> np.ndarray:
    """Positions of the first samples of each class, at most `PER_CLASS`, ascending."""
    return np.sort(np.concatenate([np.flatnonzero(labels == c)[:PER_CLASS] for c in range(classes)]))


def _measure(
    own: np.ndarray,
    pool: np.ndarray,
    draws: Sequence[tuple[np.ndarray, np.ndarray]],
    *,
    slopes: np.ndarray,
    classes: np.ndarray,
) -> _Measured:
    from cutaway.interpret import concept_direction

    found = [concept_direction(pool[chosen] if len(chosen) else own, pool[others]) for chosen, others in draws]
    vectors = np.array([each.vector for each in found])
    moved = slopes @ (vectors * np.array([each.gap for each in found])[:, None]).T
    change = np.full((len(found), int(classes.max()) + 1), np.nan)
    share = np.full(change.shape[1], np.nan)
    for c in np.unique(classes):
        change[:, c] = moved[classes == c].mean(axis=0)
        share[c] = (moved[classes == c, 0] > 0).mean()
    return _Measured(np.array([each.accuracy for each in found]), found[0].gap, change, share)


def _inputs(
    context: RunContext, selected: SampleIds, pool: SampleIds, options: ConceptOptions
) -> tuple[ConceptInput, ...]:
    """In which inputs the selection differs, the largest difference first; nothing where inputs have no names."""
    from cutaway.interpret import max_p_values, mean_differences

    names, data = context.manifest.dataset.feature_names, context.data
    if names is None or data.is_image or len(names) > INPUTS:
        return ()
    ids = join_ids([selected, pool])
    groups = data.y(ids) if options.within_class else np.zeros(len(ids), np.int64)
    found = mean_differences(data.inputs(ids), len(selected), groups=groups, repeats=options.repeats, seed=options.seed)
    p = max_p_values(found, two_sided=True)
    low, high = np.quantile(found[1:], 0.025, axis=0), np.quantile(found[1:], 0.975, axis=0)
    order: list[int] = np.argsort(-np.abs(found[0]), kind="stable").tolist()
    return tuple(ConceptInput(names[k], float(found[0, k]), float(low[k]), float(high[k]), float(p[k])) for k in order)


def _result(
    context: RunContext,
    layers: Sequence[str],
    measured: Sequence[_Measured],
    inputs: tuple[ConceptInput, ...],
    *,
    options: ConceptOptions,
    samples: int,
) -> Concept:
    from cutaway.interpret import max_p_values

    told_apart = max_p_values(np.stack([m.accuracy for m in measured], axis=1), two_sided=False)
    known = np.flatnonzero(~np.isnan(measured[0].change[0]))
    changes = np.concatenate([m.change[:, known] for m in measured], axis=1)
    p = max_p_values(changes, two_sided=True).reshape(len(measured), -1)
    effects = [
        ConceptEffect(
            layer=name,
            label=context.class_names[c],
            change=float(m.change[0, c]),
            share=float(m.share[c]),
            random_low=float(np.quantile(m.change[1:, c], 0.025)),
            random_high=float(np.quantile(m.change[1:, c], 0.975)),
            p=float(p[place, rank]),
        )
        for place, (name, m) in enumerate(zip(layers, measured, strict=True))
        for rank, c in enumerate(known)
    ]
    return Concept(
        layers=tuple(
            ConceptLayer(name, float(m.accuracy[0]), float(np.quantile(m.accuracy[1:], 0.975)), m.gap, float(value))
            for name, m, value in zip(layers, measured, told_apart, strict=True)
        ),
        effects=tuple(effects),
        samples=samples,
        split=options.split,
        epoch=context.epoch(options.epoch),
        repeats=options.repeats,
        within_class=options.within_class,
        inputs=inputs,
    )
