# segue: `make help` lists what there is.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
CONFIG ?= segue.toml

.PHONY: help demo run test check fmt bench docs lock sim clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "segue needs Python 3.11 or newer; set PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "python venv is missing: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP) ## play a short evening on a simulated house; watch it with `seguectl watch`
	@$(BIN)/segued --demo

run: $(STAMP) ## run the daemon on the real house: make run CONFIG=segue.toml
	@$(BIN)/segued --config $(CONFIG)

check: $(STAMP) ## format, lint, types, import contracts
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: check ## every check that CI runs
	$(BIN)/python -m tests.side_by_side
	@echo "All of segue's checks are green."

fmt: $(STAMP) ## format and mend what can be mended by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

sim: $(STAMP) ## the seeded house simulation: make sim SEEDS=1000 or SEED=42
	$(BIN)/python -m tests.sim $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),200))

bench: $(STAMP) ## measure every promised figure and write docs/figures.md
	$(BIN)/python -m benchmarks

docs: $(STAMP) ## regenerate the tables that are made from the code
	$(BIN)/python -m docs.generate

lock: ## resolve the dependencies anew (needs pip-tools)
	pip-compile --quiet --upgrade --generate-hashes --extra dev --no-header --no-emit-index-url \
	  --no-emit-trusted-host --no-emit-find-links --strip-extras --allow-unsafe -o requirements.lock pyproject.toml

clean: ## remove what the build made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
