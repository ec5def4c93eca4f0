"""t-SNE in the order of the paper, one file for each stage.

In come checked activations, float32 (sample, unit), and settings (`TSNESettings`); out come coordinates, the settings
as they were used, and the KL divergence. `tsne` runs the stages: affinities, the schedule, and the descent, with an
optimizer, the interpolation grid and the order of points in memory. The compiled loops are in `kernels`. May call
`kernels`, `cutaway.neighbors`, `cutaway.parallel`, `cutaway.checks`, `cutaway.progress` and
`cutaway.errors`.
"""
