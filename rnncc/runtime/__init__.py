"""What generated modules and layers run on. Imports neither the compiler nor sympy."""
