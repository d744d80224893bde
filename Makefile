# Every target sets up what it needs: Python >= 3.11, make and the package index are enough.
# The first interpreter that really runs and is new enough: a version manager's shim may only look like one.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

# Tests and tools run from the sources here; a PYTHONPATH of the caller's must not shadow them. Spawned
# workers import everything: without bytecode files each of them would compile all of it again.
unexport PYTHONPATH PYTHONDONTWRITEBYTECODE

.PHONY: help demo test services memory-campaign check format lint types layers docs crash damage lock clean \
  bench bench-compare bench-selftest bench-html

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "tickloom needs Python 3.11 or newer; none was found. Set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## synth, pack, verify and run in a temporary folder
	@$(BIN)/tickloom demo

test: $(READY) ## the test suite
	$(BIN)/python -m pytest -n auto

services: $(READY) ## the tests that need a browser (.ci/programs installs what is missing); a skip is a failure
	TICKLOOM_SERVICES=required $(BIN)/python -m pytest -m services

crash: $(READY) ## kill, starve and unplug a packer at every system call (about 10 minutes)
	TICKLOOM_CRASH=full $(BIN)/python -m pytest -n auto tests/store/crash

damage: $(READY) ## flip bits of and cut off every kind of file, 2,500 times: verify sees each
	TICKLOOM_DAMAGE=full $(BIN)/python -m pytest -n auto tests/store/damage

memory-campaign: $(READY) ## pack ten times the smallest --memory and measure the peak (minutes)
	TICKLOOM_MEMORY_CAMPAIGN_ROWS=13400000 $(BIN)/python -m pytest -q tests/packing/workers/test_memory.py

check: $(READY) format lint types layers test services ## everything that CI checks

format: $(READY) ## is the code formatted?
	$(BIN)/ruff format --check .

lint: $(READY) ## ruff's rules
	$(BIN)/ruff check .

types: $(READY) ## mypy, strict
	$(BIN)/mypy

layers: $(READY) ## import layers
	$(BIN)/lint-imports --no-logo

bench: $(READY) ## this project beside the documented designs, one page [QUICK=1] [ONLY=<section>]
	@$(BIN)/python -m benchmarks.table $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))

# 0: nothing is slower, 1: something is, 2: not measured. make itself ends with 2 for both of the latter: the code
# is in the last line and in the report. A script that gates on it calls the module, as CI does.
bench-compare: $(READY) ## is HEAD slower than BASE? prints 0, 1 or 2 (make ends with 2 for both) BASE=<rev> [BENCH=<regex>] [ROUNDS=3] [QUICK=1]
	@$(BIN)/python -m benchmarks.compare --base "$(BASE)" $(if $(BENCH),--bench '$(BENCH)') \
	  $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(QUICK),--quick)

bench-selftest: $(READY) ## does bench-compare see planted slowdowns, and no others? (about 9 minutes on a calm machine)
	@$(BIN)/python -m benchmarks.compare.selftest

bench-html: $(READY) ## asv's history as web pages, checked in a browser (which it needs) [COMMITS=2] [BENCH=<regex>]
	@$(BIN)/python -m benchmarks.history $(if $(COMMITS),--commits $(COMMITS)) \
	  $(if $(BENCH),--bench '$(BENCH)')

docs: $(READY) ## write docs/cli.md and the tables of spec fields from the code
	$(BIN)/python -m docs.reference

lock: ## resolve the dependencies anew (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate --upgrade -q -o requirements.lock

clean: ## remove the environment and caches
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
