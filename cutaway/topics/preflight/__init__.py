"""Preflight: what a compiled model, its arrays and its settings show before the first epoch."""
