"""Checks on how a training went: its losses, layers, weights and settings."""
