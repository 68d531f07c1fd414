"""Other runtimes give what Keras gives, for every registered model."""

import json
import subprocess
import sys

import keras
import pytest

from tfgan_suite import models, runs
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.inference import runtimes


@pytest.fixture
def installed():
    """Skips by name what is not installed: the runtimes are an optional extra."""

    def installed(runtime):
        for package in runtimes.RUNTIMES[runtime].packages:
            pytest.importorskip(package)

    return installed


@pytest.mark.parametrize("runtime", runtimes.RUNTIMES)
@pytest.mark.parametrize("name", models.names())
def test_every_model_in_every_runtime(name, runtime, tmp_path, installed):
    installed(runtime)
    model = models.build({"name": name, "preset": "tiny"})
    written = runtimes.write(model, tmp_path / "out", runtime)
    assert list(written) == list(model.served_networks())
    for network, each in written.items():
        assert each.path == str(tmp_path / "out" / f"{network}{runtimes.RUNTIMES[runtime].suffix}")
        assert 0 <= each.largest_difference < 2e-6
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_another_network_is_noticed(tmp_path, monkeypatch, installed):
    """The comparison can fail: here the file is of a network whose weights have changed."""
    installed("onnx")
    model = models.build({"name": "gan", "preset": "tiny"})
    export = keras.Model.export

    def move_and_export(network, *arguments, **more):
        for variable in network.weights:
            variable.assign(variable + 0.5)
        export(network, *arguments, **more)

    monkeypatch.setattr(keras.Model, "export", move_and_export)
    with pytest.raises(RunFailure, match="differs from Keras"):
        runtimes.write(model, tmp_path / "out", "onnx")
    assert list(tmp_path.iterdir()) == []


def test_wrong_requests(tmp_path, monkeypatch):
    model = models.build({"name": "gan", "preset": "tiny"})
    with pytest.raises(UserInputError, match="'onnx'"):
        runtimes.write(model, tmp_path / "out", "onxx")
    with pytest.raises(UserInputError, match="exists"):
        runtimes.write(model, tmp_path, "onnx")
    missing = runtimes.Runtime(".x", ("no_such_package",), None)
    monkeypatch.setitem(runtimes.RUNTIMES, "onnx", missing)
    with pytest.raises(UserInputError, match=r"no_such_package.*'\.\[runtimes\]'"):
        runtimes.write(model, tmp_path / "out", "onnx")


def test_the_program_writes_the_networks_of_a_run(tmp_path, installed):
    installed("onnx")
    config = runs.default_config()
    config.model = {"name": "lsgan", "preset": "tiny"}
    config.data = {"source": "gaussians"}
    config.batch_size = config.images = 8
    runs.train(config, tmp_path / "run")

    def program(*arguments):
        command = [sys.executable, "-m", "export.runtimes", f"--workdir={tmp_path}/run"]
        return subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)

    done = program("--format=onnx", f"--out={tmp_path}/files")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["files"] == {"generator": f"{tmp_path}/files/generator.onnx"}
    assert report["largest_difference"]["generator"] < 2e-6
    assert program("--format=onnx", f"--out={tmp_path}/files").returncode == 2
    assert program("--format=onxx", f"--out={tmp_path}/more").returncode == 2
