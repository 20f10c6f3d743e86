# SPDX-License-Identifier: Apache-2.0
# Two promises and their friends. On a fresh Debian 12 machine:
#   make demo   set-up, build and `ballast demo`, with the time of each
#   make test   set-up, build and every test
# The work is done by CMake (CMakePresets.json); this file only spares the typing.

PRESET ?= release
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
BUILD := build/$(PRESET)

# Reference fixtures and data sets: tests that need them are skipped where there are none.
ifeq ($(origin BALLAST_SHARED),undefined)
  BALLAST_SHARED := $(if $(wildcard ../shared/.),$(abspath ../shared))
endif
export BALLAST_SHARED

# A first configuration leaves the tests out, so that `make build` needs no test packages; `make test` turns them on, and
# from then on they stay.
CONFIGURE := cmake --preset $(PRESET)
PLAIN := $(if $(wildcard $(BUILD)/CMakeCache.txt),,-DBALLAST_TESTS=OFF)
COMPILE := cmake --build $(BUILD) -j $(JOBS)
SOURCES = $(shell find ballast apps tests bench examples -name '*.cpp' -o -name '*.h')

.PHONY: help demo test build bench format lint model install clean
help:
	@echo "make demo | test | build | bench | format | lint | model CORPUS=… EXCLUDE=… | install PREFIX=… | clean"

demo:
	@scripts/steps set-up "scripts/setup demo" \
	               build "$(CONFIGURE) $(PLAIN) && $(COMPILE) --target ballast web" \
	               run "$(BUILD)/ballast demo"

# A waiting OpenMP thread must sleep, not spin: several test programs share the cores.
test:
	@scripts/steps set-up "scripts/setup test" \
	               build "$(CONFIGURE) -DBALLAST_TESTS=ON && $(COMPILE)"
	@OMP_WAIT_POLICY=PASSIVE ctest --preset $(PRESET) -j $(JOBS)

build:
	@scripts/setup demo
	@$(CONFIGURE) $(PLAIN) && $(COMPILE) --target ballast web

bench:
	@scripts/setup bench
	@$(CONFIGURE) $(PLAIN) -DBALLAST_BENCH=ON && $(COMPILE) --target ballast_bench
	@$(BUILD)/ballast_bench

format:
	@scripts/setup format
	@clang-format -i $(SOURCES)

lint:
	@scripts/setup lint
	@cmake --preset $(PRESET) -B build/lint -DBALLAST_TESTS=ON -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON
	@find ballast apps -name '*.cpp' | sort | xargs -P $(JOBS) -n 1 scripts/tidy build/lint

model: build
	@scripts/train_model $(if $(CORPUS),--corpus $(CORPUS)) $(if $(EXCLUDE),--exclude $(EXCLUDE))

install: build
	@cmake --install $(BUILD) --prefix $(PREFIX)

clean:
	@rm -rf build
