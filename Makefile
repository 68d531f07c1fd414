# Two commands for a fresh machine: `make demo` and `make test`. Needs Python 3.10+ and make.

PYTHON ?= python3
OLDEST_PYTHON ?= python3.10
VENV ?= .venv
RUN = $(VENV)/bin/python
PYTEST = TF_CPP_MIN_LOG_LEVEL=2 $(RUN) -m pytest -q -p no:cacheprovider
DEMO ?= runs/demo

.PHONY: install demo test test-slow test-faults test-ray test-runtimes test-oldest lint format

install: $(VENV)/installed

# Made anew when the requirements change.
$(VENV)/installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --editable '.[test]'
	touch $@

# Trains a CycleGAN, publishes it, runs it in TensorFlow's C++ loader, draws before and after.
demo: install
	$(RUN) -m launch.demo --workdir=$(DEMO)

test: install lint
	$(PYTEST) -n 2 --dist worksteal -m "not slow and not faults" --durations=10 tests

test-slow: install
	$(PYTEST) -n 2 --dist worksteal -m slow tests

# Kills, full disks, damaged files, non-finite values (docs/faults.md). Mounts a small tmpfs.
test-faults: install
	$(PYTEST) -s tests/faults

# A local Ray cluster whose workers are killed; installs the extra `ray`.
test-ray: install
	$(RUN) -m pip install --quiet --editable '.[ray]'
	$(PYTEST) tests/distribution/test_ray.py

# LiteRT, ONNX and OpenVINO files of every model; installs the extra `runtimes`.
test-runtimes: install
	$(RUN) -m pip install --quiet --editable '.[runtimes]'
	$(PYTEST) tests/inference/test_runtimes.py

# The oldest supported versions, in an environment of their own. OLDEST_PYTHON names Python 3.10.
test-oldest:
	$(MAKE) VENV=.venv-oldest PYTHON=$(OLDEST_PYTHON) install-oldest
	TF_CPP_MIN_LOG_LEVEL=2 .venv-oldest/bin/python -m pytest -q -p no:cacheprovider -n 2 \
	  --dist worksteal -m "not slow and not faults" tests

.PHONY: install-oldest
install-oldest:
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet uv  # pip searches for many minutes under these constraints
	$(RUN) -m uv pip install --quiet --python $(RUN) --editable '.[test]' \
	  --constraint tests/oldest.txt

lint: install
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .

format: install
	$(RUN) -m ruff format .
	$(RUN) -m ruff check --fix .
