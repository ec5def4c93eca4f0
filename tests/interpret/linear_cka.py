from cutaway.interpret.similarity import CenteredActivations, cka


def linear_cka(first, second):
    return cka(CenteredActivations.of(first), CenteredActivations.of(second))
