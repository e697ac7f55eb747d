# Two commands: `make run` shows what emofuse does, `make test` checks that it does it.
VENV ?= .venv
PYTHON ?= python3
CLIP ?=
BIN := $(VENV)/bin
# One thread a process: two oversubscribed threads were ten times slower than one.
export OMP_NUM_THREADS = 1
export OPENBLAS_NUM_THREADS = 1

.PHONY: run serve test test-all lint supply-chain clean

run: $(VENV)/.run
	@mkdir -p out
	@if [ -n "$(CLIP)" ]; then clip="$(CLIP)"; else clip=out/example.mp4; $(BIN)/emofuse example "$$clip"; fi && \
	$(BIN)/emofuse analyse "$$clip" --out out --format json,csv,png,html && \
	if [ -f "$$clip" ]; then name=$$(basename "$$clip"); $(BIN)/emofuse show "out/$${name%.*}.json"; fi
	@echo "plots and timeline are in out/; next: make serve (the same live, in a page on this machine)"

serve: $(VENV)/.serve
	$(BIN)/emofuse serve

test: $(VENV)/.test lint
	$(BIN)/python -m pytest -n 2 -m "not slow" $(PYTEST)

test-all: $(VENV)/.test lint
	$(BIN)/python -m pytest -n 2 $(PYTEST)

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[plot]'
	@touch $@

$(VENV)/.serve: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[serve]'
	@touch $@

$(VENV)/.test: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[plot,table,train,eeg,serve,scale,dev]'
	@touch $@

supply-chain: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[security]'
	$(BIN)/python scripts/supply_chain.py dist

clean:
	rm -rf $(VENV) out dist build .pytest_cache .ruff_cache
