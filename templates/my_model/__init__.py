"""A model of your own: copy this folder, rename it, and change what it says."""

from my_model.model import AdversarialAutoencoder

__all__ = ["AdversarialAutoencoder"]
