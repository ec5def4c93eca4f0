"""Units of a hidden layer: what each responds to, and what the model loses without it."""
