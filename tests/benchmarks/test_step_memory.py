"""benchmarks.step_memory as a program."""

import programs
import pytest

from tfgan_suite import results


@pytest.mark.slow
def test_memory_grows_from_the_model_to_the_step(tmp_path):
    file = tmp_path / "results.jsonl"
    done = programs.run("step_memory", "--case=gan_mnist", f"--append={file}", package="benchmarks")
    assert done.returncode == 0, done.stderr
    found = {line.metric: line.value for line in results.read(file)}
    built, served, trained = (
        found[f"peak_memory_{name}"] for name in ("built", "served_image", "training_step")
    )
    assert 50 < built <= served <= trained < 20_000
    assert found["parameters"] > 1e5
