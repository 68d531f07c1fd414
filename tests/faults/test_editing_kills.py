"""A dissection, an edit and a publishing of edits that are killed: nothing half-written is left."""

import json
import threading

import pytest
from injections import kill, run, start, wait_for

from tfgan_suite import runs
from tfgan_suite.publishing import versions


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    config = runs.default_config()
    config.model = {"name": "dcgan", "preset": "tiny"}
    config.data = {"source": "shapes", "num_examples": 64, "num_test": 8}
    config.update({"batch_size": 8, "images": 16, "sample_every": 16, "num_samples": 4})
    config.update({"log_every": 16, "checkpoint_every": 16})
    folder = tmp_path_factory.mktemp("kills") / "run"
    runs.train(config, folder)
    return folder


def killed_when_it_says(words, program, *arguments):
    """Starts a program, kills it as soon as its output holds some words, and returns the output."""
    process = start(program, *arguments)
    said = []
    # Progress is written over and over in one line.
    reader = threading.Thread(target=lambda: said.extend(iter(lambda: process.stdout.read(1), "")))
    reader.start()
    wait_for(process, lambda: words in "".join(said))
    was_running = kill(process)
    reader.join()
    assert was_running, "".join(said)
    return "".join(said)


def files_in(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.mark.faults
@pytest.mark.parametrize("words", ["thresholds", "measuring", "effects of units"])
def test_a_dissection(workdir, tmp_path, words):
    out = tmp_path / "out"
    few = [f"--workdir={workdir}", "--layer=relu_8", f"--out={out}", "--num_for_thresholds=64"]
    killed_when_it_says(words, "launch.dissect", *few, "--num=3000", "--num_for_effects=512")
    assert files_in(out) == []
    code, output = run("launch.dissect", *few, "--num=32", "--num_for_effects=4")
    assert code == 0, output
    assert files_in(out) == ["dissection.json", "page.html"]
    assert json.loads((out / "dissection.json").read_text())["images"] == 32


@pytest.mark.faults
def test_a_projection(workdir, tmp_path):
    out, points = tmp_path / "found.png", tmp_path / "found.npy"
    shared = ["--task=project", f"--workdir={workdir}", "--image=heldout:1", f"--out={out}"]
    shared += [f"--points={points}"]
    killed_when_it_says("step 25 of", "launch.edit", *shared, "--steps=100000")
    assert files_in(tmp_path) == []
    code, output = run("launch.edit", *shared, "--steps=20")
    assert code == 0, output
    assert files_in(tmp_path) == ["found.npy", "found.png"]


@pytest.mark.faults
def test_a_servable_that_edits(workdir, tmp_path):
    base = tmp_path / "servable"
    arguments = [f"--workdir={workdir}", f"--export_dir={base}", "--editing"]
    process = start("export.saved_model", *arguments)
    wait_for(process, lambda: list(base.rglob("saved_model.pb")))
    assert kill(process)
    assert versions.versions(base) == {} and files_in(base) != []
    code, output = run("export.saved_model", *arguments)
    assert code == 0, output
    report = json.loads(output.splitlines()[-1])
    assert report["version"] == 1 and "inpaint" in report["signatures"]
    assert files_in(base) == ["1"]  # what the killed one left is removed
