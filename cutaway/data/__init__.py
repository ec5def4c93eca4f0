"""Data: what is trained on, and which sample is which.

In come a name ("mnist", "digits"), a path (a folder of IDX or .npy files, an .npz) or the user's own arrays and
tables; out come a `Dataset` (read-only arrays, labels as class indices), a `Split` of it into train, val and test,
`SampleIds` that keep every sample's identity, such as ``test[7]``, through any selection, and `LazyRows` of them that
are read only when asked for, since inputs may be memory maps larger than memory. This room reads files and writes none.
May call `cutaway.errors` and `cutaway.checks` only; scikit-learn is imported inside the functions that need it,
pandas not at all.
"""

from .catalog import DatasetInfo, dataset_names, load_dataset
from .dataset import Dataset, Source
from .idx import read_idx
from .rows import LazyRows
from .samples import SampleIds
from .sampling import stratified_sample
from .split import Split, split_dataset

__all__ = [
    "Dataset",
    "DatasetInfo",
    "LazyRows",
    "SampleIds",
    "Source",
    "Split",
    "dataset_names",
    "load_dataset",
    "read_idx",
    "split_dataset",
    "stratified_sample",
]
