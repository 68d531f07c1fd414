"""Other runtimes give what Keras gives, for every registered model."""

import keras
import pytest

from tfgan_suite import models
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.serving import runtimes


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
    with pytest.raises(UserInputError, match=r"no_such_package.*tfgan_suite\[runtimes\]"):
        runtimes.write(model, tmp_path / "out", "onnx")
