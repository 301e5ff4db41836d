# The two commands of a newcomer are `make demo` and `make test`; `make` alone lists all.
#
# Set-up is remembered in stamp files, and done again when what it rests on changes.

PYTHON ?= python3
BIN := .venv/bin
FLOOR := .venv-floor/bin
FLOOR_ALL := .venv-floor-all/bin
PACKAGING := pyproject.toml dlmagic/__init__.py constraints-shared.txt

# What runs on the floor versions in an environment without frameworks.
FLOOR_TESTS := tests/shell tests/cell tests/display
FLOOR_SHORT := tests/shell tests/display

# What writes down, for the docs, on which versions the tests ran: $(call recorded,NAME,WHICH) with
# RECORD=yes, as `make prove` has it, and nothing otherwise.
RECORD ?=
recorded = $(if $(RECORD),-p benchmarks.versions --record-versions $(1) --record-part "$(2)")

# Tests in two processes, but for those that read the real clock.
SIDE_BY_SIDE := --numprocesses 2 --dist worksteal

# Nothing is timed side by side, so XLA need not optimise nor fuse: it compiles in a third of the
# time. Both cores are taken, so Inductor need not start processes that compile: each of them imports
# PyTorch. And threads of PyTorch would wait for each other without giving the core away, which takes
# three times as long as one thread does.
ON_BUSY_CORES := \
	XLA_FLAGS="--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false" \
	TORCHINDUCTOR_COMPILE_THREADS=1 OMP_NUM_THREADS=1

# Files or folders of tests; all of them where none is given.
ROOM ?=

# Only these are read for the tests that run alone: to read all takes most of a minute.
ALONE := $(shell grep --recursive --files-with-matches --include 'test_*.py' mark.alone \
	$(or $(ROOM),tests))

# $(call RUN_TESTS,PROGRAMS,NAME,AND WHICH,IN WORDS): all tests, in two parts.
define RUN_TESTS
$(ON_BUSY_CORES) $(1)/python -m pytest --room-times $(SIDE_BY_SIDE) \
	-m "not prove and not alone$(3)" $(ROOM) \
	$(call recorded,$(2),all$(4) but those that read the clock)
$(if $(ALONE),$(1)/python -m pytest --room-times -m "alone and not prove$(3)" $(ALONE) \
	$(call recorded,$(2),those that read the clock$(4)))
endef

# All pages anew, since what stands in them depends on the code, too.
SPHINX := --builder html --fresh-env --write-all --fail-on-warning --keep-going --quiet

# Compiled once, not anew by each of the hundreds of processes that the tests start.
unexport PYTHONDONTWRITEBYTECODE

# As modules: benchmarks.bench.overhead and so on.
BENCHMARKS := $(subst /,.,$(basename \
	$(wildcard benchmarks/bench/*.py benchmarks/graphmode/*.py benchmarks/tensors/*.py \
		benchmarks/gpus/*.py benchmarks/watch/*.py benchmarks/cluster/ranks.py)))

# Only newer versions of pip read the dependency groups of pyproject.toml.
PIP_WITH_GROUPS := "pip>=25.1"

.DEFAULT_GOAL := help
.PHONY: help demo docs lab notebooks test test-room check test-floor test-floor-short test-floor-all prove clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: .venv/demo.stamp ## run the quickstart notebook, show its tables, write build/quickstart.html
	$(BIN)/python demo_notebooks/run.py demo_notebooks/quickstart.ipynb --html build/quickstart.html

lab: .venv/dev.stamp ## open the demo notebooks in JupyterLab
	$(BIN)/jupyter lab --notebook-dir=demo_notebooks

notebooks: .venv/dev.stamp ## execute the demo notebooks and store them with their results
	$(BIN)/python -m demo_notebooks.keep demo_notebooks/*.ipynb

docs: .venv/dev.stamp ## build the documentation: build/docs/index.html
	$(BIN)/python -m sphinx $(SPHINX) docs build/docs

test: .venv/dev.stamp ## lint, types, import rules, a short run on the oldest versions, all tests
	$(MAKE) --jobs 2 --output-sync check test-floor-short
	$(call RUN_TESTS,$(BIN),newest)

test-room: .venv/dev.stamp ## tests of some folders or all, as above: make test-room ROOM="tests/cell tests/shell"
	$(call RUN_TESTS,$(BIN),newest)

check: .venv/dev.stamp ## lint, types and import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py

test-floor: .venv-floor/floor.stamp ## shell, cell and display tests on the oldest versions, without frameworks
	$(FLOOR)/python -m pytest -q $(FLOOR_TESTS)

test-floor-short: .venv-floor/floor.stamp
	$(FLOOR)/python -m pytest -q $(FLOOR_SHORT)

# Pages in a browser are the same on all versions of Python's packages: what they are sent is tested.
test-floor-all: .venv-floor-all/floor.stamp ## all tests but those in a browser on the oldest versions
	$(call RUN_TESTS,$(FLOOR_ALL),oldest, and not browser, without a browser)

prove: .venv/dev.stamp .venv/peers.stamp ## the long proofs and the benchmarks; writes benchmarks/results/
	$(MAKE) test-floor
	$(MAKE) test-floor-all test-room RECORD=yes
	$(BIN)/python -m pytest -m prove
	set -e; for each in $(BENCHMARKS); do $(BIN)/python -m $$each --write; done

clean: ## remove what was built; the environments stay
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/demo.stamp: $(PACKAGING) constraints.txt | .venv/pip.stamp
	$(BIN)/pip install --quiet --constraint constraints.txt --editable . --group demo
	touch $@

.venv/dev.stamp: $(PACKAGING) constraints.txt | .venv/pip.stamp
	$(BIN)/pip install --quiet --constraint constraints.txt --editable . --group dev
	touch $@ .venv/demo.stamp

.venv/peers.stamp: $(PACKAGING) constraints.txt | .venv/dev.stamp
	$(BIN)/pip install --quiet --constraint constraints.txt --group gpu-peers --group watch-peers
	touch $@

.venv-floor/floor.stamp: $(PACKAGING) constraints-floor.txt | .venv-floor/pip.stamp
	$(FLOOR)/pip install --quiet --constraint constraints-floor.txt --editable . --group floor
	touch $@

.venv-floor-all/floor.stamp: $(PACKAGING) constraints-floor.txt | .venv-floor-all/pip.stamp
	$(FLOOR_ALL)/pip install --quiet --constraint constraints-floor.txt --editable . --group dev
	touch $@

.venv/pip.stamp .venv-floor/pip.stamp .venv-floor-all/pip.stamp:
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet $(PIP_WITH_GROUPS)
	touch $@
