"""History: the metrics of each epoch, and learning curves."""
