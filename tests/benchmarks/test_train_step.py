"""What a training step costs."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import pytest
from keras import layers

from benchmarks import cases, train_step
from benchmarks.flops import step_flops
from tfgan_suite import models, results
from tfgan_suite.errors import UserInputError

ROOT = Path(__file__).parents[2]
TINY = {"images_per_s", "operations", "share_of_best_product", "peak_memory", "first_step", "step"}


def test_operations_are_those_of_the_layers():
    """Each layer multiplies once forward, once for its kernel's and once for its input's gradient.

    The first layer of the discriminator needs the last only in the generator's step, the first of
    the generator never; the discriminator's kernels have none in the generator's step.
    """
    generator = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(4 * 4 * 5),
            layers.Reshape((4, 4, 5)),
            layers.Conv2DTranspose(3, 3, strides=2, padding="same"),
        ]
    )
    discriminator = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(7, 3, strides=2, padding="same"),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    g = [6 * 80, 4 * 4 * 5 * 3 * 3 * 3]
    d = [4 * 4 * 7 * 3 * 3 * 3, 4 * 4 * 7]
    steps_of_d = sum(g) + 2 * (2 * sum(d) + d[1])
    steps_of_g = 2 * sum(g) + g[1] + 2 * sum(d)
    gan = models.GAN(generator=generator, discriminator=discriminator)
    assert step_flops(gan, 5) == 2 * 5 * (steps_of_d + steps_of_g)


@pytest.mark.slow
@pytest.mark.parametrize("name", models.names())
def test_the_operations_of_every_model_can_be_counted(name):
    one, two = (step_flops(models.build({"name": name, "preset": "tiny"}), n) for n in (4, 8))
    assert 0 < one < two <= 2 * one


def test_a_model_is_measured_for_two_steps():
    (measured,) = train_step.measure([cases.here], "gan:tiny", 4, threads=1, rounds=1, seconds=0.0)
    assert len(measured.seconds) == 2 and min(measured.seconds) > 0
    assert measured.first_step > max(measured.seconds) and measured.peak_bytes > 2**26
    lines = train_step.lines_of("gan:tiny", "plain", 4, measured, 10**9, 10**11, 1)
    assert {line.metric.removesuffix("_plain") for line in lines} == TINY
    assert len(results.as_table(lines).splitlines()) == 3


def test_models_are_measured_by_name_and_preset():
    assert cases.with_preset("dcgan") == "dcgan:paper_64"
    assert cases.with_preset("dcgan:tiny") == "dcgan:tiny"
    config = cases.config_of("dcgan:tiny", 12)
    assert (config.model.name, config.model.preset, config.batch_size) == ("dcgan", "tiny", 12)
    own = "tfgan_suite.models.gan.gan:GAN"
    assert cases.with_preset(f"{own}:tiny") == f"{own}:tiny"
    assert cases.config_of(f"{own}:tiny", 1).model.name == own
    with pytest.raises(UserInputError, match="no preset 'tini'.*'tiny'"):
        cases.with_preset("gan:tini")
    with pytest.raises(UserInputError, match="Unknown model 'gam'"):
        cases.with_preset("gam")


@pytest.mark.slow
def test_the_program_prints_a_line_for_each_way_and_appends_them(tmp_path):
    file = tmp_path / "results.jsonl"
    command = [sys.executable, "-m", "benchmarks.train_step", "--model=gan:tiny", "--threads=1"]
    command += ["--batch_size=4", "--rounds=1", "--seconds=0", f"--append={file}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    rows = [line.split(" | ") for line in done.stdout.splitlines()]
    assert [row[:2] for row in rows[2:]] == [["| gan:tiny", "plain"], ["| gan:tiny", "xla"]]
    assert {len(rows[index]) for index in (0, 2, 3)} == {8}
    lines = results.read(file)
    assert len(lines) == 2 * len(TINY)
    assert json.loads(file.read_text().splitlines()[0])["command"].endswith(file.name)
