"""What several topics need: predictions, pairs of samples, words on data, and the source of a report."""
