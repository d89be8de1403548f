# Every goal sets itself up from nothing: Python 3.11 or newer, make and a package index will do.
#
#   make demo          the toolkit on three recorded incidents and in a simulator; out/demo.html
#   make test          the tests that need no outside service, with their coverage
#   make check         lint, format, types, layers
#   make bench         the benchmarks
#   make bench-pull    reading a real Prometheus: frames, investigate, backtest; about half an hour
#   make torture       a thousand seeded runs, each ended another way, against a fake API server
#   make test-e2e      every fault on a real shop, on the cluster that KUBECONFIG names
#   make gameday       faults x repeats and controls on the simulator, graded; out/gameday
#   make install-test  the wheel alone in fresh environments: the base, every extra, all of them
#   make lock          resolve everything anew and rewrite constraints.txt
#   make clean         remove what these goals have made

PYTHON ?= python3
E2E ?=# options for the tests on a cluster, such as E2E='-m "not slow"'
VENV := .venv
BIN := $(VENV)/bin
LOCK := constraints.txt
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
INSTALL := $(PIP) --constraint $(LOCK) --build-constraint $(LOCK)

# Without stored bytecode each start compiles its imports again, at five to ten times the cost;
# the others would let in packages that the project does not declare.
unexport PYTHONDONTWRITEBYTECODE PYTHONHOME PYTHONPATH VIRTUAL_ENV

.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: demo test check bench bench-pull torture test-e2e gameday install-test lock clean

demo: $(VENV)/.base
	$(BIN)/aiops demo

test: $(VENV)/.test
	$(BIN)/pytest --cov

check: $(VENV)/.lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test
	$(BIN)/pytest tests/bench

bench-pull: $(VENV)/.test
	$(BIN)/pytest -s tests/bench_pull

torture: $(VENV)/.test
	$(BIN)/python -m tests.torture --runs 1000 --conflicts 200

test-e2e: $(VENV)/.test
	$(BIN)/pytest -rs $(E2E) tests/cluster

gameday: $(VENV)/.base
	$(BIN)/aiops gameday examples/gamedays/simulator.yaml --out out/gameday

install-test: $(VENV)/.test
	$(BIN)/pytest --durations=0 --durations-min=1 tests/install

# Stamps: one virtual environment, and a file in it for each layer that is installed.

# The pip that Python brings is often older than 25.1, the first that knows `--group`.
$(VENV)/.pip: $(LOCK)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	|| { echo "$(PYTHON) is not Python 3.11 or newer; name one that is: make PYTHON=python3.12"; exit 1; }
	@echo "setting up $(VENV)"
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade --constraint $(LOCK) pip
	@touch $@

$(VENV)/.base: $(VENV)/.pip pyproject.toml
	$(INSTALL) --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.base
	$(INSTALL) --editable '.[kubernetes,prometheus]' --group test
	@touch $@

$(VENV)/.lint: $(VENV)/.base
	$(INSTALL) --editable '.[kubernetes,prometheus]' --group lint
	@touch $@

# The comments of the old lock and its torch are kept: the newest torch of a plain index is a CUDA
# build of several gigabytes, so that line is raised by hand where a CPU build is in reach.
lock:
	rm -rf .venv-lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --upgrade pip
	.venv-lock/bin/python -m pip install --quiet '.[all]' "$$(grep '^torch==' $(LOCK))" \
		--group test --group lint hatchling editables
	grep '^#' $(LOCK) > .venv-lock/lock
	.venv-lock/bin/python -m pip freeze --all --exclude aiops-toolkit | sed 's/+.*//' >> .venv-lock/lock
	mv .venv-lock/lock $(LOCK)
	rm -rf .venv-lock

clean:
	rm -rf $(VENV) .venv-lock out .coverage .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
