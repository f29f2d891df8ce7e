# `make` prints what there is. Settings are environment variables: docs/settings.md.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
FLASK := $(BIN)/flask --app wsgi
TRANSLATIONS := tracker/translations
POT := $(TRANSLATIONS)/messages.pot
.DEFAULT_GOAL := help
.PHONY: help run test lint format types bench messages language migration clean $(POT)

help: ## what you are reading
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: $(VENV)/installed ## serve on http://127.0.0.1:8000 (PORT=… changes it), with a demonstration in an empty database
	@$(BIN)/xiaohao run

test: $(VENV)/installed-test ## the whole suite on SQLite and PostgreSQL, with a browser (ARGS="-k word" narrows it)
	$(BIN)/python -m tests.browser
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadgroup $(ARGS)

lint: $(VENV)/installed-test ## ruff and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

format: $(VENV)/installed-test ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/installed-test ## mypy
	$(BIN)/mypy

bench: $(VENV)/installed-test ## measure against the table of targets; writes bench/results.md
	$(BIN)/python -m bench $(ARGS)

messages: $(POT) ## collect the words of pages into the catalogues and compile them
	$(BIN)/pybabel -q update -i $(POT) -d $(TRANSLATIONS) --no-fuzzy-matching --width=120 --ignore-pot-creation-date
	$(BIN)/pybabel -q compile -d $(TRANSLATIONS)

language: $(POT) ## begin a language: make language LOCALE=ko (or pt_BR)
	@test -n "$(LOCALE)" || { echo 'LOCALE=… is needed'; exit 2; }
	@test ! -e $(TRANSLATIONS)/$(LOCALE) || { echo '$(LOCALE) has been begun already: make messages'; exit 2; }
	$(BIN)/pybabel -q init -i $(POT) -d $(TRANSLATIONS) -l $(LOCALE) --width=120
	$(BIN)/pybabel -q compile -d $(TRANSLATIONS) -l $(LOCALE)

# Not in the repository, and older than the pages as soon as one changes: collected anew whenever it is asked for.
$(POT): $(VENV)/installed-test
	$(BIN)/pybabel -q extract -F pyproject.toml -k lazy_gettext -k _l --add-location=file --sort-output --width=120 \
		--project=xiaohao -o $@ .

migration: $(VENV)/installed-test ## a revision from the models: make migration NAME="words"
	@test -n "$(NAME)" || { echo 'NAME="…" is needed'; exit 2; }
	XIAOHAO_INSTANCE=$$(mktemp -d) XIAOHAO_DATABASE_URL= sh -c '$(FLASK) db upgrade && $(FLASK) db migrate \
		-m "$(NAME)" --rev-id $$(printf %04d $$(($$(ls tracker/migrations/versions | grep -c "^0") + 1)))'
	$(BIN)/ruff check --fix --quiet tracker/migrations
	$(BIN)/ruff format --quiet tracker/migrations

clean: ## remove what can be made again (never instance/)
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis test-results

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or later with venv is needed (Debian: apt install python3-venv)'; exit 2; }
	$(PYTHON) -m venv $(VENV)

# Stamps: nothing is installed again while these two files are older.
$(VENV)/installed: setup.cfg pyproject.toml | $(BIN)/python
	$(PIP) -e '.[postgres]'
	@touch $@

$(VENV)/installed-test: setup.cfg pyproject.toml | $(BIN)/python
	$(PIP) -e '.[postgres,test]'
	@touch $@ $(VENV)/installed
