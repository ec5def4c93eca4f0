"""Classes: their confusions, and how well each is recognized."""
