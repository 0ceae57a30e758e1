# The two commands are `make demo` and `make test`; each sets up what it needs first.
PYTHON ?= $(or $(wildcard .venv/bin/python),python3)
PICKS ?= 5
SEED ?= 0
PYTEST_ARGS ?=
CYCLES_PYTHON ?= python3.11

.PHONY: setup demo cycles test lint format clean

setup:
	@$(PYTHON) tools/bootstrap.py

demo: setup
	@./grasp demo --picks $(PICKS) --seed $(SEED)

# Blender's renderer, for photo-like images of datasets; an environment of its own (docs/images.md).
cycles:
	@$(CYCLES_PYTHON) -m venv .venv-cycles
	@.venv-cycles/bin/python -m pip install --quiet --requirement requirements/cycles.txt
	@.venv-cycles/bin/python -c "import bpy; print('Blender', bpy.app.version_string, 'is ready')"

test: lint
	@. ./env.sh && python -m pytest $(PYTEST_ARGS)

lint: setup
	@. ./env.sh && ruff check . && ruff format --check . && mypy && lint-imports

format: setup
	@. ./env.sh && ruff check --fix . && ruff format .

clean:
	rm -rf .venv build install log
