"""Classes: which are mistaken for which, and how well each is recognized."""
