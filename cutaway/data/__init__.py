"""Data: what is trained on, and which sample is which.

In come a name ("mnist", "digits"), a path (a folder of IDX files, an .npz) or the user's own arrays and tables; out
come a `Dataset` (read-only arrays, labels as class indices), a `Split` of it into train, val and test, and `SampleIds`
that keep every sample's identity, such as ``test[7]``, through any selection. This room reads files and writes none.
It may call `cutaway.errors` only; scikit-learn is imported inside the functions that need it, pandas not at all.
"""

from .catalogue import DatasetInfo, dataset_names, load_dataset
from .dataset import Dataset, Source
from .idx import read_idx
from .samples import SampleIds
from .split import Split, split_dataset

__all__ = [
    "Dataset",
    "DatasetInfo",
    "SampleIds",
    "Source",
    "Split",
    "dataset_names",
    "load_dataset",
    "read_idx",
    "split_dataset",
]
