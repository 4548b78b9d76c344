# The two commands of the README are `make demo` and `make test`; each does all the set-up it needs.
# One profile and one target folder serve everything, so that a fresh machine compiles the dependencies once.

export CARGO_TARGET_DIR ?= $(CURDIR)/target
HEADCOUNT := $(CARGO_TARGET_DIR)/release/headcount
CARGO_FLAGS := --release --locked --workspace

.PHONY: demo test faults bench fuzz check components guests host tools schema clean

demo: components ## Four connectors, four vendors, one company of 1,000 people
	$(HEADCOUNT) demo $(ARGS)

test: check components ## Everything: formatting, lints, then all tests
	cargo test $(CARGO_FLAGS)

check: tools ## Formatting and lints
	cargo fmt --all --check
	cargo clippy $(CARGO_FLAGS) --all-targets -- -D warnings

faults: components ## The fault matrix, printed; WRITE=1 writes its report, tests/faults/matrix.md, anew
	$(if $(WRITE),HEADCOUNT_WRITE_MATRIX=1) cargo test $(CARGO_FLAGS) --test faults -- --nocapture

bench: components guests ## Every benchmark, each a ratio measured in one run
	cargo bench --locked --workspace --benches

guests: host ## A connector in JavaScript and one in Python, where npm and pip can be had
	HEADCOUNT=$(HEADCOUNT) tests/benches/guests/build

# libFuzzer needs its counters in Headcount's own crates alone, which the wrapper compiles in; a C++ compiler links it.
fuzz: TARGET ?= url
fuzz: SECONDS ?= 60
fuzz: tools ## One fuzz target for some seconds: make fuzz TARGET=url SECONDS=60; the targets are the folders of tests/fuzz/corpus
	RUSTC_WORKSPACE_WRAPPER=$(CURDIR)/tests/fuzz/instrument cargo build $(CARGO_FLAGS) --features headcount-fuzz/libfuzzer --bin fuzz
	mkdir -p $(CARGO_TARGET_DIR)/fuzz/$(TARGET)
	HEADCOUNT_FUZZ=$(TARGET) $(CARGO_TARGET_DIR)/release/fuzz -max_total_time=$(SECONDS) -timeout=10 -rss_limit_mb=1024 \
		-dict=tests/fuzz/words.dict -artifact_prefix=$(CARGO_TARGET_DIR)/fuzz/ $(CARGO_TARGET_DIR)/fuzz/$(TARGET) tests/fuzz/corpus/$(TARGET)

components: host ## The connectors as packed components, in target/connectors, and the corpus's guest, in target/hostile
	HEADCOUNT=$(HEADCOUNT) connectors/build

host: tools ## The headcount program
	cargo build $(CARGO_FLAGS)

schema: host ## Writes the manifest's JSON Schema anew
	$(HEADCOUNT) connector schema > docs/manifest.schema.json

# SQLite and the TLS library are compiled from C.
tools:
	@command -v cargo >/dev/null || { echo "Rust is missing: install it from https://rustup.rs" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "installing a C compiler"; $$(command -v sudo) apt-get update -qq && $$(command -v sudo) apt-get install -y -qq --no-install-recommends build-essential; }

clean: ## Removes everything that was built
	cargo clean
