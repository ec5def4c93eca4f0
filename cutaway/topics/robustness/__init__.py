"""How accuracy falls as samples or weights are damaged."""
