# make run    install on first use, then web, worker and clock on http://127.0.0.1:8000/
# make test   the whole test suite            make check   format, lint, types, contracts, docs
# make run PORT=8080 HOST=127.0.0.1 DATA=var DEMO=0

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := run
.DELETE_ON_ERROR:

PYTHON ?= python3
PROCESSES ?= auto
VENV := .venv
BIN := $(VENV)/bin

# What was given is passed on; what was not stays with .env and the defaults.
GIVEN := $(if $(DATA),GATEHOUSE_DATA='$(DATA)') $(foreach name,HOST PORT DEMO,$(if $($(name)),$(name)='$($(name))'))

.PHONY: run test check format docs lock clean

run: $(VENV)/.ready
	@exec env $(GIVEN) $(BIN)/python manage.py up --stop-with-parent

test: $(VENV)/.ready-dev
	@$(BIN)/pytest -n $(PROCESSES) --dist loadgroup $(ARGS)

check: $(VENV)/.ready-dev
	@$(BIN)/ruff format --check --quiet . || { echo 'Formatting differs: make format'; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/mypy
	@$(BIN)/djlint --lint --quiet templates
	@$(BIN)/python manage.py check --fail-level WARNING
	@$(BIN)/python manage.py makemigrations --check --dry-run
	@$(BIN)/python manage.py generate_docs --check
	@echo 'make check: all well'

format: $(VENV)/.ready-dev
	@$(BIN)/ruff check --quiet --fix --select I . || true
	@$(BIN)/ruff format --quiet .

docs: $(VENV)/.ready-dev
	@$(BIN)/python manage.py generate_docs

COMPILE := uv pip compile --quiet --universal --generate-hashes --no-annotate \
    --python-version 3.11 --custom-compile-command 'make lock'

# The lock files: every package with its hash, for every platform. Needs uv.
lock:
	@$(COMPILE) pyproject.toml -o requirements.lock
	@$(COMPILE) -c requirements.lock --group dev pyproject.toml -o requirements-dev.lock

# Installing is the first thing a stranger sees: what is missing is said in one sentence.
$(VENV)/.ready: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo 'Gatehouse needs Python 3.11 or newer as $(PYTHON): install it, or name another with PYTHON=….' >&2; exit 1; }
	@command -v git >/dev/null || { \
	    echo 'Gatehouse needs git, and there is none on PATH: install it and try again.' >&2; exit 1; }
	@echo 'Installing into $(VENV)/ (once)'
	@$(call install,requirements.lock)
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock $(VENV)/.ready
	@echo 'Installing the development tools into $(VENV)/ (once)'
	@$(call install,requirements-dev.lock)
	@touch $@

# uv where it is there and works; else venv and pip. Both check every hash.
define install
if [ ! -x $(BIN)/python ]; then \
    $(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); \
        echo "Gatehouse needs Python's venv module: install it (on Debian: apt install python3-venv)." >&2; exit 1; }; \
fi; \
if command -v uv >/dev/null && uv pip install --quiet --require-hashes --python $(BIN)/python -r $(1) 2>/dev/null; then :; \
else $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1); fi
endef

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
