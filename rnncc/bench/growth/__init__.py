"""`rnncc bench --growth`: how time, compilation and memory grow with the size of a problem."""
