# From a fresh clone, with Python, a C compiler and make:
#
#     make demo       a MUD to connect to, on 127.0.0.1 port 4000
#     make test       the whole test suite
#
# `make` alone lists the rest. Each target installs what it needs into .venv, once, and the package itself as a wheel:
# what runs is what users get, never the source tree.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 4000
SECONDS := 60

# Asked by running them: a pyenv shim may be on PATH for a Python that is not there.
CANDIDATES := $(foreach minor,10 11 12 13 13t 14 14t 15 15t,python3.$(minor))
PYTHONS ?= $(foreach python,$(CANDIDATES),$(shell $(python) -c 'print("$(python)")' 2>/dev/null))

ours = $(shell $(PYTHON) -c 'import sys; print("python%d.%d" % sys.version_info[:2])')

SOURCES := pyproject.toml setup.py \
	$(shell find src examples -name '*.py' -o -name '*.py[ix]' -o -name '*.json' -o -name py.typed)

BIN := .venv/bin

# A process for each core. Not in pyproject.toml: beside a wheel there is no pytest-xdist.
PARALLEL := --numprocesses=auto --dist=worksteal

# What the other legs run: what is the same on every Python, `make test` finds alone.
LEG := $(PARALLEL) --hypothesis-profile=local -m "not once"

# What tests the parser and nothing else; what runs for long is left out, for where every access is checked.
PARSER_TESTS := --hypothesis-profile=local -m "not slow" \
	$(foreach noun,parser parity traces encode events memory allocation callbacks threads fuzz,tests/test_$(noun).py)

# What sys.monitoring tells costs half of what a tracer does; a Python before 3.12 has a tracer alone.
core = $(shell $(BIN)/python -c 'import sys; print("sysmon" * (sys.version_info >= (3, 12)))')

.DEFAULT_GOAL := help
.SUFFIXES:
.SECONDARY:
.PHONY: help demo quick test test-pure test-pythons test-freethreaded check sanitize fuzz fuzz-input chaos bench \
	instructions adversary docs wheels clean

help: ## list the targets
	@awk -F ': .*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: .venv/.demo ## run the MUD of examples/mud on HOST and PORT (127.0.0.1 4000)
	@$(BIN)/python -m telnet demo --host $(HOST) --port $(PORT)

quick: .venv/.test ## run what is not slow, in half a minute: no memory, floods, packages or other programs, no coverage
	$(BIN)/pytest $(PARALLEL) --hypothesis-profile=local -m "not slow"

test: .venv/.test ## run the suite over the extension and the pure twin; every line must be covered
	COVERAGE_CORE=$(core) $(BIN)/pytest $(PARALLEL) --cov --cov-report=term-missing:skip-covered

test-pure: .venv-pure/.test ## run the suite, less what is marked once, on a build without the extension
	.venv-pure/bin/python -m telnet --version
	.venv-pure/bin/pytest $(LEG) --no-extension

test-pythons: ## the same on each Python found (PYTHONS) but the one of `make test`
	@for python in $(filter-out $(ours),$(PYTHONS)); do $(MAKE) --no-print-directory test-$$python || exit; done

test-python%: .venv-python%/.test
	.venv-python$*/bin/python -m telnet --version
	.venv-python$*/bin/pytest $(LEG)

test-freethreaded: .venv-freethreaded/.test ## the same on a free-threaded CPython, built here from Debian's source
	.venv-freethreaded/bin/python -W error -m telnet --version
	.venv-freethreaded/bin/pytest $(LEG) -m "measures or not once" \
		$(foreach noun,session_peers tls wheels,--ignore=tests/test_$(noun).py)
	.venv-freethreaded/bin/python bench/threads.py

sanitize: .venv-sanitize/.test .venv/.test ## run the parser's tests under AddressSanitizer, UBSan, LeakSanitizer and debug hooks
	LD_PRELOAD="$(shell gcc -print-file-name=libasan.so) $(shell gcc -print-file-name=libubsan.so)" PYTHONMALLOC=malloc \
		ASAN_OPTIONS=leak_check_at_exit=0:detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1 \
		.venv-sanitize/bin/python -X dev -m pytest -p tests.leaks --capture=sys $(PARSER_TESTS)
	PYTHONMALLOC=debug $(BIN)/python -X dev -m pytest $(PARSER_TESTS)

check: .venv/.dev ## lint, formatting, types, stubs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy src tests examples fuzz tools bench
	$(BIN)/stubtest telnet._parser
	PATH="$(CURDIR)/$(BIN):$$PATH" cython-lint src
	$(BIN)/actionlint .github/workflows/*.yml
	$(BIN)/zizmor --offline --quiet --persona pedantic .github/workflows

fuzz: .venv-fuzz/.fuzz ## search for an input that breaks a parser, for SECONDS (60)
	PYTHONPATH=tests .venv-fuzz/bin/python fuzz/campaign.py --seconds $(SECONDS)

fuzz-input: .venv-fuzz/.fuzz ## show the input in FILE and run the fuzz targets on it
	PYTHONPATH=tests .venv-fuzz/bin/python fuzz/campaign.py --input $(FILE)

chaos: .venv/.test ## have peers come and go among faults of the machine and port scans, for SECONDS (60)
	CHAOS_SECONDS=$(SECONDS) $(BIN)/pytest -rP tests/test_comings.py tests/test_scans.py

bench: .venv/.dev ## measure both implementations and their peers side by side
	@$(MAKE) --no-print-directory --keep-going $(DRIVERS) || echo "not every parser in C can be built here"
	$(BIN)/python bench/run.py

instructions: .venv/.test ## count the instructions of each corpus anew, into bench/results/ (needs valgrind)
	$(BIN)/python bench/instructions.py --record

adversary: SECONDS := 2
adversary: .venv/.dev ## attack the server with all that hostile peers send, for SECONDS (2) each, beside a player
	$(BIN)/python bench/adversary.py --seconds $(SECONDS)

DRIVERS := bench/c/limit.so bench/c/libtelnet_driver.so

bench/c/libtelnet_driver.so: LDLIBS = -ltelnet
bench/c/%.so: bench/c/%.c bench/c/bench.h
	$(CC) -O3 -Wall -Wextra -shared -fPIC -o $@ $< $(LDLIBS)

docs: .venv/.dev ## build the documentation and run its examples
	$(BIN)/sphinx-build -q -W --keep-going -b doctest docs docs/_build/doctest
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

wheels: .venv/.dev ## build what a release has for this machine and PYTHONS into dist/, check it, and test what it installs
	@$(unbuild)
	$(BIN)/python tools/wheels.py build dist $(PYTHONS)
	@$(unbuild)
	$(BIN)/python tools/wheels.py check dist
	$(BIN)/python tools/wheels.py try dist $(PYTHONS)

clean: ## remove everything that is not in the repository's history
	$(BIN)/mypy src tests examples fuzz tools bench

# --- environments -----------------------------------------------------------------------------------------------------
# A stamp in the environment says what was put into it. `.venv-python3.12` is made by python3.12, the others by PYTHON.

interpreter = $(or $(filter python%,$(*:.venv-%=%)),$(PYTHON))
pip = bin/python -m pip --quiet --disable-pip-version-check

%/.venv:
	@echo "creating $*"
	@$(interpreter) -m venv --clear $*
	@$*/$(pip) install --upgrade "pip>=25.1"
	@touch $@

FREETHREADED := .python-freethreaded/bin/python3.13t
.venv-freethreaded/.venv: interpreter = $(FREETHREADED)
.venv-freethreaded/.venv: $(FREETHREADED)

$(FREETHREADED):
	tools/build-freethreaded .python-freethreaded

# A build directory left by another build would be packed again (setuptools reuses build/lib).
unbuild = rm -rf build src/*.egg-info src/telnet/*.c

.venv-pure/.test: build = TELNET_BUILD_EXTENSION=no
%/.test: build = TELNET_BUILD_EXTENSION=require
.venv-sanitize/.test: build = TELNET_BUILD_EXTENSION=require CC=gcc TELNET_CFLAGS="-O1 -g -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all"
.venv-freethreaded/.test: build = TELNET_BUILD_EXTENSION=require PIP_ONLY_BINARY=hypothesis
%/.demo: build = TELNET_BUILD_EXTENSION=auto

# No trustme there, hence no test_tls.py: it needs cffi, which free-threaded CPython 3.13 cannot have.
# No cibuildwheel either, hence no test_wheels.py: what that tests is the same on every Python.  And no Twisted, hence no
# test_session_peers.py.
.venv-freethreaded/.test: group = suite
%/.test: group = test

%/.demo: %/.venv $(SOURCES)
	@echo "installing telnet into $*"
	@$(unbuild)
	@$(build) $*/$(pip) install .
	@$(unbuild)
	@touch $@

%/.test: %/.venv $(SOURCES)
	@echo "installing telnet and its tests' tools into $*"
	@$(unbuild)
	@$(build) $*/$(pip) install . --group $(group)
	@$(unbuild)
	@touch $@

%/.dev: %/.test pyproject.toml
	@echo "installing the development tools into $*"
	@$*/$(pip) install --group dev
	@touch $@

# clang counts the edges that libFuzzer is guided by; gcc's counters are not for it.
sanitizers = -fsanitize=address,undefined -fno-sanitize-recover=all
python_config = $(shell $*/bin/python -c 'from sysconfig import get_config_var as get; \
	print(get("BINDIR") + "/python" + get("LDVERSION") + "-config")')

%/.fuzz: %/.venv $(SOURCES) fuzz/cuts.c
	@command -v clang >/dev/null || { echo "fuzzing needs clang: apt-get install clang libclang-rt-dev" >&2; exit 1; }
	@echo "installing telnet and its fuzz targets into $*"
	@$(unbuild)
	@CC=clang TELNET_BUILD_EXTENSION=require TELNET_CFLAGS="-g -O1 -fsanitize=fuzzer-no-link $(sanitizers)" \
		$*/$(pip) install . --group fuzz
	@$(unbuild)
	@clang -g -O1 -fsanitize=fuzzer $(sanitizers) -rdynamic -Wall -Wextra -Werror fuzz/cuts.c -o $*/cuts \
		$$($(python_config) --embed --includes --ldflags)
	@touch $@
