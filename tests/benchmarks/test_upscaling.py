"""benchmarks.upscaling as a program."""

import programs
import pytest

from tfgan_suite import results


def test_a_model_is_needed():
    done = programs.run("upscaling", package="benchmarks")
    assert done.returncode == 2 and "one of the two" in done.stderr


@pytest.mark.slow
def test_memory_and_time_of_a_large_image(tmp_path):
    file = tmp_path / "results.jsonl"
    done = programs.run(
        "upscaling", "--preset=tiny", "--size=40", f"--append={file}", package="benchmarks"
    )
    assert done.returncode == 0, done.stderr
    found = {line.metric: line.value for line in results.read(file)}
    assert 50 < found["peak_memory_16"] < 20_000 and 50 < found["peak_memory_40"] < 20_000
    assert found["upscaling_time_40"] > 0
