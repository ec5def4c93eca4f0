"""How long a model stays right while its samples, or its weights, get worse."""
