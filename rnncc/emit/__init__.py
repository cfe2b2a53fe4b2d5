"""Renderers: a `Program` as text or as arrays."""
