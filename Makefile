# What one may ask for; `make` alone lists it. A bare Debian needs: apt-get install make python3 python3-venv
#
#   make test ARGS="-k callback"     passes words on to pytest
#   make PYTHON=python3.12 test      with another Python
#   make demo PORT=8080              on another port; every variable is in sandbox/config/settings.py

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
HOSTILE_EXAMPLES ?= 300
ROUNDS ?= 200
ORDERS ?= 500
STEPS ?= 40
LANES ?= 1
BENCH ?= figures callbacks size sync dashboard
ROWS ?= 1000000
POSTGRES_URL ?= postgres://postgres@127.0.0.1:5432/shop

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

# Tests start many processes, each of which would compile everything that it imports anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
# Two installations into one environment would disturb each other.
.NOTPARALLEL:
.PHONY: help demo test coverage lint format types layers matrix races kills browser walkthroughs docs pictures package bench figures stateful mutations hostile ci clean groups

help: ## list what one may ask for
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.has-demo ## serve the sandbox store and the Ping simulator; Ctrl-C stops both
	@$(BIN)/python sandbox/demo.py

test: $(VENV)/.has-test ## run the default suite
	$(BIN)/python -m pytest -n 3 --dist worksteal $(ARGS)

coverage: $(VENV)/.has-test ## and with it shops that are not stock, and upgrades; every branch of the package must be covered
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term-missing --cov-fail-under=100 \
		tests/unit tests/integration tests/installations $(ARGS)

lint: $(VENV)/.has-lint ## ruff: faults and format; bandit: what is unsafe
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive oscar_pingpayments sandbox

format: $(VENV)/.has-lint ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.has-lint ## mypy --strict
	$(BIN)/mypy

layers: $(VENV)/.has-lint ## import-linter: imports point down
	$(BIN)/lint-imports --no-logo

matrix: ## the suite on every Python, Django and database that is promised
	.ci/run matrix

races: $(VENV)/.has-test ## two actors in the same instant, 200 times each, on PostgreSQL; says who won (ROUNDS=200)
	DATABASE_URL=$(POSTGRES_URL) ROUNDS=$(ROUNDS) $(BIN)/python -m pytest -n 2 --dist worksteal --create-db \
		tests/concurrency $(ARGS)

kills: $(VENV)/.has-bench ## kill workers while payers pay; shop and Ping must agree on every order (ORDERS=500, KILLS_SEED)
	DATABASE_URL=$(POSTGRES_URL) ORDERS=$(ORDERS) $(BIN)/python -m pytest -n 0 --create-db --show-capture=no \
		tests/kills $(ARGS)

browser: $(VENV)/.has-browser ## the journeys in headless Chromium; screenshots in build/screenshots
	$(BIN)/python -m pytest -n 0 tests/browser $(ARGS)

walkthroughs: $(VENV)/.has-test ## follow the tutorial, the how-tos and the sandbox store as their readers do
	$(BIN)/python -m pytest -n 2 tests/walkthroughs $(ARGS)

docs: $(VENV)/.has-docs ## the documentation, into build/docs; a warning is an error
	$(BIN)/sphinx-build --fail-on-warning --keep-going --builder html docs build/docs

pictures: $(VENV)/.has-browser ## the how-tos' pictures, from the screenshots that `make browser` has left
	$(BIN)/python docs/pictures.py

package: ## wheel and sdist, and a payment in a new shop that installs the wheel
	.ci/run package

bench: $(VENV)/.has-bench ## print the figures beside what is promised (BENCH="callbacks size sync dashboard", ROWS, POSTGRES_URL)
ifneq ($(filter figures,$(BENCH)),)
	@DATABASE_URL=$(POSTGRES_URL) $(BIN)/python -m pytest -n 0 -s -q --create-db tests/integration/shop/test_figures.py \
		"tests/concurrency/test_races.py::test_c1_twenty_callbacks_at_once_have_one_effect" $(ARGS) | grep promised
endif
ifneq ($(filter-out figures,$(BENCH)),)
	@DATABASE_URL=$(POSTGRES_URL) $(BIN)/python -m tests.benchmarks --rows $(ROWS) $(filter-out figures,$(BENCH))
endif

stateful: $(VENV)/.has-test ## anything in any order, with a fresh seed that is printed (EXAMPLES=300 or MINUTES=3, SEED, STEPS, LANES, SHRINK=1)
	@seed=$${SEED:-$$($(BIN)/python -c 'import secrets; print(secrets.randbelow(10**9))')}; \
	echo "SEED=$$seed"; \
	STATEFUL_SEED=$$seed STATEFUL_EXAMPLES=$${EXAMPLES:-$(if $(MINUTES),,300)} STATEFUL_MINUTES=$(MINUTES) \
		STATEFUL_STEPS=$(STEPS) STATEFUL_LANES=$(LANES) STATEFUL_SHRINK=$(SHRINK) \
		$(BIN)/python -m pytest -n $(if $(filter 1,$(LANES)),0,$(LANES)) --create-db --show-capture=no tests/stateful $(ARGS)

mutations: $(VENV)/.has-test ## take out one behaviour of the product at a time; which of `make stateful`'s invariants notices? (MINUTES=3 for each, SEED)
	@MINUTES=$(MINUTES) SEED=$(SEED) $(BIN)/python -m tests.stateful.mutations $(ARGS)

hostile: $(VENV)/.has-bench ## what nobody honest sends, and a search for secrets everywhere (HOSTILE_EXAMPLES=300, HOSTILE_SEED)
	HOSTILE_EXAMPLES=$(HOSTILE_EXAMPLES) $(BIN)/python -m pytest -n 0 --show-capture=no tests/hostile $(ARGS)

ci: ## all that must hold before a change lands
	.ci/run

clean: ## take away what these commands have made
	rm -rf $(VENV) build dist sandbox/var .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.made:
	@command -v $(PYTHON) > /dev/null || { \
		echo "There is no $(PYTHON). On Debian: apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or later is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
		echo "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { \
		echo "Python's venv is missing. On Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --quiet --upgrade 'pip>=25.1'  # earlier ones do not know dependency groups
	@touch $@

groups: $(VENV)/.made  # several at once, which takes half the time of one after the other
	@$(PIP) install --progress-bar off --quiet --editable . $(GROUPS:%=--group %)
	@touch $(GROUPS:%=$(VENV)/.has-%)

# One file for each dependency group that is in: a second run starts at once.
$(VENV)/.has-%: pyproject.toml $(VENV)/.made
	@echo "Installing what '$*' needs; the first time takes a minute or two ..."
	@$(PIP) install --progress-bar on --editable . --group $*
	@touch $@
