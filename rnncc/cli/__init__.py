"""The command `rnncc`."""
