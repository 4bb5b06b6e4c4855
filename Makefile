# Everything a person types. Needs GNU make and Python 3.11 or newer, nothing else.
#
#   make demo    set up, run the whole job on the CDNOW log, name the results
#   make test    set up, run every test
#   make lint    style, types, layers, spelling
#   make bench   figures and times, as the README quotes them
#   make docs    write the generated pages of docs/ anew
#   make clean   remove what the commands above have made, models and results aside

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first interpreter that is new enough; PYTHON=... on the command line wins.
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 \
	python3.11,$(shell $(name) -c 'import sys; \
	sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST_ARGS ?=

.PHONY: help setup demo test lint bench docs clean

help:
	@sed -n 's/^#   \(make .*\)/\1/p' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP)

# Done once, and again when the lock or the project's own settings change.
$(STAMP): requirements.lock pyproject.toml
	@if [ -z "$(PYTHON)" ]; then \
		echo "regulars needs Python 3.11 or newer; no such python3 was found." \
			"Install one, or name it: make setup PYTHON=/path/to/python3.12" >&2; \
		exit 2; \
	fi
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "regulars needs Python 3.11 or newer; $(PYTHON) is" \
			"$$("$(PYTHON)" --version 2>&1)." >&2; \
		exit 2; \
	}
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make a virtual environment. Install its venv" \
			"module (Debian and Ubuntu: apt-get install python3-venv)." >&2; \
		exit 2; \
	}
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@echo "Installing the locked packages into $(VENV); the first time takes minutes."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --no-build-isolation -e .
	@touch $@

demo: setup
	$(BIN)/regulars demo
	@echo
	@echo "Score file: out/demo/scores.parquet"
	@echo "Report:     out/demo/report.html"

test: setup
	$(BIN)/python -m pytest -n auto --dist loadfile $(PYTEST_ARGS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

bench: setup
	@set -e; for name in btyd features quality tuning unseen; do \
		echo "== $$name"; \
		$(BIN)/python benchmarks/$$name.py; \
	done

docs: setup
	$(BIN)/python docs/build.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis \
		.import_linter_cache .coverage
	find src tests benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +
