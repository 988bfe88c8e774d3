# Everything is set up from here: a fresh clone needs Python 3.11 or newer, git and make, and nothing else.
.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-extra test-lowest test-package test-pythons lint format docs docs-site pictures lock clean

# Candidates, best first; name your own with: make PYTHON=/path/to/python ...
PYTHON ?= python3 python3.13 python3.12 python3.11
SUITABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
BIN := .venv/bin
READY := .venv/.ready
EXTRA := .venv-extra
# A process for each core: pytest-xdist, kept by the makers of pytest.
SIDE_BY_SIDE := --numprocesses auto --maxprocesses 8 --dist worksteal
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## the whole pipeline on a generated world, offline once set up
	$(BIN)/rlvr-atlas demo demo-workspace

test: lint ## the checks, and every test of the core
	$(BIN)/python -m pytest -m "not extra" $(SIDE_BY_SIDE)

test-all: test test-extra test-lowest test-package test-pythons ## the same, with extras, old versions, other Pythons

# One thread each: on a machine that is shared, two threads of torch wait for each other more than they work. A
# file stays with one process, which starts its browser, its server or its cluster once.
test-extra: $(EXTRA)/.ready
	OMP_NUM_THREADS=1 $(EXTRA)/bin/python -m pytest -m extra --numprocesses auto --maxprocesses 2 --dist loadfile

# Where other versions of Python or of a package show: settings, every reader of files, every stage of a run, the
# workspace, the command line. `make test-lowest TESTS=tests` runs the whole core.
TESTS := tests/config tests/load/test_load_formats.py tests/load/test_load_containers.py tests/load/test_load_csv.py \
    tests/cli tests/test_pipeline.py tests/workspace/test_store.py
# $(call with_python,VERSION,FOLDER,LOCK): a fresh environment and the tests in it, or a line that says that there is none.
# pyenv's commands choose by PYENV_VERSION; others ignore it.
define with_python
	@if PYENV_VERSION=$(1) python$(1) -c '$(SUITABLE)' 2>/dev/null; then \
	    echo "Python $(1) with $(3):"; \
	    PYENV_VERSION=$(1) python$(1) -m venv --clear $(2) \
	    && $(2)/bin/python -m pip --disable-pip-version-check install --quiet --no-compile --require-hashes --requirement $(3) \
	    && $(2)/bin/python -m pip --disable-pip-version-check install --quiet --no-build-isolation --no-deps --editable . \
	    && $(2)/bin/python -m pytest -m "not extra and not real" $(SIDE_BY_SIDE) $(TESTS); \
	else \
	    echo "SKIPPED: no Python $(1) on this machine, nothing is tested with it and $(3)."; \
	fi
endef

test-lowest: ## a part of the tests with the lowest versions that pyproject.toml allows, on Python 3.11
	$(call with_python,3.11,.venv-lowest,requirements/lowest.lock)

test-pythons: ## the same part on each further Python that is on this machine
	$(call with_python,3.12,.venv-3.12,requirements/dev.lock)
	$(call with_python,3.13,.venv-3.13,requirements/dev.lock)

# The wheel is built from the sdist, so that both are tried. Commands run outside the clone, where no source tree helps.
PACKAGE := .venv-package
test-package: $(READY) ## build sdist and wheel, look what is in them, install the wheel and use it elsewhere
	rm -rf dist $(PACKAGE)
	$(BIN)/hatchling build --target sdist
	$(BIN)/python -m pip --disable-pip-version-check wheel --quiet --no-build-isolation --no-deps --wheel-dir dist dist/*.tar.gz
	$(BIN)/python .ci/check_package.py dist
	$(BIN)/python -m venv $(PACKAGE)
	$(PACKAGE)/bin/python -m pip --disable-pip-version-check install --quiet --no-compile --require-hashes --requirement requirements/dev.lock
	$(PACKAGE)/bin/python -m pip --disable-pip-version-check install --quiet --no-deps dist/*.whl
	here=$$PWD && elsewhere=$$(mktemp -d) && trap 'rm -rf "$$elsewhere"' EXIT && cd "$$elsewhere" && unset PYTHONPATH \
	    && $$here/$(PACKAGE)/bin/rlvr-atlas --help > help && $$here/$(PACKAGE)/bin/rlvr-atlas registry list --json > registry.json \
	    && $$here/$(PACKAGE)/bin/rlvr-atlas demo world && test -s world/report.html

lint: $(READY) ## style, types, and which module may import which
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/python -m mypy
	$(BIN)/lint-imports

format: $(READY) ## put the style right
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(READY) ## write the command reference, docs/cli.md, and the page of the registry
	$(BIN)/python -m typer rlvr_atlas.cli utils docs --name rlvr-atlas --output docs/cli.md
	$(BIN)/rlvr-atlas registry page --out docs/registry-entries.md

# Not with --quiet: then MkDocs counts no warning, and strict mode fails at none.
docs-site: .venv-docs/.ready ## build the documentation as a site, in site/; a broken link is an error
	.venv-docs/bin/mkdocs build --strict

# Of generated worlds. Look at each picture before it is committed.
PICTURED := build/pictured
pictures: $(EXTRA)/.ready ## take the pictures in docs/images anew; minutes
	OMP_NUM_THREADS=1 $(EXTRA)/bin/rlvr-atlas demo $(PICTURED)/demo
	OMP_NUM_THREADS=1 $(EXTRA)/bin/rlvr-atlas demo --sca $(PICTURED)/sca
	$(EXTRA)/bin/python .ci/pictures.py $(PICTURED)/demo $(PICTURED)/sca

.venv-docs/.ready: requirements/docs.txt | $(READY)
	$(BIN)/python -m venv --clear .venv-docs
	.venv-docs/bin/python -m pip --disable-pip-version-check install --quiet --requirement requirements/docs.txt
	@touch $@

lock: $(READY) ## resolve requirements/{dev,lowest}.lock anew (make lock UPGRADE=--upgrade for newer versions)
	$(PIP) uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(UPGRADE) \
	    --extra dev --output-file requirements/dev.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --resolution lowest-direct --python-version 3.11 --generate-hashes --no-annotate \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(UPGRADE) \
	    --extra dev --output-file requirements/lowest.lock pyproject.toml

clean: ## remove what was made here: the environment, caches, the demo's workspace
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist site demo-workspace
	find src tests -type d -name __pycache__ -prune -exec rm -rf {} +

# Bytecode is compiled when a module is first imported: compiling all of it here would double the wait. A first
# command compiles what most commands import. PYTHONDONTWRITEBYTECODE is emptied for it: where it is set, as in many
# containers, nothing would ever be compiled, and every command would spend most of its time on that.
WARM_UP := import rlvr_atlas.explain, rlvr_atlas.match; from rlvr_atlas.cli import app; app(["registry", "list"])
$(READY): requirements/dev.lock pyproject.toml
	@$(BIN)/python -c '$(SUITABLE)' 2>/dev/null || { \
	    for python in $(PYTHON); do \
	        if $$python -c '$(SUITABLE)' 2>/dev/null; then found=$$python; break; fi; \
	    done; \
	    if [ -z "$$found" ]; then \
	        echo "No Python 3.11 or newer with its venv module among: $(PYTHON)." >&2; \
	        echo "Install one (Debian, Ubuntu: apt install python3 python3-venv) or name it:" >&2; \
	        echo "    make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; \
	        exit 1; \
	    fi; \
	    echo "Setting up .venv with $$($$found --version); this happens once."; \
	    $$found -m venv --clear .venv; \
	}
	$(PIP) --no-compile --require-hashes --requirement requirements/dev.lock
	$(PIP) --no-build-isolation --no-deps --editable .
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -c '$(WARM_UP)' > /dev/null
	@touch $@

# The extras' packages in an environment of their own, so that the core's stays without torch. verl comes without
# what it depends on, because it wants other versions of it than trl; its configuration and its dataset class, which is
# all that is looked at, do with what requirements/extra.txt names.
EXTRA_PIP := $(EXTRA)/bin/python -m pip --disable-pip-version-check install --quiet
$(EXTRA)/.ready: requirements/extra.txt requirements/dev.lock pyproject.toml | $(READY)
	@echo "Setting up $(EXTRA) for the tests of the extras; this happens once and takes minutes."
	$(BIN)/python -m venv $(EXTRA)
	$(EXTRA_PIP) torch==2.13.0
	$(EXTRA_PIP) --requirement requirements/extra.txt
	$(EXTRA_PIP) --no-deps verl==0.9.1
	$(EXTRA_PIP) --editable '.[dev]'
	@touch $@
