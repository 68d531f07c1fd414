"""What benchmarks.styles says of answers that are known, and of runs."""

import json

import numpy as np
import programs
import pytest

from benchmarks import sample_lines, style_figures
from tfgan_suite import runs
from tfgan_suite.data.shapes import TEXTURES


def test_the_entropy_of_answers():
    logits = np.array([[0.0, 0, 0, 0], [1000, 0, 0, 0], [np.log(3), 0, -1e9, -1e9]])
    found = style_figures.entropies(logits)
    quarter = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    np.testing.assert_allclose(found, [np.log(4), 0, quarter], atol=1e-9)
    np.testing.assert_allclose(style_figures.entropies(logits + 7), found, atol=1e-9)


def test_shares_of_styles():
    logits = np.array([[2.0, 1, 0], [0, 3, 1], [4, 1, 0], [9, 0, 0]])
    found = style_figures.figures(logits, ["cubism", "realism", "rococo"])
    means = {name: values.mean() for name, values in found.items() if name != "style_entropy"}
    assert means == {"share_cubism": 0.75, "share_realism": 0.25, "share_rococo": 0}
    assert style_figures.style_names({"source": "shapes", "label": "texture"}, 4) == list(TEXTURES)
    assert style_figures.style_names({"source": "textures"}, 5)[0] == "stripes"
    assert style_figures.style_names({"source": "folder:art"}, 2) == ["style_0", "style_1"]


def test_a_line_has_the_mean_of_the_samples_and_its_standard_error():
    values = {"right": np.arange(100) < 80, "distance": np.tile([1.0, 3.0], 50)}
    right, distance = sample_lines.sample_lines(values, "styles", {"images": "held-out"}, {})
    assert right.metric == "right_100" and right.shown() == "80.0 ± 4.0 %"
    assert distance.value == 2 and distance.interval == pytest.approx((1.9, 2.1))
    assert right.seeds is None and right.images_seen is None


def tiny_run(folder, **changes):
    config = runs.default_config()
    config.model = {"name": "can", "preset": "tiny", "channels": 3, "num_styles": 4, **changes}
    config.data = {"source": "shapes", "label": "texture", "num_examples": 200, "num_test": 50}
    config.update({"batch_size": 8, "images": 16, "jit_compile": False})
    runs.train(config, folder)


@pytest.mark.slow
def test_runs_are_measured_beside_held_out_images(tmp_path):
    tiny_run(tmp_path / "one")
    tiny_run(tmp_path / "plain", ambiguity_weight=0.0)
    words = [f"--workdir={tmp_path / name}" for name in ("one", "plain")]
    done = programs.run(
        "styles",
        *words,
        "--num=40",
        "--epochs=1",
        f"--grid={tmp_path / 'grid.png'}",
        package="benchmarks",
    )
    assert done.returncode == 0, done.stderr
    for setting in (
        "{'images': 'held-out'}",
        "{'images': 'samples', 'ambiguity': 'binary', 'weight': '1'}",
        "{'images': 'samples', 'ambiguity': 'none', 'weight': '0'}",
    ):
        for metric in ("style_entropy_40", "share_striped_40", "nearest_pixels_40"):
            assert f"{setting}: {metric} " in done.stdout
    assert done.stdout.count("style_accuracy_40") == 1 and done.stdout.count("copies_by_") == 4
    assert (tmp_path / "grid.png").stat().st_size > 0

    config = json.loads((tmp_path / "plain/config.json").read_text())
    config["config"]["data"]["label"] = "colour"
    (tmp_path / "plain/config.json").write_text(json.dumps(config))
    refused = programs.run("styles", *words, package="benchmarks")
    assert refused.returncode == 2 and "other data" in refused.stderr
