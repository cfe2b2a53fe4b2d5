"""`rnncc bench`: this package beside the libraries that are installed, in one process. Only the command line imports it."""
