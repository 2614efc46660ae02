# Every target says what it does and stops at the first error. `make help` lists them.
# Build, test, demo and benchmarks share one set of flags, and so one .build folder.

SWIFT ?= swift
SWIFT_FLAGS = -c release -Xcc -march=native
PREFIX ?= /usr/local
PYTHON ?= python3
ONLEARN = .build/release/onlearn
DEMO = Data/demo
SWIFT_SOURCES = Package.swift Sources Tests \
  $(wildcard Benchmarks/Package.swift Benchmarks/Benchmarks Benchmarks/Sources)
LINT = $(SWIFT) format lint --strict --configuration .swift-format --parallel --recursive

# The same with TLS, in a folder of its own.
TLS_FLAGS = $(SWIFT_FLAGS) --traits TLS --scratch-path .build-tls

# Run by themselves: they wait for peers, for which those that compute would leave them no thread in time.
SERVER_TESTS = RemoteTests|TransportTests|WebTests
# Run by themselves: a process with more than 1,300 open files, as those that talk to servers have, may crash when it
# starts another one (Foundation's Process reads their list beyond its end).
PROCESS_TESTS = EndToEndTests

# What bench-peers measures: models, batch sizes, runs of each side, which peer; and the file that keeps the figures.
MODELS ?= mlp
BATCH ?= 1024
RUNS ?= 5
PEER ?= tensorflow
KEEP ?=

# What was measured for the page on performance, and the page.
FIGURES = Documentation/figures
PAGE = Documentation/Performance.md

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help deps deps-data build build-tls test test-tls test-python demo lint format models fixtures data-movielens bench \
  bench-peers bench-report bench-table-sizes soak mutants install clean screenshots bench-served bench-durability

help: ## list the targets
	@echo "usage: make TARGET"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1	\2/p' $(MAKEFILE_LIST) | expand -t 18

deps: ## install the libraries that are missing (OpenBLAS, LAPACKE, zlib)
	@Scripts/install-dependencies

deps-data: ## the same, and the Fashion-MNIST images
	@Scripts/install-dependencies --with-data

build: deps ## build the optimised binary for this machine: .build/release/onlearn
	@echo "== building $(ONLEARN)"
	@$(SWIFT) build $(SWIFT_FLAGS) --product onlearn

test: deps-data lint ## check the format, build, and run every test, optimised
	@echo "== building the tests"
	@$(SWIFT) build $(SWIFT_FLAGS) --build-tests
	@echo "== running the tests that compute"
	@$(SWIFT) test $(SWIFT_FLAGS) --skip-build --disable-xctest --skip '$(SERVER_TESTS)|$(PROCESS_TESTS)'
	@echo "== running the tests that talk to servers"
	@$(SWIFT) test $(SWIFT_FLAGS) --skip-build --disable-xctest --filter '$(SERVER_TESTS)'
	@echo "== running the tests that start processes"
	@$(SWIFT) test $(SWIFT_FLAGS) --skip-build --disable-xctest --filter '$(PROCESS_TESTS)'

build-tls: deps ## build a binary that can encrypt connections: .build-tls/release/onlearn
	@echo "== building .build-tls/release/onlearn"
	@$(SWIFT) build $(TLS_FLAGS) --product onlearn

test-tls: deps ## build with TLS, and test encrypted connections
	@echo "== building the tests with TLS"
	@$(SWIFT) build $(TLS_FLAGS) --build-tests
	@echo "== running the tests of connections, and of servers that encrypt them"
	@$(SWIFT) test $(TLS_FLAGS) --skip-build --disable-xctest --filter 'TransportTests|TLS'

test-python: build .venv-client/ready ## test the Python client, beside servers of this binary
	@echo "== testing clients/python"
	@ONLEARN=$(CURDIR)/$(ONLEARN) PYTHONPATH=clients/python .venv-client/bin/python -m unittest discover clients/python/tests

.venv-client/ready: clients/python/pyproject.toml
	@echo "== preparing .venv-client: NumPy"
	@$(PYTHON) -m venv .venv-client
	@.venv-client/bin/python -m pip install --quiet --disable-pip-version-check numpy
	@touch $@

demo: deps-data build ## train a perceptron on 60,000 images and score 10,000 others, alone and with servers
	@mkdir -p $(DEMO)
	@rm -f $(DEMO)/mlp.safetensors
	@echo "== training Models/mlp.json on Fashion-MNIST, three passes over 60,000 images"
	@$(ONLEARN) train Models/mlp.json --data fashion-mnist --epochs 3 --store file:$(DEMO)/mlp.safetensors
	@echo "== scoring the 10,000 test images"
	@$(ONLEARN) score Models/mlp.json --store file:$(DEMO)/mlp.safetensors --data fashion-mnist:test > $(DEMO)/scores.txt
	@tail -n 1 $(DEMO)/scores.txt
	@echo "parameters: $(DEMO)/mlp.safetensors; a score per image: $(DEMO)/scores.txt"
	@echo "== the same through a train server and two parameter servers, from two clients at once, two passes each"
	@Scripts/demo-served $(ONLEARN) $(DEMO)

screenshots: deps-data build ## take the pictures of the dashboard in Documentation/images again, with Chromium
	@echo "== looking at the dashboard of a system at work"
	@Scripts/show-dashboard $(ONLEARN) Documentation/images

lint: ## check the format of the Swift sources
	@echo "== checking the format"
	@$(LINT) $(SWIFT_SOURCES)

format: ## format the Swift sources in place
	@echo "== formatting"
	@$(SWIFT) format --in-place --configuration .swift-format --parallel --recursive $(SWIFT_SOURCES)

models: .venv-models/ready ## export Models/*.pb and *.json again, with TensorFlow in .venv-models
	@echo "== exporting the models"
	@.venv-models/bin/python Scripts/export_models.py

fixtures: .venv-models/ready ## make the golden test fixtures again, with TensorFlow in .venv-models
	@echo "== making the golden fixtures"
	@.venv-models/bin/python Scripts/make_fixtures.py

data-movielens: ## fetch MovieLens-100k into Data/movielens, for --data movielens:Data/movielens
	@echo "== unpacking MovieLens-100k into Data/movielens (research licence, never committed)"
	@$(PYTHON) Scripts/unpack_movielens.py Data/movielens

.venv-models/ready: Models/export/requirements.txt
	@echo "== preparing .venv-models: TensorFlow, to export models (about 1 GB)"
	@$(PYTHON) -m venv .venv-models
	@.venv-models/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

bench: deps ## run the benchmarks of kernels, import and training step
	@echo "== benchmarks"
	@$(SWIFT) package --package-path Benchmarks $(SWIFT_FLAGS) benchmark --no-progress

bench-peers: build ## compare a training step with TensorFlow's: MODELS="mlp lr" BATCH="1,1024" RUNS=5 PEER=pytorch
	@$(PYTHON) Scripts/bench_peers.py --peer $(PEER) --batch $(BATCH) --runs $(RUNS) $(if $(KEEP),--json $(KEEP)) $(MODELS)

bench-table-sizes: build ## measure a step of fm with tables of 2^14 to 2^24 rows, for the page on performance
	@$(PYTHON) Scripts/bench_table_sizes.py --json $(FIGURES)/table-sizes.json --page $(PAGE) \
	  --plot Documentation/images/table-sizes.svg

bench-report: ## write what KEEP=Documentation/figures/steps.json has kept into the page on performance
	@$(PYTHON) Scripts/report_steps.py $(FIGURES)/steps.json --page $(PAGE) --plot Documentation/images/steps.svg

bench-served: deps-data build ## compare training through client, train server and parameter server with training in one process
	@$(PYTHON) Scripts/bench_served.py

bench-durability: deps-data build ## compare training through a parameter server with a log and without, beside what the disk takes
	@$(PYTHON) Scripts/bench_durability.py

soak: deps-data ## run all tests at length, for up to four hours: SOAK=REGEX runs those of that name
	@echo "== building the tests"
	@$(SWIFT) build $(SWIFT_FLAGS) --build-tests
	@echo "== soaking"
ifdef SOAK
	@SOAK='$(SOAK)' $(SWIFT) test $(SWIFT_FLAGS) --skip-build --disable-xctest --filter '$(SOAK)'
else
	@SOAK=. $(SWIFT) test $(SWIFT_FLAGS) --skip-build --disable-xctest --skip '$(PROCESS_TESTS)'
	@SOAK=. $(SWIFT) test $(SWIFT_FLAGS) --skip-build --disable-xctest --filter '$(PROCESS_TESTS)'
endif

mutants: deps-data ## plant the bugs of Tests/Mutants one by one, and see that tests notice: MUTANTS="ftrl 03"
	@echo "== planting bugs in .build/mutants"
	@Scripts/run-mutants $(MUTANTS)

install: build ## install the binary: PREFIX=/usr/local
	@echo "== installing $(DESTDIR)$(PREFIX)/bin/onlearn"
	@install -d $(DESTDIR)$(PREFIX)/bin
	@install -m 755 $(ONLEARN) $(DESTDIR)$(PREFIX)/bin/onlearn

clean: ## remove what was built, and the demo's files
	@echo "== removing .build, .build-tls and $(DEMO)"
	@rm -rf .build .build-tls Benchmarks/.build $(DEMO)
