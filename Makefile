SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow lint types bench reports docs clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found; set PYTHON=/path/to/python" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@

demo: $(READY) ## simulate a market, design, run and analyse a campaign, write demo/report.html
	$(BIN)/uplift demo --out demo

test: $(READY) ## run all tests but the slow simulations
	$(BIN)/python -m pytest -m 'not slow' -n auto --cov --cov-report=term

test-slow: $(READY) ## run the slow simulations too (half an hour)
	$(BIN)/python -m pytest

lint: $(READY) ## check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## check types
	$(BIN)/mypy

bench: $(READY) ## measure the whole path at 1 M customers (needs 8 GB and a few minutes)
	$(BIN)/python bench/whole_path.py

reports: $(READY) ## render the gallery; CHECK=1 compares it with what is there
	$(BIN)/python reports/render.py $(if $(CHECK),--check)

docs: $(READY) ## check that the pages under docs/ and README.md run
	$(BIN)/python -m pytest tests/test_docs.py -q

clean: ## remove what the other targets made
	rm -rf demo build dist .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis $(VENV)
