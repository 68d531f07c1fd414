"""The tiny game on points, for programs."""

import importlib.util
from pathlib import Path


def get_config():
    place = Path(__file__).parents[1] / "runs/tiny.py"
    spec = importlib.util.spec_from_file_location("tiny", place)
    tiny = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tiny)
    return tiny.points()
