# What can be done here. `make demo` and `make test` do all of their own set-up.
BUILD := $(CURDIR)/build
LIBRARY := $(BUILD)/library
export R_LIBS := $(LIBRARY)
export PATH := $(PATH):$(HOME)/.cargo/bin

.PHONY: help setup crates vendor check-vendor install cli demo test check resume chaos hosts soak damage fuzz valgrind torture miri cross coverage bench bench-against viewer test-viewer tour docs site clean

help:
	@echo "make demo    the main job on real data, beside base R"
	@echo "make cli     the command-line program: build/bin/memshare"
	@echo "make test    format, lints, all tests: Rust, R, whole sessions, leaks"
	@echo "make check   make test, then R CMD check of the built tarball, offline"
	@echo "make chaos   300 random sessions under faults of real processes, 100 Ctrl-C; goes on where it was broken off"
	@echo "make hosts   clusters over hosts made of namespaces, by sockets, ssh, Slurm and MPI: each fault once, then RUNS=20 by SEED=1"
	@echo "make soak    30 minutes of mixed calls and kills, MINUTES=... of them: memory, descriptors, threads, files stay as they are"
	@echo "make fuzz    every parser of outside bytes, guided by coverage, 30 CPU-minutes each (SECONDS=..., TARGETS=...)"
	@echo "make valgrind every native entry and its workers under valgrind (FILES=... for R test files)"
	@echo "make torture every native entry with R's collector at every allocation"
	@echo "make miri    the board's unsafe code under Miri (of rustup's nightly toolchain)"
	@echo "make cross   whether the crates compile for 64-bit ARM and for musl, whose tests run too (by rustup)"
	@echo "make coverage  how much of the package's R code its tests run"
	@echo "make damage  damaged files, CASES=2000 in each place"
	@echo "make bench   measurements against base R and peers"
	@echo "make bench-against COMMIT=...  another commit and this one, in turn"
	@echo "make viewer  the page of memView(): script and style from viewer/"
	@echo "make tour    the pages and pictures of docs/tour.md, by real runs"
	@echo "make site    the package's site by pkgdown, in build/site"
	@echo "make vendor  the archives of crates anew, after a change of a lockfile"
	@echo "make docs    NAMESPACE and manual pages from the sources"

setup:
	sh tools/setup.sh

# The crates from their archives into build/vendor, and .cargo/config.toml, by which cargo takes them from there.
crates:
	sh tools/crates.sh

# The archives anew from crates.io, after a change of a Cargo.toml or a Cargo.lock; and whether they hold what crates.io gives.
vendor:
	sh tools/vendor.sh

check-vendor:
	sh tools/vendor.sh --check

# The R package into build/library; cargo rebuilds only what changed.
install:
	sh tools/setup.sh demo
	mkdir -p $(LIBRARY)
	CARGO_TARGET_DIR=$(BUILD)/target-r R CMD INSTALL --preclean --no-test-load --library=$(LIBRARY) rpkg

cli: crates
	cargo build --release --locked --package memshare-cli
	mkdir -p $(BUILD)/bin
	cp target/release/memshare $(BUILD)/bin/

demo: install
	Rscript examples/leukaemia.R

# Cheap and telling first: format, lints, the scheduler; then what needs the installed package.
test: setup crates install
	python3 tests/dependencies/test.py
	python3 tests/dependencies/check.py
	cargo fmt --check
	cd rpkg/src/rust && cargo fmt --check -- --config-path ../../../rustfmt.toml
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy --workspace --locked -- -D warnings -D clippy::too_many_lines -D clippy::too_many_arguments
	cd rpkg/src/rust && CARGO_TARGET_DIR=$(BUILD)/target-r cargo clippy --release --locked -- -D warnings -D clippy::too_many_lines -D clippy::too_many_arguments
	sh tests/protected.sh
	Rscript tests/circles.R
	Rscript tests/long.R
	cargo test --workspace --locked
	RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=$(BUILD)/target-loom cargo test --package memshare-scheduler --locked --lib loom
	CARGO_TARGET_DIR=$(BUILD)/target-r sh tools/wrappers.sh --check
	sh tests/bridge.sh
	$(MAKE) test-viewer
	sh tests/run.sh

# What a release needs besides: R CMD check of the tarball, built offline from the crates' archive.
check: test
	sh tools/setup.sh check
	sh tests/check-package.sh

# Both write their figures into docs/reliability.md.
CHAOS := $(BUILD)/chaos
chaos: install
	mkdir -p $(CHAOS)
	python3 tests/chaos/chaos.py --programs 300 --results $(CHAOS)/programs.jsonl
	python3 tests/chaos/chaos.py --programs 40 --only Ctrl-C --results $(CHAOS)/interrupts.jsonl
	python3 tests/chaos/report.py $(CHAOS)/programs.jsonl $(CHAOS)/interrupts.jsonl

hosts: install
	Rscript --vanilla tests/hosts/parity.R
	Rscript --vanilla tests/hosts/verbs.R
	Rscript --vanilla tests/hosts/again.R
	Rscript --vanilla tests/hosts/mpi.R
	Rscript --vanilla tests/hosts/ssh.R
	Rscript --vanilla tests/hosts/slurm.R
	Rscript --vanilla tests/hosts/ends.R
	Rscript --vanilla tests/hosts/network.R
	Rscript --vanilla tests/hosts/faults.R
	Rscript --vanilla tests/hosts/faults.R $(or $(RUNS),20) $(or $(SEED),1)

soak: install
	mkdir -p $(CHAOS)
	MEMSHARE_TEST_SECONDS=86400 MEMSHARE_SOAK_MINUTES=$(or $(MINUTES),30) MEMSHARE_SOAK_RESULTS=$(CHAOS)/soak.md sh tests/run.sh soak.R
	python3 tests/chaos/report.py $(CHAOS)/soak.md

# Goes on where it was broken off; finds and logs in build/fuzz.
fuzz:
	sh tools/fuzz.sh $(or $(SECONDS),1800) $(TARGETS)

valgrind: install
	sh tools/valgrind.sh $(FILES)

torture: install
	MEMSHARE_TORTURE=1 Rscript --vanilla tests/native/entries.R

miri:
	sh tools/miri.sh

cross:
	sh tools/cross.sh $(TARGETS)

coverage: install
	CARGO_TARGET_DIR=$(BUILD)/target-r Rscript tools/coverage.R

# Damaged, replaced and planted files: docs/reliability.md.
damage: install
	MEMSHARE_DAMAGE=$(or $(CASES),2000) MEMSHARE_DAMAGE_SEED=$(or $(SEED),1) Rscript --vanilla tests/one-file.R rpkg/tests/testthat/test-damage-files.R

bench: setup install
	Rscript bench/peers.R

# PAIRS and ROWS may be given too.
bench-against: install
	sh tools/bench-against.sh $(COMMIT) $(or $(PAIRS),15) $(ROWS)

# The page's script and style, from viewer/ into inspect's sources, where they are committed.
viewer:
	cd viewer && npm ci --no-audit --no-fund && npm run build

# The page in a headless Chromium; and whether what is committed is what the sources give.
test-viewer:
	cd viewer && npm ci --no-audit --no-fund && npm run check && npm test

# The pages of docs/tour.md by real runs, and their pictures.
tour: install
	Rscript tools/tour.R $(BUILD)/tour
	cd viewer && npm ci --no-audit --no-fund && node tour.js $(BUILD)/tour ../docs/tour

# A run of a million elements, killed with its session at 20 random moments.
resume:
	MEMSHARE_ELEMENTS=1e6 MEMSHARE_KILLS=20 MEMSHARE_WITHIN=0.4 R_LIBS=$(LIBRARY) Rscript --vanilla tests/e2e/checkpoint.R

docs:
	sh tools/setup.sh docs
	Rscript -e 'roxygen2::roxygenise("rpkg", load_code = "source")'

site: install
	sh tools/setup.sh site
	Rscript tools/site.R $(BUILD)/site

clean:
	rm -rf build target .cargo
	cd rpkg && sh cleanup
