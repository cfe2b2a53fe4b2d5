"""What `rnncc plot` shows: how gradients flow back through time, and what a cell's values do meanwhile."""
