"""The directory that model servers watch, without a model: what others see of it at any moment."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.publishing import versions


def publish(base, content="content", number=None):
    with versions.new_version(base, number) as new:
        write(new.staging, content)
    return new


def write(staging, content):
    os.mkdir(os.path.join(staging, "variables"))
    for name in ("saved_model.pb", "variables/data", "variables/index"):
        with open(os.path.join(staging, name), "w") as file:
            file.write(content)


def read(version):
    """What each of the version's files holds."""
    found = []
    for name in ("saved_model.pb", "variables/data", "variables/index"):
        with open(os.path.join(version, name)) as file:
            found.append(file.read())
    return found


_PUBLISHER = """
import os, sys
from tfgan_suite.publishing import versions

base, name, count, *keep = sys.argv[1:]
for i in range(int(count)):
    with versions.new_version(base) as new:
        os.mkdir(os.path.join(new.staging, "variables"))
        for file in ("saved_model.pb", "variables/data", "variables/index"):
            with open(os.path.join(new.staging, file), "w") as opened:
                opened.write(f"{name} {i} " * 20_000)
    if keep:
        versions.remove_old(base, int(keep[0]))
"""

_READER = """
import json, os, sys, time
base, done = sys.argv[1:]
looks, seen, partial = 0, set(), []
while not os.path.exists(done):
    looks += 1
    for number in os.listdir(base):
        if not number.isdecimal():
            continue
        try:  # Once open, a directory is the same one, whatever its name becomes.
            version = os.open(os.path.join(base, number), os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            contents = []
            for file in ("saved_model.pb", "variables/data", "variables/index"):
                descriptor = os.open(file, os.O_RDONLY, dir_fd=version)
                with open(descriptor) as opened:
                    contents.append(opened.read())
        except FileNotFoundError as error:
            # It was removed while it was read, which is seen by its name being gone.
            if os.path.exists(os.path.join(base, number)):
                partial.append([number, str(error)])
            continue
        finally:
            os.close(version)
        if len(set(contents)) != 1 or not contents[0]:
            partial.append([number, "holds a mixture"])
        seen.add(number)
    time.sleep(0.01)
print(json.dumps([looks, len(seen), partial]))
"""


def start(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("keep", [(), (3,)], ids=["all kept", "3 kept"])
def test_a_reader_sees_whole_versions_only_while_two_publish_50(tmp_path, keep):
    base, done = tmp_path / "base", tmp_path / "done"
    base.mkdir()
    reader = start(_READER, base, done)
    publishers = [start(_PUBLISHER, base, name, 25, *keep) for name in ("one", "two")]
    for publisher in publishers:
        _, errors = publisher.communicate()
        assert publisher.returncode == 0, errors
    time.sleep(0.1)
    done.touch()
    output, errors = reader.communicate()
    assert reader.returncode == 0, errors
    looks, num_seen, partial = json.loads(output)
    assert partial == [] and looks > 5 and num_seen >= 3
    numbers = sorted(int(name) for name in os.listdir(base))
    if keep:
        assert max(numbers) >= 48 and 3 <= len(numbers) <= 4
    else:
        assert numbers == list(range(1, 51))
    owners = {read(base / str(number))[0] for number in numbers}
    assert len(owners) == len(numbers)


_KILLED = """
import sys, time
from tfgan_suite.publishing import versions
with versions.new_version(sys.argv[1]) as new:
    open(new.staging + "/saved_model.pb", "w").close()
    print(new.staging, flush=True)
    time.sleep(1000)
"""


def test_what_a_killed_publisher_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path):
    killed, living = start(_KILLED, tmp_path), start(_KILLED, tmp_path)
    left, kept = (p.stdout.readline().strip() for p in (killed, living))
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    (tmp_path / ".removing-abc").mkdir()
    assert os.path.isdir(left)
    assert versions.versions(tmp_path) == {}
    assert publish(tmp_path).number == 1
    assert not os.path.exists(left) and os.path.isfile(f"{kept}/saved_model.pb")
    assert {"1", os.path.basename(kept), os.path.basename(kept) + ".lock"} == set(
        os.listdir(tmp_path)
    )
    living.send_signal(signal.SIGKILL)
    living.communicate()
    publish(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["1", "2"]


def test_an_interrupted_publisher_removes_what_it_wrote(tmp_path):
    publish(tmp_path)
    with pytest.raises(KeyboardInterrupt), versions.new_version(tmp_path) as new:
        write(new.staging, "half")
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == ["1"] and new.path is None


def test_old_versions_are_removed_but_for_those_with_a_label(tmp_path):
    for _ in range(6):
        publish(tmp_path)
    versions.set_label(tmp_path, "stable", 2)
    assert versions.remove_old(tmp_path, keep=2) == [1, 3, 4]
    assert list(versions.versions(tmp_path)) == [2, 5, 6]
    versions.set_label(tmp_path, "stable", 5)
    versions.set_label(tmp_path, "canary", 6)
    assert versions.labels(tmp_path) == {"canary": 6, "stable": 5}
    assert versions.remove_old(tmp_path, keep=1) == [2]
    assert sorted(os.listdir(tmp_path)) == ["5", "6", "labels"]
    assert publish(tmp_path).number == 7


def test_what_was_just_published_is_not_removed(tmp_path):
    for number in (7, 8, 3):
        publish(tmp_path, number=number)
    assert versions.remove_old(tmp_path, keep=1, published=3) == [7]
    assert list(versions.versions(tmp_path)) == [3, 8]


def test_what_is_no_label_is_refused(tmp_path):
    publish(tmp_path)
    for label in ("", "a/b", "..", "with space", "ä", "a" * 101, "stable\n"):
        with pytest.raises(UserInputError, match="letters, digits and underscores"):
            versions.set_label(tmp_path, label, 1)
    versions.set_label(tmp_path, "stable", 1)
    label = tmp_path / "labels" / "stable"
    for content in (b"newest", b"", b"\xff\xfe", b"9" * 5000, "\u0663".encode()):
        label.write_bytes(content)
        with pytest.raises(RunFailure, match="stable holds b.*expected the number of a version"):
            versions.labels(tmp_path)
    label.unlink()
    os.mkfifo(label)
    with pytest.raises(RunFailure, match="stable is no file"):
        versions.labels(tmp_path)
