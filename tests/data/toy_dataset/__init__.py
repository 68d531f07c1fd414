"""A builder for the tests, in a package because TensorFlow Datasets wants it so."""
