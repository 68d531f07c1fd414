"""What travels to and from a model server, read and written without TensorFlow's Python package."""
