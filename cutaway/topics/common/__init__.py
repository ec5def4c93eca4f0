"""What several topics need: predictions, pairs of samples, words on data, the source of a report, and rows in files."""
