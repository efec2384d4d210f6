# Thin commands over CMake: make, make test, make demo, make check, make bench, make format, make clean.
# On Debian the packages that are missing are installed first; THALWEG_NO_DEPS=1 skips that.

JOBS ?= $(shell nproc)

# What the build and the tests need, and what only `make check`, `format` and `bench` need.
BUILD_PACKAGES := g++ cmake ninja-build antlr4 default-jre-headless libantlr4-runtime-dev \
  llvm-19-dev libeigen3-dev catch2 libfmt-dev libcli11-dev \
  nlohmann-json3-dev libutf8proc-dev libtbb-dev libzip-dev
CHECK_PACKAGES := clang-format-19 clang-tidy-19 clang-tools-19 clang-19 libclang-rt-19-dev
BENCH_PACKAGES := libbenchmark-dev libopenblas-dev python3-dev python3-venv

SOURCES = $(shell git ls-files 'compiler/*.h' 'compiler/*.cpp' 'runtime/*.h' 'runtime/*.hpp' \
  'runtime/*.c' 'runtime/*.cpp' 'tests/*.h' 'tests/*.cpp' 'bench/*.h' 'bench/*.cpp' 'examples/*.c' \
  'examples/*.cpp')
TIDY_SOURCES = $(shell git ls-files 'compiler/*.cpp' 'runtime/*.cpp')

.DEFAULT_GOAL := all
.PHONY: all deps deps-check deps-bench demo test check check-methods check-asan format-check lint bench format clean

define install
	@if [ -z "$(THALWEG_NO_DEPS)" ] && command -v dpkg-query >/dev/null; then \
	  missing=$$(for p in $(1); do \
	    dpkg-query -W -f='$${db:Status-Status}' $$p 2>/dev/null | grep -qx installed || echo $$p; done); \
	  if [ -n "$$missing" ]; then \
	    sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	    echo "installing:" $$missing; \
	    $$sudo apt-get update -qq && \
	    $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	  fi; \
	fi
endef

all: deps
	@cmake --preset release
	@cmake --build build -j $(JOBS)

deps:
	$(call install,$(BUILD_PACKAGES))

deps-check:
	$(call install,$(CHECK_PACKAGES))

deps-bench:
	$(call install,$(BENCH_PACKAGES))

demo: all
	build/bin/thalweg run examples/01_logistic_regression.tw
	build/bin/thalweg check examples/01_logistic_regression.tw
	$(MAKE) -s -C examples/embed_c THALWEG=$(CURDIR)/build/bin/thalweg OUT=$(CURDIR)/build/embed_c run

test: all
	cd build && ctest --output-on-failure -j $(JOBS)

# Everything: format, lint, the tests as built for release, the table of methods, then all of the tests under the sanitizers with
# a short run of each fuzzer, and 100,000 mutated programs (MUTANTS). One tree, built by clang, serves
# tests and fuzzers. There is no part with the thread sanitizer: it sees neither compiled code nor
# oneTBB, and takes their hand-overs for races; that results do not depend on threads is a test.
check: format-check lint test check-methods check-asan
	@echo "make check: all is well"

# Methods beside SciPy's on all of the test problems.
check-methods: all
	build/bin/driver_units_test "[.evidence]"

MUTANTS ?= 100000
PROGRAMS := examples stdlib
export ASAN_OPTIONS ?= detect_leaks=1:max_allocation_size_mb=2048:allocator_may_return_null=1
export UBSAN_OPTIONS ?= print_stacktrace=1

check-asan: deps-check
	cmake --preset asan
	cmake --build build-asan -j $(JOBS)
	cd build-asan && ctest --output-on-failure -j $(JOBS)
	@each=$$(( ($(MUTANTS) + $(JOBS) - 1) / $(JOBS) )); workers=; \
	for k in $$(seq 0 $$(( $(JOBS) - 1 ))); do \
	  build-asan/bin/mutations $$(( 1000000 + k * each )) $$each $(PROGRAMS) & workers="$$workers $$!"; \
	done; \
	for worker in $$workers; do wait $$worker || exit 1; done

format-check: deps-check
	@clang-format-19 --dry-run -Werror $(SOURCES)

lint: deps-check all
	@cmake/lint.sh build $(JOBS) $(TIDY_SOURCES)

bench: deps-bench all
	cmake --preset release -DTHALWEG_BUILD_BENCH=ON
	cmake --build build -j $(JOBS) --target bench
	python3 bench/run.py
	build/bin/products_bench

format: deps-check
	clang-format-19 -i $(SOURCES)

clean:
	rm -rf build build-dev build-asan build-tsan build-fuzz
