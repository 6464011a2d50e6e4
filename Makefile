# deepenough. `make help` says what there is.
SHELL := /bin/bash
PYTHON ?= python3
DEEP ?= 1
JOBS ?= 2
# torch comes first and on its own, in the locked version. To take it from another index: make demo TORCH="torch==... --index-url ..."
TORCH ?= $(shell grep '^torch==' constraints.txt)

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
LOCK := pyproject.toml constraints.txt
READY := $(if $(filter 0,$(DEEP)),$(VENV)/.ready-core,$(VENV)/.ready-deep)

.NOTPARALLEL:
.PHONY: help demo test bench truth soak licences clean
.DEFAULT_GOAL := help

help:  ## What there is.
	@awk -F ':|  ## ' '/^[a-z]+:.*  ## / {printf "  make %-10s %s\n", $$1, $$NF}' $(MAKEFILE_LIST)

demo: $(READY)  ## The thesis in a few minutes: two tables that ship with scikit-learn, and pictures made here. DEEP=0 leaves torch out.
	$(BIN)/deepenough demo

test: $(VENV)/.ready-dev  ## Style, floors, types, and the whole suite.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/lint-imports
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) -m "not slow" -rs

truth: $(VENV)/.ready-dev  ## How often a verdict is wrong: the long simulations, into docs/truth.md. Stopped, it goes on.
	OMP_NUM_THREADS=1 $(BIN)/python tools/truth.py --jobs $(JOBS)

bench: $(VENV)/.ready-dev  ## CPU seconds of the corridor, and quality beside public references, into docs/figures/.
	$(BIN)/python benchmarks/corridor.py
	$(BIN)/python benchmarks/quality.py
	$(BIN)/python benchmarks/verdict_statistics.py
	$(BIN)/python benchmarks/bundle.py
	$(BIN)/python benchmarks/learning_curves.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/overhead.py
	$(BIN)/python benchmarks/training_loop.py
	$(BIN)/python benchmarks/serving.py

soak: $(VENV)/.ready-dev  ## Hundreds of sudden ends: nothing that was acknowledged may be lost.
	$(BIN)/python tools/soak_registry.py --kills 500 --record
	OMP_NUM_THREADS=1 $(BIN)/python tools/soak_runs.py --kills 50 --record
	OMP_NUM_THREADS=1 $(BIN)/python tools/soak_bundles.py --kills 500 --mutations 10000 --record
	$(BIN)/python tools/soak_serving.py --ends 50 --kills 60 --switches 200 --mutations 20000 --record

licences: $(READY)  ## The licence of everything installed; fails on one that must not be there.
	$(BIN)/python tools/licences.py

clean:  ## Remove what make and the tests made, .venv included.
	rm -rf $(VENV) build dist demo src/*.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
	find src tests benchmarks tools -name __pycache__ -prune -exec rm -rf {} +

# --- the environment: a stamp a step, so that a second make is quick ---

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit("deepenough needs Python 3.11 or newer; $(PYTHON) is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12 ..." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.torch: $(VENV)/.made constraints.txt
	$(PIP) install $(TORCH)
	@touch $@

$(VENV)/.ready-core: $(VENV)/.made $(LOCK)
	$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.ready-deep: $(VENV)/.torch $(LOCK)
	$(PIP) install -c constraints.txt -e '.[deep]'
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.torch $(LOCK)
	$(PIP) install -c constraints.txt -e '.[all,dev]'
	@touch $@ $(VENV)/.ready-deep $(VENV)/.ready-core
