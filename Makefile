# What can be done here. `make demo` and `make test` do all of their own set-up.
BUILD := $(CURDIR)/build
LIBRARY := $(BUILD)/library
export R_LIBS := $(LIBRARY)
export PATH := $(PATH):$(HOME)/.cargo/bin

.PHONY: help setup install demo test check bench docs clean

help:
	@echo "make demo    the main job on real data, beside base R"
	@echo "make test    all tests: Rust, R, whole sessions, leaks"
	@echo "make check   what CI would like to see: format, lints, wrappers, test, R CMD check of the built tarball"
	@echo "make bench   measurements against base R and peers"
	@echo "make docs    NAMESPACE and manual pages from the sources"

setup:
	sh tools/setup.sh

# The R package into build/library; cargo rebuilds only what changed.
install: setup
	mkdir -p $(LIBRARY)
	CARGO_TARGET_DIR=$(BUILD)/target-r R CMD INSTALL --preclean --no-test-load --library=$(LIBRARY) rpkg

demo: install
	Rscript examples/leukaemia.R

test: install
	cargo test --workspace --locked
	sh tests/run.sh

check: setup
	cargo fmt --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	$(MAKE) test
	sh tools/wrappers.sh --check
	sh tests/check-package.sh

bench: install
	for script in bench/*.R; do Rscript $$script; done

docs:
	sh tools/setup.sh docs
	Rscript -e 'roxygen2::roxygenise("rpkg", load_code = "source")'

clean:
	rm -rf build target
	cd rpkg && sh cleanup
