# `make demo` and `make test` do all the set-up on a machine that has Python 3.11+ and make.
PYTHON ?= python3
ENV    := .venv
BIN    := $(ENV)/bin
READY  := $(ENV)/.ready
NEURAL := $(ENV)/.torch
# Not in the lock: an index resolves torch to the build with CUDA, gigabytes that no test uses.
TORCH  := torch==2.13.0+cpu
EXTRAS := sklearn catboost lightgbm language embeddings safetensors forecast plot optuna cloud onnx sql

.DEFAULT_GOAL := help
.PHONY: help demo test slow soak check bench docs lock clean

help: ## Show what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "keepfit needs Python 3.11 or newer: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(ENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --requirements requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

$(NEURAL): $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH) || \
		echo "  no CPU build of torch is to be had here: tests of neural networks will be skipped"
	@touch $@

demo: $(READY) ## Watch a model age and be kept fit: a year of real flights in ./flights
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh flights
	@echo "  (keepfit is in $(BIN): source $(BIN)/activate)"

test: $(READY) $(NEURAL) ## Run the tests
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m "not slow and not soak"

slow: $(READY) $(NEURAL) ## Run the longer tests: examples, proofs by many trials and of every kind
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m "slow and not soak"

soak: $(READY) $(NEURAL) ## Run the registry's proofs at their full size, and print their figures
	$(BIN)/python -m pytest -m soak --numprocesses 0 --capture no -v

check: $(READY) ## Lint, types, and the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY) ## Measure keepfit beside its peers and floors
	$(BIN)/python bench/run.py

docs: $(READY) $(NEURAL) ## Write the reference from the code, and what pages show from what comes out
	$(BIN)/python docs/reference/generate.py
	UPDATE_DOCS=1 $(BIN)/python -m pytest --quiet tests/docs -k shows_is

lock: ## Resolve the dependencies again into requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --group dev $(EXTRAS:%=--extra %) --output-file requirements.lock pyproject.toml

clean: ## Remove the environment, the demo and what tests leave
	rm -rf $(ENV) flights .mypy_cache .ruff_cache .pytest_cache .hypothesis
