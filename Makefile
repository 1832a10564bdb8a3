# Sluice: `make help` lists what can be made.

SHELL  = /bin/sh
SWIFT ?= swift
PYTHON ?= python3
PREFIX ?= /usr/local
DESTDIR ?=
PROGRAM_PREFIX ?=

COMMANDS = morph lhe-read augment train-ratio train-score train-density evaluate fisher limits events plot
# How long each target of `make fuzz` runs.
FUZZ_SECONDS ?= 60
# Of `make sanitize`.
SANITIZER ?= address
# Needs commands of the other half; and the thread sanitizer itself needs larger files than a full disk lets it make.
UNSANITIZED = 'MadMinerTests$(if $(filter thread,$(SANITIZER)),|aFullDisk)'
# Commands whose sections are written.
DOCUMENTED = $(basename $(notdir $(wildcard man/src/*.mdoc)))
RELEASE  = .build/release
# Installed commands need no Swift on the machine that runs them, and start in two thirds of the time. `make STATIC=` links
# with the toolchain's shared libraries, where it has no static ones.
STATIC ?= --static-swift-stdlib -Xlinker -s
EXAMPLES = wh vbf galton gaussian
TESTED   = .build-test
# One build serves the tests and the commands they run.
TEST_FLAGS = -c release --scratch-path $(TESTED) -Xswiftc -enable-testing

bindir  = $(DESTDIR)$(PREFIX)/bin
mandir  = $(DESTDIR)$(PREFIX)/share/man
bashdir = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
zshdir  = $(DESTDIR)$(PREFIX)/share/zsh/site-functions
fishdir = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d

.PHONY: all build help deps deps-check demo check test lint docs install physics benchmark peers exchange fuzz sanitize clean

all: build

help:
	@echo 'make            build the commands (release mode) in $(RELEASE)'
	@echo 'make demo       install what is missing, build, run the analysis of Examples/wh'
	@echo 'make check      install what is missing, build once, lint, run all tests'
	@echo 'make install    PREFIX=$(PREFIX) DESTDIR= PROGRAM_PREFIX=: commands, manuals, completions'
	@echo 'make physics    the figures in the READMEs of the examples; DATA= is the folder of the full samples'
	@echo 'make benchmark  speed, beside other programs where they are installed'
	@echo 'make docs       manual pages and completions again, from the options and man/src'
	@echo 'make peers      other programs to compare with, in .venv-peers (5.8 GB)'
	@echo 'make exchange   pyhf and validators of exported files, in .venv-exchange'
	@echo 'make fuzz       arbitrary bytes into scanner, head, expressions, streams: FUZZ_SECONDS=$(FUZZ_SECONDS)'
	@echo 'make sanitize   the tests of reading and files under SANITIZER=$(SANITIZER) (or thread)'
	@echo 'make lint       format and manuals'
	@echo 'make clean      remove everything built'

# Libraries and programs that building and the demo need; nothing happens where all are there.
deps:
	@sh .ci/deps build

deps-check:
	@sh .ci/deps check

build: deps
	SLUICE_PART=commands $(SWIFT) build -c release $(STATIC)

demo: build
	$(MAKE) -C Examples/wh BIN='$(CURDIR)/$(RELEASE)'

physics: build
	set -e; for e in $(EXAMPLES); do \
	  $(MAKE) -C Examples/$$e physics BIN='$(CURDIR)/$(RELEASE)'; done

benchmark: build
	$(MAKE) -C Benchmarks BIN='$(CURDIR)/$(RELEASE)'

check: deps-check .venv/ready
	$(SWIFT) build --build-tests $(TEST_FLAGS)
	$(MAKE) lint
	SLUICE_PYTHON='$(CURDIR)/.venv/bin/python' \
	  $(SWIFT) test --skip-build --disable-xctest $(TEST_FLAGS)

lint:
	$(SWIFT) format lint --strict -r Sources Tests Package.swift
	mandoc -T lint -W warning man/man?/*
	for script in Completions/bash/*; do bash -n "$$script" || exit 1; done
	for script in Completions/zsh/*; do zsh -n "$$script" || exit 1; done
	for script in Completions/fish/*; do fish -n "$$script" || exit 1; done

fuzz: deps-check
	sh .ci/fuzz $(SWIFT) $(FUZZ_SECONDS)

# The commands are sanitized too, since tests run them. What is still allocated when a process ends is no finding.
sanitize: deps-check .venv/ready
	ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 SWIFT_BACKTRACE=enable=no \
	TSAN_OPTIONS=suppressions='$(CURDIR)/.ci/thread-sanitizer' \
	SLUICE_PART=reading SLUICE_PYTHON='$(CURDIR)/.venv/bin/python' \
	  $(SWIFT) test --disable-xctest --sanitize=$(SANITIZER) -c release \
	  --scratch-path .build-$(SANITIZER) -Xswiftc -enable-testing \
	  --filter 'DiagnosticsTests|NumericsTests|EventModelTests|EventIOTests|AnalysisFileTests|LesHouchesTests|ObservablesTests|FuzzTests|LHEReadTests|EventsTests' \
	  --skip $(UNSANITIZED)

# Readers of our formats that are not ours.
.venv/ready:
	sh .ci/venv .venv $(PYTHON) numpy h5py pyarrow
	touch $@

peers:
	sh .ci/venv .venv-peers $(PYTHON) madminer torch pylhe lheutils pyhf onnxruntime

exchange:
	sh .ci/venv .venv-exchange $(PYTHON) pyhf pyyaml hepdata-validator popxf-validator

docs: build
	$(RELEASE)/docgen --commands $(RELEASE) --root . $(DOCUMENTED)

install: build
	mkdir -p '$(bindir)' '$(mandir)/man1' '$(mandir)/man5' '$(mandir)/man7' \
	  '$(bashdir)' '$(zshdir)' '$(fishdir)'
	set -e; for command in $(COMMANDS); do \
	  name='$(PROGRAM_PREFIX)'$$command; \
	  install -m 755 $(RELEASE)/$$command '$(bindir)'/$$name; \
	  sed "s/^\.Nm $$command\$$/.Nm $$name/" man/man1/$$command.1 \
	    > '$(mandir)/man1'/$$name.1; \
	  '$(bindir)'/$$name --generate-completion-script bash > '$(bashdir)'/$$name; \
	  '$(bindir)'/$$name --generate-completion-script zsh > '$(zshdir)'/_$$name; \
	  '$(bindir)'/$$name --generate-completion-script fish > '$(fishdir)'/$$name.fish; \
	done
	install -m 644 man/man5/*.5 '$(mandir)/man5'
	install -m 644 man/man7/*.7 '$(mandir)/man7'

clean:
	rm -rf .build $(TESTED)
	for e in $(EXAMPLES); do $(MAKE) -C Examples/$$e clean; done
