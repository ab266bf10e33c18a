# The verbs that people type. Missing system packages are installed through apt where that is possible.

PREFIX ?= /usr/local
DESTDIR ?=
# What `make demo` loads, and the key of its rows.
DEMO_CSV ?= Tests/Fixtures/csv/airports.csv
DEMO_KEY ?= icao
# What `make bench` runs, with its arguments, and further arguments of `make test`.
BENCH ?= tool
TESTS ?=
# How many histories of threads `make tsan` runs.
HISTORIES ?= 60
# What `make fuzz` runs: one target, or all in turn, for so many seconds each.
TARGET ?=
SECONDS ?= 60

BUILD_PACKAGES = libzstd-dev liblz4-dev zlib1g-dev pkg-config
TEST_PACKAGES = rocksdb-tools librocksdb-dev libleveldb-dev python3-plyvel g++ strace unicode-data fish zsh
# Static, so that the binaries run where there is no Swift.
RELEASE = -c release --static-swift-stdlib
# In a folder of its own: other flags would build everything anew each time.
TEST_FLAGS = -c release -Xswiftc -enable-testing -Xswiftc -DSOFA_MUTANTS --scratch-path .build-test
# Of the fuzzer: `make test` runs it shortly, and optimizing it would take longer than all other tests.
FUZZ_BUILD = debug
FUZZ_FLAGS = -c $(FUZZ_BUILD) --product sofafuzz --scratch-path .build-fuzz -Xswiftc -enable-testing --sanitize=address \
  -Xswiftc -sanitize=fuzzer,address -Xcc -fsanitize=fuzzer-no-link -Xswiftc -use-ld=lld

TSAN_FLAGS = --product sofastress --scratch-path .build-tsan --sanitize=thread

STRESS = .build-tsan/debug/sofastress
SOFATOOL = .build/release/sofatool
# Of one input: seconds, and MiB in all and at once. Freed memory is kept apart for a while, and counts.
FUZZ_LIMITS = -timeout=10 -rss_limit_mb=256 -malloc_limit_mb=64
FUZZER = .build-fuzz/$(FUZZ_BUILD)/sofafuzz
DEMO = .build/demo

SHELL = /bin/bash
.SHELLFLAGS = -euo pipefail -c
.ONESHELL:
.SILENT:
.PHONY: build demo test test-build tsan fuzz bench install clean swift fuzzer build-packages test-packages
.DEFAULT_GOAL = build

build: swift build-packages
	swift build $(RELEASE) --product sofatool

demo: build
	say() { printf '\n$$ %s\n' "$$*"; "$$@"; }
	rm -rf '$(DEMO)'
	say $(SOFATOOL) bulk-load --key '$(DEMO_KEY)' '$(DEMO_CSV)' --into '$(DEMO)'
	say $(SOFATOOL) verify '$(DEMO)'
	say $(SOFATOOL) info '$(DEMO)'
	say $(SOFATOOL) dump --limit 5 '$(DEMO)'

# The two builds beside each other: each of them keeps one core busy for most of its time.
test: swift build-packages test-packages
	$(MAKE) --no-print-directory -j2 fuzzer test-build
	[ ! -x $(FUZZER) ] || export SOFA_FUZZER="$$PWD/$(FUZZER)"
	# Freed memory is overwritten: who still uses it fails, and not just sometimes.
	export MALLOC_PERTURB_=165
	swift test --skip-build --disable-xctest $(TEST_FLAGS) $(TESTS)

test-build: swift build-packages
	swift build --build-tests $(TEST_FLAGS)

# The concurrent tests under ThreadSanitizer, which reports data races: the first one ends the run, and so does a
# history that hangs. The last line says how it went. Not optimized: collections that are compiled into the program
# would be reported, because nobody tells ThreadSanitizer of their counts of references.
tsan: swift build-packages
	SOFA_TSAN=1 swift build $(TSAN_FLAGS)
	export TSAN_OPTIONS="halt_on_error=1 exitcode=66 ignore_interceptors_accesses=0 $${TSAN_OPTIONS:-}"
	timeout -k 5 $$((300 + 30 * $(HISTORIES))) $(STRESS) 0 $(HISTORIES) < /dev/null || {
	  status=$$?
	  case $$status in
	  1) ;;
	  66) echo 'A data race: see the report of ThreadSanitizer above.' ;;
	  124 | 137) echo 'The threads hang: nothing came of them for too long.' ;;
	  *) echo "The run broke off with status $$status." ;;
	  esac
	  exit $$status
	}

# Corpora grow from run to run. An input that fails is written to .build-fuzz: make it a file of Tests/Fixtures/fuzz.
fuzz: FUZZ_BUILD = release
fuzz: swift build-packages fuzzer
	[ -x $(FUZZER) ] || exit 1
	export ASAN_OPTIONS=quarantine_size_mb=16
	for target in $(or $(TARGET),$$($(FUZZER) list)); do
	  corpus=.build-fuzz/corpus/$$target
	  [ -d "$$corpus" ] || $(FUZZER) seeds "$$target" "$$corpus"
	  $(FUZZER) "$$target" -max_total_time=$(SECONDS) $(FUZZ_LIMITS) -artifact_prefix=.build-fuzz/$$target- "$$corpus"
	done

bench: swift build-packages
	swift build $(RELEASE) --product sofabench
	.build/release/sofabench $(BENCH)

# Builds only what is missing, so that `sudo make install` after `make` compiles nothing as root.
install:
	[ -x $(SOFATOOL) ] || $(MAKE) --no-print-directory build
	share='$(DESTDIR)$(PREFIX)/share'
	install -D -m 755 $(SOFATOOL) '$(DESTDIR)$(PREFIX)/bin/sofatool'
	for page in man/*.1; do install -D -m 644 "$$page" "$$share/man/man1/$${page##*/}"; done
	install -D -m 644 completions/sofatool.bash "$$share/bash-completion/completions/sofatool"
	install -D -m 644 completions/_sofatool "$$share/zsh/site-functions/_sofatool"
	install -D -m 644 completions/sofatool.fish "$$share/fish/vendor_completions.d/sofatool.fish"
	echo 'Installed below $(DESTDIR)$(PREFIX): bin/sofatool, its man pages and shell completions.'

clean:
	rm -rf .build .build-test .build-tsan .build-fuzz

swift:
	command -v swift > /dev/null || {
	  echo 'Swift 6.2 or later is needed: https://www.swift.org/install/linux/' >&2
	  exit 1
	}

# Without libFuzzer there is no fuzzer, and the tests that need it are skipped.
fuzzer: swift build-packages
	rm -f $(FUZZER)
	mkdir -p .build-fuzz
	probe='@_cdecl("LLVMFuzzerTestOneInput") public func probe(_: UnsafeRawPointer, _: Int) -> Int32 { 0 }'
	if ! swiftc -sanitize=fuzzer,address -use-ld=lld -parse-as-library -o .build-fuzz/probe - \
	  <<< "$$probe" 2> /dev/null; then
	  echo 'Fuzzing is skipped: this Swift has no libFuzzer.' >&2
	  exit 0
	fi
	SOFA_FUZZ=1 swift build $(FUZZ_FLAGS)

build-packages:
	if pkg-config --exists libzstd liblz4 zlib 2> /dev/null; then exit 0; fi
	$(call install_packages,$(BUILD_PACKAGES))

test-packages:
	$(call install_packages,$(TEST_PACKAGES))

# Installs those of the packages $(1) that are missing, as root or through sudo, which only asks on a terminal. A first
# failure is often a package list that is old or was never fetched.
define install_packages
missing=()
for package in $(1); do
  [[ $$(dpkg-query -W -f '$${Status}' $$package 2> /dev/null) == *' installed' ]] || missing+=($$package)
done
[ $${#missing[@]} -gt 0 ] || exit 0
sudo=()
[ "$$(id -u)" = 0 ] || { [ -t 0 ] && sudo=(sudo) || sudo=(sudo -n); }
apt=("$${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120)
echo "Installing $${missing[*]}" >&2
"$${apt[@]}" install -y --no-install-recommends "$${missing[@]}" >&2 ||
  { "$${apt[@]}" update >&2 && "$${apt[@]}" install -y --no-install-recommends "$${missing[@]}" >&2; } || {
    echo "These packages are needed and could not be installed; install them yourself: $${missing[*]}" >&2
    exit 1
  }
endef
