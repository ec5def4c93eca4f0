"""What a selection on the map has in common, as the studio shows it below the map."""

from cutaway.page import Parts, Section, Table, Text

from .result import LISTED, SURE, Concept

CHOSEN = (
    "Samples that were selected on the map of a layer lie close together there because they were selected that way, so "
    "it is no discovery that this layer tells them apart. What they do to the classes is one, and whether other layers "
    "tell them apart as well."
)


def concept_section(found: Concept) -> Section:
    """The answer in a sentence, how each layer tells the selection apart, effects on the classes, and named inputs."""
    layers, effects, *inputs = found.tables()
    records = found.effects
    sure = sorted((k for k, each in enumerate(records) if each.p <= SURE), key=lambda k: -abs(records[k].change))
    shown = effects.take(sure[:LISTED])
    nothing = "No class's logit changes by more than it does with random selections."
    parts = (
        Table(
            name="concept-layers",
            title=layers.title,
            rows=tuple(layers.texts()),
            meanings=layers.meanings(),
            caption=" ".join((*layers.notes, CHOSEN)),
        ),
        Table(
            name="concept-effects",
            title=effects.title,
            rows=tuple(shown.texts()),
            meanings=shown.meanings(),
            caption=f"The {len(shown)} largest of {len(sure)} changes that are more than chance.",
        )
        if sure
        else Text(name="concept-effects", title=effects.title, paragraphs=(nothing,)),
        *(
            Table(
                name="concept-inputs",
                title=each.title,
                rows=tuple(each.texts()),
                meanings=each.meanings(),
                caption=" ".join(each.notes),
            )
            for each in inputs
        ),
        *(Text(name="concept-inputs", title="Inputs", paragraphs=(note,)) for note in found.notes()),
    )
    return Parts(name="concept", title="What the selection has in common", lead=f"{found.line()}.", parts=parts)
