# Needs python3 (3.11, 3.12 or 3.13) and make; everything else is installed into this folder.
SHELL := /bin/sh
.DEFAULT_GOAL := help

UV_VERSION := 0.13.9
PYTHON ?= $(shell for v in 3.11 3.12 3.13; do for p in python3 python$$v; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	&& command -v $$p && exit; done; done)
TOOLS := .venv-tools
UV := $(TOOLS)/bin/uv
BIN := .venv/bin
PY := $(BIN)/python
SYNCED := .venv/.nodback-synced
# This environment's node comes first, so that no installed one is needed or used.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export UV_PYTHON_DOWNLOADS := never
# The service's package is no distribution: the layer's folder is where it lives.
export PYTHONPATH := $(CURDIR)/layers/core/python
unexport VIRTUAL_ENV

.PHONY: help demo demo-check test test-crewai-matrix check synth bench fuzz screenshots clean

help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(SYNCED) ## Run the whole service here, open a review and wait for your answer
	@$(PY) -m infra.local.demo

demo-check: $(SYNCED) ## Play the same story without you, and check it
	@$(PY) -m infra.local.demo --check

test: $(SYNCED) ## Run all tests, those on the embedded stack beside the others
	@$(PY) -m tests.side_by_side

test-crewai-matrix: $(SYNCED) ## Run the SDK's flow tests on crewAI 1.8.0 to the newest, and write the table in docs/flow-authors.md
	@$(PY) -m tests.sdk.matrix $(VERSIONS)

check: $(SYNCED) ## Format, lint, types, and the rules for the templates
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(PY) -m infra.checks

synth: $(SYNCED) ## Synthesise the templates into cdk.out: make synth CONTEXT='{"stage": "prod"}'
	@$(PY) -m infra.synth cdk.out $(if $(CONTEXT),'$(CONTEXT)')

bench: $(SYNCED) ## Measure what the design promises, as ratios in one run
	@$(UV) sync --frozen --quiet --group bench --inexact
	@$(PY) -m bench

fuzz: $(SYNCED) ## Search for inputs that break things, for as long as it takes
	@NODBACK_FUZZ_SCALE=$${NODBACK_FUZZ_SCALE:-100} $(PY) -m pytest tests -m fuzz

screenshots: $(SYNCED) ## Take the pictures of the documentation
	@$(PY) -m tests.browser.screenshots

clean: ## Remove everything that was made here: environments, builds, the embedded stack and its data
	rm -rf .venv $(TOOLS) .nodback cdk.out node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(UV):
	@test -n "$(PYTHON)" || { echo "nodback needs Python 3.11, 3.12 or 3.13; none was found" >&2; exit 1; }
	@echo "installing uv $(UV_VERSION) into $(TOOLS)"
	@$(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(SYNCED): uv.lock pyproject.toml sdk/pyproject.toml | $(UV)
	@echo "installing the packages of uv.lock into .venv"
	@$(UV) sync --frozen --quiet --python $(TOOLS)/bin/python
	@touch $@
