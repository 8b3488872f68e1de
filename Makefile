# Every target sets up what it needs, once: .venv from requirements.lock, .tools from Debian packages.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TENANT ?=
AGAINST ?=
PROMETHEUS ?=
# Half of the tests wait for servers: more of them at once than there are cores.
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) + 2 )))
CASES ?= 50000

.PHONY: help build check deploy diff preview setup-alerts validate test fuzz tools lint format golden bench bench-check clean distclean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | column -t -s '|'

build: $(READY) ## Compile TENANT=x (all without it) into output/, verified with promtool and amtool
	@$(BIN)/python -m generator.tools install || true
	@$(BIN)/tocsin build $(TENANT)

check: $(READY) ## Check TENANT=x (all without it) with the real tools; write nothing
	@$(BIN)/python -m generator.tools install
	@$(BIN)/tocsin check $(TENANT)

setup-alerts: $(READY) ## Begin TENANT=x (its spec is kept if it is there), build and check it
	@test -n "$(TENANT)" || { echo "name the tenant: make setup-alerts TENANT=acme" >&2; exit 2; }
	@$(BIN)/python -m generator.tools install || true
	@test -f specs/tenants/$(TENANT).yaml || $(BIN)/tocsin init $(TENANT)
	@$(BIN)/tocsin build $(TENANT)
	@$(BIN)/tocsin check $(TENANT)

validate: check ## The same as check

deploy: $(READY) ## Put output/ of TENANT=x (all without it) on the servers that platform.yaml names, and verify
	@$(BIN)/python -m generator.tools install || true
	@$(BIN)/tocsin deploy $(TENANT)

diff: $(READY) ## Say what the specs of TENANT=x (all without it) would change in output/; AGAINST=rev
	@$(BIN)/tocsin diff $(TENANT) $(if $(AGAINST),--against $(AGAINST))

preview: $(READY) ## Draw the dashboards of TENANT=x as pages in preview/x; PROMETHEUS=url gives them data
	@$(BIN)/tocsin preview $(TENANT) $(if $(PROMETHEUS),--prometheus $(PROMETHEUS))

test: $(READY) ## Run every test; needs the real tools and fetches them
	@$(BIN)/python -m generator.tools install
	@$(BIN)/python -m tests.judges || true
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal

fuzz: $(READY) ## Run the random tests of PromQL, isolation and specs on up to CASES new cases each
	@$(BIN)/python -m generator.tools install
	@$(BIN)/python -m tests.judges || true
	@export TOCSIN_CASES=$(CASES) TOCSIN_SEED="$${TOCSIN_SEED:-$$(date +%s)}"; \
	  echo "fuzz: TOCSIN_SEED=$$TOCSIN_SEED TOCSIN_CASES=$$TOCSIN_CASES"; \
	  $(BIN)/pytest -n $(WORKERS) --dist worksteal tests/promql tests/spec/test_fuzz.py

tools: $(READY) ## Put promtool, prometheus, amtool and alertmanager under .tools/, three generations
	@$(BIN)/python -m generator.tools install
	@$(BIN)/python -m tests.judges || true

lint: $(READY) ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY) ## Lay the code out
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

golden: $(READY) ## Write output/ and the generated docs anew, to be reviewed and committed
	@$(BIN)/tocsin build --verify=off
	@$(BIN)/python -m generator.render.reference docs/reference.md
	@$(BIN)/python -m generator.render.packs_page docs/packs.md
	@$(BIN)/python -m generator.render.channels_page docs/channels.md

bench: $(READY) ## Measure; results go to bench/results/
	@for script in bench/bench_*.py; do $(BIN)/python $$script; done

bench-check: $(READY) ## Compare the speed of building with what runs beside it: ratios, never times
	@$(BIN)/python bench/check_ratios.py

clean: ## Remove caches
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .tocsin-cache build *.egg-info
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean ## Remove .venv and .tools as well
	@rm -rf $(VENV) .tools

$(READY): pyproject.toml requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "python3 (3.11 or later) is not on PATH" >&2; exit 3; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed; name one with PYTHON=..." >&2; exit 3; }
	@$(PYTHON) -m venv --clear $(VENV) \
	  || { echo "python3 cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 3; }
	@echo "setting up $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $(READY)
