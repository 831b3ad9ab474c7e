# Two commands matter: `make study` runs the main job, `make test` runs the whole gate.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: study test test-slow lint bench docs clean

study: $(VENV)/.installed
	$(BIN)/hitl-sim run experiments/quickstart.toml --out results/quickstart

test: $(VENV)/.installed-test
	PATH="$(CURDIR)/$(BIN):$$PATH" bash .ci/gate

test-slow: $(VENV)/.installed-test
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -m slow -n 2 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.installed-test
	PATH="$(CURDIR)/$(BIN):$$PATH" bash .ci/gate lint

docs: $(VENV)/.installed-docs
	$(BIN)/python -m sphinx -W -j 2 --keep-going -q -b html -c docs . build/docs
	@echo "Site: build/docs/docs/index.html"

bench: $(VENV)/.installed-test
	$(BIN)/python experiments/benchmarks/run_all.py

$(VENV)/.installed: pyproject.toml .ci/constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c .ci/constraints.txt -e .
	touch $@

$(VENV)/.installed-test: pyproject.toml .ci/constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c .ci/constraints.txt -e ".[test]"
	touch $(VENV)/.installed $@

$(VENV)/.installed-docs: pyproject.toml .ci/constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c .ci/constraints.txt -e ".[docs]"
	touch $(VENV)/.installed $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
