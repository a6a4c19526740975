# What a newcomer needs: `make demo` and `make test`. Each target sets up .venv by itself, and again when a pin has changed.
# Needs only Python 3.11 or later and make; no root, no services. Another interpreter: make PYTHON=python3.13 demo
PYTHON ?= python3
JOBS ?= 2

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation -c constraints.txt
PLUGINS := $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))
PACKAGES := orderyard $(foreach plugin,$(PLUGINS),orderyard_$(notdir $(plugin)))
WITH_TESTS := $(patsubst %/pyproject.toml,%,$(shell grep -ls '^test *=' plugins/*/pyproject.toml))
PINS := constraints.txt pyproject.toml src/build_hook.py $(PLUGINS:%=%/pyproject.toml)

# A virtual environment of ours must not be bent by what the shell around it has set.
unexport PYTHONHOME PYTHONPATH VIRTUAL_ENV PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV

.PHONY: help demo demo-once test bench bench-channels check format words lock clean
.DELETE_ON_ERROR:

help:
	@echo 'make demo       the whole road on simulators, with the console in your browser; Ctrl-C ends it'
	@echo 'make demo-once  the same road once, with its figures as one JSON object'
	@echo 'make test       every test, on SQLite and on a real PostgreSQL'
	@echo 'make bench      ours beside hand-written SQL and django-oscar, on both databases; BENCH=intake,ship for some of it'
	@echo 'make bench-channels  a storm over four channels beside a calm run; ORDERS=1000 for a shorter one'
	@echo 'make check      lint, format and types'
	@echo 'make format     put the code into its form'
	@echo 'make words      find new words and sentences for the translations, and compile what is translated'
	@echo 'make lock       resolve the pins anew (constraints.txt, requirements.lock)'
	@echo 'make clean      remove .venv and everything that was built'

demo: $(VENV)/ready-to-run
	@$(BIN)/orderyard demo

demo-once: $(VENV)/ready-to-run
	@$(BIN)/orderyard demo --once --json

test: $(VENV)/ready-to-test
	@echo 'orderyard: running the tests on SQLite and PostgreSQL, $(JOBS) at a time'
	@$(BIN)/pytest -q -n $(JOBS) --dist worksteal -rfEs

# BENCH and DATABASE choose; BENCH_WITH='--scale 0.2 --no-peer' says more, see benchmarks/README.md.
bench: $(VENV)/ready-to-test
	@$(BIN)/python benchmarks/run.py $(if $(BENCH),--bench $(BENCH)) $(if $(DATABASE),--database $(DATABASE)) $(BENCH_WITH)

bench-channels: $(VENV)/ready-to-test
	@$(BIN)/python benchmarks/channels.py $(if $(ORDERS),--orders $(ORDERS))

check: $(VENV)/ready-to-develop
	@code=0; \
	$(BIN)/ruff check || code=1; \
	$(BIN)/ruff format --check || code=1; \
	$(BIN)/mypy $(PACKAGES:%=-p %) || code=1; \
	exit $$code

format: $(VENV)/ready-to-develop
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

# $(call update,domain,source,translations): what the source says goes into the catalogue, what it says no more goes out.
define update
	mkdir -p build $(3)/zh/LC_MESSAGES && touch -a $(3)/zh/LC_MESSAGES/$(1).po
	$(BIN)/pybabel -q extract -F core/web/translations/$(if $(filter messages,$(1)),babel,$(1)).cfg --no-location --sort-output -o build/$(1).pot $(2)
	$(BIN)/pybabel -q update -D $(1) --no-fuzzy-matching --omit-header --ignore-obsolete -i build/$(1).pot -d $(3) -l zh
	$(BIN)/pybabel -q compile -f -D $(1) -d $(3)

endef
PACKAGED := $(foreach p,$(PLUGINS),$(p)/orderyard_$(notdir $(p)))

words: $(VENV)/ready-to-test
	$(call update,messages,core/web,core/web/translations)
	$(call update,refusals,core,core/web/translations)
	$(foreach p,$(PACKAGED),$(call update,refusals,$(p),$(p)/translations))
	$(foreach t,$(wildcard $(PACKAGED:%=%/translations/zh/LC_MESSAGES/messages.po)),$(call update,messages,$(t:/translations/zh/LC_MESSAGES/messages.po=),$(t:/zh/LC_MESSAGES/messages.po=)))

# Ours are not in any index: they are resolved from here and then left out of the files.
LOCK := $(BIN)/uv pip compile - --quiet --universal --python-version 3.11 --no-annotate --no-emit-index-url --no-emit-find-links \
	--custom-compile-command 'make lock' $(PACKAGES:%=--no-emit-package %)

lock: $(VENV)/ready-to-develop
	@printf -- '-e %s\n' '.[test,dev]' $(foreach p,$(PLUGINS),'./$(p)$(if $(filter $(p),$(WITH_TESTS)),[test])') \
		| $(LOCK) --upgrade --output-file constraints.txt
	@printf -- '-e %s\n' . $(PLUGINS:%=./%) | $(LOCK) --constraints constraints.txt --generate-hashes --output-file requirements.lock

clean:
	rm -rf $(VENV) build dist .demo .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find core src plugins tests -name __pycache__ -type d -prune -exec rm -rf {} +

# --- setting up ---

$(VENV)/created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "orderyard: needs Python 3.11 or later, and $(PYTHON) is %d.%d; try make PYTHON=python3.11" % sys.version_info[:2])'
	@echo 'orderyard: making a virtual environment in $(VENV)'
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
		echo 'orderyard: this Python has no ensurepip; fetching virtualenv instead'; \
		rm -rf $(VENV) build/virtualenv \
		&& $(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target build/virtualenv virtualenv \
		&& PYTHONPATH=build/virtualenv $(PYTHON) -m virtualenv --quiet $(VENV) \
		&& rm -rf build/virtualenv; }
	@touch $@

$(VENV)/ready-to-run: $(VENV)/created $(PINS)
	@echo 'orderyard: installing the core and $(words $(PLUGINS)) plugins with pinned packages'
	@$(PIP) hatchling editables
	@$(PIP) -e . $(PLUGINS:%=-e ./%)
	@touch $@

$(VENV)/ready-to-test: $(VENV)/ready-to-run
	@echo 'orderyard: installing what the tests need, a PostgreSQL among it'
	@$(PIP) -e '.[test]' $(WITH_TESTS:%=-e './%[test]')
	@touch $@

$(VENV)/ready-to-develop: $(VENV)/ready-to-test
	@echo 'orderyard: installing ruff, mypy and uv'
	@$(PIP) -e '.[dev]'
	@touch $@
