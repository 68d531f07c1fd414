"""The other side of a model server: asking it, and putting load on it."""
