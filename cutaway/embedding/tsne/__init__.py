"""t-SNE in the order of the paper, one file a stage.

In come checked activations, float32 (sample, unit); out come coordinates, the settings as they were used and the KL
divergence. `fit` drives the stages: affinities, schedule, descent (with its interpolation grid and order of points),
normalization. The compiled loops are in `kernels`. May call `cutaway.neighbors`, `cutaway.parallel`, `cutaway.checks`,
`cutaway.errors` and `cutaway.progress`.
"""
