# Everything a person types. Needs GNU make and Python 3.11 or newer, nothing else.
#
#   make demo    set up what running needs, run the whole job on the CDNOW log
#   make test    set up the tools as well, run the tests
#   make test-slow  the tests that take more than about ten seconds each
#   make lint    style, types, layers, spelling
#   make bench   figures and times, as the README quotes them
#   make docs    write the generated pages of docs/ anew
#   make setup   set up all of it and run nothing
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
# What running needs; and, on top of it, what tests, style and documents need.
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
PYTEST_ARGS ?=

# A lock is a complete list: pip has nothing to resolve, so that what has come out since
# makes no difference. (Until 23.3, pip takes the newest release of a package that is
# asked for with an extra, and then refuses it.) `pip check` tells if the list has a gap.
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --no-deps --require-hashes -r
CHECK := $(PIP) check || { echo "The packages in $(VENV) do not go together:" \
	"'make clean' and begin anew." >&2; exit 1; }

.PHONY: help setup demo test test-slow lint bench docs clean

help:
	@sed -n 's/^#   \(make .*\)/\1/p' $(firstword $(MAKEFILE_LIST))

setup: $(DEV_STAMP)

# Done once, and again when the lock or the project's own settings change. The tools, if
# they are there, follow: old ones need not go with a new lock.
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
	@$(PIP) --version >/dev/null 2>&1 || "$(PYTHON)" -m venv $(VENV)
	@echo "Installing what running needs into $(VENV); the first time takes minutes."
	@$(INSTALL) $(if $(wildcard $(DEV_STAMP)),requirements-dev.lock,requirements.lock)
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@$(CHECK)
	@touch $@

# The second lock holds the first.
$(DEV_STAMP): requirements-dev.lock $(STAMP)
	@echo "Installing the tools for tests, style and documents into $(VENV)."
	@$(INSTALL) requirements-dev.lock
	@$(CHECK)
	@touch $@

demo: $(STAMP)
	$(BIN)/regulars demo

# a file to a core, in the order of collection: what takes longest begins first
SPREAD := -n auto --dist loadfile --no-loadscope-reorder

test: setup
	$(BIN)/python -m pytest $(SPREAD) -m "not slow" $(PYTEST_ARGS)

test-slow: setup
	$(BIN)/python -m pytest $(SPREAD) -m slow $(PYTEST_ARGS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

bench: setup
	@set -e; for name in btyd campaigns campaign_allocation campaign_readout endpoint \
		features kpis monitoring quality scoring serving signals truth tuning \
		unseen; do \
		echo "== $$name"; \
		$(BIN)/python benchmarks/$$name.py; \
	done

docs: setup
	$(BIN)/python docs/build.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis \
		.import_linter_cache .coverage
	find src tests benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +
