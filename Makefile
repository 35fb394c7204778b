# make run: try it; ARGS are options of gridgift demo, as in make run ARGS='--port 8081'.
# make test: all tests; ARGS are options of pytest, as in make test ARGS='-k holds'. make check: lint,
# types, tests. make race-test, make crash-test and make rolling-test: the long forms of three of them
# (ROUNDS=…). make lock: after a change of the dependencies in pyproject.toml. make bench: how fast it
# is here (only=read,page engine=sqlite seconds=5 rounds=3 small=1); docs/performance.md says what it
# measures. make screenshots: pictures of all pages anew. make help: this.

PYTHON ?= python3
BIN := .venv/bin
STAMPS := .venv/.stamps
OPENAPI := .venv/openapi
NODE_FILES := package.json package-lock.json .npmrc
ARGS ?=
# tests that run at once: they wait for disks and for each other's processes more than they compute
JOBS ?= 4

.PHONY: help run test race-test crash-test rolling-test bench screenshots check lint types lock clean

run: $(STAMPS)/run
	@$(BIN)/gridgift demo $(ARGS)

help:
	@sed -n 's/^# //p; /^$$/q' Makefile

test: $(STAMPS)/dev $(STAMPS)/openapi
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

race-test: $(STAMPS)/dev
	@$(BIN)/python -m tests.races --rounds $(or $(ROUNDS),200)

crash-test: $(STAMPS)/dev
	@$(BIN)/python -m tests.crash --rounds $(or $(ROUNDS),50)

rolling-test: $(STAMPS)/dev
	@$(BIN)/python -m tests.rolling --rounds $(or $(ROUNDS),10)

bench: $(STAMPS)/bench
	@$(BIN)/python -m bench $(if $(only),--only $(only)) $(if $(engine),--engine $(engine)) \
		$(if $(seconds),--seconds $(seconds)) $(if $(rounds),--rounds $(rounds)) \
		$(if $(small),--small) $(ARGS)

screenshots: $(STAMPS)/dev
	@$(BIN)/python -m tests.browser.screenshots

check: lint types test

lint: $(STAMPS)/dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(STAMPS)/dev
	@$(BIN)/mypy

# Resolved for every platform and every supported Python; hashes only, no addresses.
lock: $(STAMPS)/dev
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-emit-index-url \
		--custom-compile-command "make lock" --python-version 3.11 \
		pyproject.toml --extra redis --group build -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-emit-index-url \
		--custom-compile-command "make lock" --python-version 3.11 \
		pyproject.toml --extra redis --group dev -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-emit-index-url \
		--custom-compile-command "make lock" --python-version 3.11 \
		pyproject.toml --group bench -o requirements-bench.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-emit-index-url \
		--custom-compile-command "make lock" --python-version 3.11 \
		--group pyproject.toml:openapi -o requirements-openapi.lock
	@cd tests/openapi && npm install --package-lock-only --silent

clean:
	rm -rf .venv test-results .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(STAMPS)/run: requirements.lock pyproject.toml | $(STAMPS)
	@echo "Installing what Gridgift needs (a minute, once) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(STAMPS)/dev: requirements-dev.lock pyproject.toml | $(STAMPS)
	@echo "Installing what Gridgift and its tests need (a few minutes, once) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@ $(STAMPS)/run

$(STAMPS)/bench: requirements-bench.lock pyproject.toml | $(STAMPS)
	@echo "Installing what Gridgift and its benchmark need (a minute, once) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@ $(STAMPS)/run

# What reads the OpenAPI document in the tests, apart from all else: its versions are its own.
$(STAMPS)/openapi: requirements-openapi.lock $(addprefix tests/openapi/,$(NODE_FILES)) | $(STAMPS)
	@echo "Installing linters of OpenAPI and generators of clients (a minute, once) …"
	@$(BIN)/python -m venv $(OPENAPI)
	@$(OPENAPI)/bin/pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements-openapi.lock
	@cp $(addprefix tests/openapi/,$(NODE_FILES)) $(OPENAPI)
	@if command -v npm >/dev/null; then npm ci --silent --prefix $(OPENAPI); \
		else echo "Without npm, the tests of what is written for Node are skipped."; fi
	@touch $@

$(STAMPS):
	@$(PYTHON) -c 'import sys; sys.exit("Gridgift needs Python 3.11 or newer; try: make PYTHON=python3.12 …" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv
	@mkdir -p $@
