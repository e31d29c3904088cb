# Every command a developer types. Set-up is part of each: a machine with Python 3.11, git and make is enough.
.DEFAULT_GOAL := help
.PHONY: help demo test check bench docs clean

BIN := .venv/bin
PYTEST := $(BIN)/pytest -n 2 --dist loadgroup

help: ## list these commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 14

demo: .venv/.ready ## 30 days of a simulated site into demo/ledger and its usage report into demo/report
	$(BIN)/gpuledger demo --out demo
	@echo "gpuledger is in $(BIN): source $(BIN)/activate"

test: .venv/.ready-dev check ## check, then every test (real PostgreSQL, Spark, Slurm and Chromium where they are installed)
	@bash scripts/debian_packages.sh
	$(PYTEST)

check: .venv/.ready-dev ## format, lint, types, import contracts, dead code, dependencies
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/vulture
	$(BIN)/deptry src

bench: .venv/.ready-dev ## what is fast, each beside its limit (BENCH="--quick" for a short look)
	$(BIN)/python -m benchmarks $(BENCH)

docs: .venv/.ready-dev ## write docs/reference from the code (a test fails when it is stale)
	$(BIN)/python docs/generate.py

clean: ## remove what these commands made (.venv, .uv, demo, caches)
	rm -rf .venv .uv demo benchmarks/data benchmarks/results .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Once set up, nothing here needs the network: the stamps are as new as the lock.
.venv/.ready: pyproject.toml uv.lock scripts/uv.sh Makefile
	bash scripts/uv.sh sync --frozen --inexact --no-default-groups --extra server
	@touch $@

.venv/.ready-dev: pyproject.toml uv.lock scripts/uv.sh
	bash scripts/uv.sh sync --frozen --inexact --group spark --all-extras
	@touch .venv/.ready $@
