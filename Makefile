# The tasks of a developer. `make` without a target lists them.
#   PYTHON  the interpreter for the virtual environment; by default the first suitable one
#   VENV    the path of that environment
#   JOBS    how many tests run at once; by default two per processor, because tests often wait
#   TESTS   with `make test`: files or folders, instead of all tests
#   ENGINE  with `make test`: the Docker engine to run on, 20.10, 26 or 26-containerd
#   OPTIONS with `make try`: options of `quaymaster try`, such as --reset or --remove
#   YES     with `make try` and `make test`: install missing packages without asking
#   UPGRADE with `make requirements`: newest versions, instead of the pinned ones
VENV ?= .venv
JOBS ?= $(shell expr 2 \* $$(nproc))
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
TRYABLE := $(VENV)/.tryable
TYPED := programs bot workers quaymaster local_slack trial testing tests bench

# Programs that a test starts, and each of the processes that collect tests, would otherwise compile
# all of it again.
unexport PYTHONDONTWRITEBYTECODE

COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-package quaymaster --no-emit-package quaymaster-try \
	--no-emit-index-url --no-header --no-annotate $(if $(UPGRADE),--upgrade)

.PHONY: help install lint check test test-engines protections screenshots bare bench try requirements pin-images clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

install: $(INSTALLED) ## virtual environment with the project and its tools

# Versions and hashes are in requirements/; packages come from the index that the machine uses.
$(INSTALLED): pyproject.toml try/pyproject.toml requirements/dev.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable . --editable ./try
	@touch $@ $(TRYABLE)

# What a newcomer needs, without a developer's tools.
$(TRYABLE): pyproject.toml try/pyproject.toml requirements/try.txt requirements/build.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/try.txt --requirement requirements/build.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable . --editable ./try
	@touch $@

$(BIN)/python:
	@python=$$(PYTHON='$(PYTHON)' .ci/python) && "$$python" -m venv $(VENV)

check: lint ## lint and the fast tests: three to four minutes on two cores
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m 'not engine' --hypothesis-profile quick

lint: install ## format, rules, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(TYPED)
	$(BIN)/lint-imports

test: export QUAYMASTER_TEST_ENGINE = $(ENGINE)
test: ## every test, including those on real engines; TESTS=… for some of them
	@.ci/prepare test
	@$(MAKE) --no-print-directory install
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(TESTS)

test-engines: install ## tests that depend on the engine, on the engines that `make test` does not use
	for engine in $$($(BIN)/python -m testing.engines.kinds); do \
		echo "== $$engine"; \
		QUAYMASTER_TEST_ENGINE=$$engine $(BIN)/python -m pytest -n $(JOBS) --dist worksteal \
			-m every_engine $$(grep -rl every_engine --include='test_*.py' tests) || exit; \
	done

protections: install ## remove each protection in turn and expect its test to turn red
	$(BIN)/python -m tests.protections

screenshots: install ## retake the pictures of the chat page during its tour
	SCREENSHOTS=docs/screenshots $(BIN)/python -m pytest -n 0 tests/page/test_tour.py

bare: install ## type the two commands of the README on a bare Debian 12 and 13; ONLY=bookworm for one
	$(BIN)/python -m tests.bare $(ONLY)

bench: install ## ratios against what you would use instead; ONLY=name for one row
	$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY))

try: export TRIED_AS = make try OPTIONS=
try: ## the whole product without Slack, on a chat page on this machine
	@.ci/prepare try $(OPTIONS)
	@$(MAKE) --no-print-directory $(TRYABLE)
	$(BIN)/quaymaster try $(OPTIONS)

requirements: install ## update versions and hashes after a change to pyproject.toml; UPGRADE=1 for the newest
	$(BIN)/uv $(COMPILE) --extra try --group dev --output-file requirements/dev.txt pyproject.toml
	$(BIN)/uv $(COMPILE) --extra try --constraint requirements/dev.txt --output-file requirements/try.txt pyproject.toml
	$(BIN)/uv $(COMPILE) --extra scanner --constraint requirements/dev.txt --output-file requirements/run.txt pyproject.toml
	$(BIN)/uv $(COMPILE) --group build --constraint requirements/dev.txt --output-file requirements/build.txt

pin-images: ## write the current digests of the base images beside their tags
	.ci/pin-images

clean: ## remove the virtual environment and every cache
	rm -rf $(VENV) .mypy_cache .ruff_cache .import_linter_cache .hypothesis
