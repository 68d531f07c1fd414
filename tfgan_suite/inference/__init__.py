"""Trained networks in the form that answers fastest: rewritten layers, other runtimes."""
