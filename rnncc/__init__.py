"""rnncc: a compiler for recurrent cells."""
