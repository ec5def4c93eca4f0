"""A tenth of MNIST for the lessons, and their code changed to match it.

Accuracies differ on less data, so assertions with a decimal number are dropped; those on shapes, equal weights, sums
and orders stay. This file is also executed in the kernel of a notebook, so it imports nothing from the tests.
"""

import ast

import cutaway as ct

SIZES = {70_000: 7_000, 60_000: 6_000, 45_000: 4_500, 15_000: 1_500, 10_000: 1_000, 5_000: 500}


class SmallerSizes(ast.NodeTransformer):
    """Divide the sizes of MNIST by ten and drop assertions with decimal numbers."""

    def visit_Constant(self, node):
        smaller = SIZES.get(node.value) if type(node.value) is int else None
        return node if smaller is None else ast.copy_location(ast.Constant(smaller), node)

    def visit_Assert(self, node):
        decimals = [n for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, float)]
        return ast.copy_location(ast.Pass(), node) if decimals else self.generic_visit(node)


def small_mnist(load):
    """Make a `load_dataset` that returns the first tenth of both parts of MNIST, and other datasets unchanged."""

    def load_dataset(name, **settings):
        data = load(name, **settings)
        if name != "mnist":
            return data
        train, test = data.sources["train"], data.sources["test"]
        return ct.Dataset.from_arrays(
            train.x[:6_000], train.y[:6_000], x_test=test.x[:1_000], y_test=test.y[:1_000], name="small MNIST"
        )

    return load_dataset
