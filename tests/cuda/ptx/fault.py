"""What goes wrong in a kernel."""


class Fault(Exception):
    """What no kernel may do."""
