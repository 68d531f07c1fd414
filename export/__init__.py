"""Programs that take a trained model out: `export.saved_model` and `export.verify`."""
