"""What selected samples have in common in each layer, and what that does to the classes."""
