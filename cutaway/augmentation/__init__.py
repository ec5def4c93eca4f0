"""Augmentation: images that are changed at random, which gives a model new ones in every epoch.

In come raw images as arrays, before they are divided by their scale; out come images of the same shape and dtype. What
happens to an image depends on the seed, the epoch and the number of the image alone. May call neighbors (its decorator
of kernels), checks and errors.
"""

from .classes import class_change, class_mixing
from .images import check_images
from .settings import ALLOWED, PRESETS, Augmentation, as_augmentation
