# oneplace: `make demo` runs the example place, `make test` runs the tests; both build .venv themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export UV_PYTHON_DOWNLOADS := never
PORT ?= 8000

.PHONY: demo test env dev-env check bench assurance fix lock clean

env: $(VENV)/.base
dev-env: $(VENV)/.dev

# uv when it is there, else venv and pip: both install exactly the hashed lock.
$(VENV)/.base: requirements.lock pyproject.toml
	@$(PYTHON) tools/environment.py $(VENV) requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.base
	@$(PYTHON) tools/environment.py $(VENV) requirements-dev.lock
	@touch $@

demo: env
	@$(BIN)/oneplace demo --port $(PORT) $(if $(PLACE),--place "$(PLACE)")

test: dev-env
	@$(BIN)/python tools/test.py

check: dev-env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/contracts

bench: dev-env
	@for script in benchmarks/bench_*.py; do $(BIN)/python $$script || exit 1; done

assurance: dev-env
	@$(BIN)/python tools/assurance.py

fix: dev-env
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Written without an index line, so that no registry's address is committed.
lock:
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --extra build pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --extra build --extra dev pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) build .pytest_cache .ruff_cache .mypy_cache .import_linter_cache
