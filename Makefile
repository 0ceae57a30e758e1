# The two commands are `make demo` and `make test`; each sets up what it needs first.
PYTHON ?= python3
PICKS ?= 5
SEED ?= 0
PYTEST_ARGS ?=

.PHONY: setup demo test lint format clean

setup:
	@$(PYTHON) tools/bootstrap.py

demo: setup
	@./grasp demo --picks $(PICKS) --seed $(SEED)

test: lint
	@. ./env.sh && python -m pytest $(PYTEST_ARGS)

lint: setup
	@. ./env.sh && ruff check . && ruff format --check . && mypy && lint-imports

format: setup
	@. ./env.sh && ruff check --fix . && ruff format .

clean:
	rm -rf .venv build install log out
