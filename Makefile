# The verbs that people type. Missing system packages are installed through apt where that is possible.

PREFIX ?= /usr/local
DESTDIR ?=
# What `make demo` loads, and the key of its rows.
DEMO_CSV ?= Tests/Fixtures/csv/airports.csv
DEMO_KEY ?= icao
# Further arguments of `make bench` and `make test`.
BENCH ?=
TESTS ?=

BUILD_PACKAGES = libzstd-dev liblz4-dev zlib1g-dev pkg-config
TEST_PACKAGES = rocksdb-tools librocksdb-dev libleveldb-dev python3-plyvel g++ strace unicode-data
# Static, so that the binaries run where there is no Swift.
RELEASE = -c release --static-swift-stdlib
# In a folder of its own: other flags would build everything anew each time.
TEST_FLAGS = -c release -Xswiftc -enable-testing --scratch-path .build-test

SOFATOOL = .build/release/sofatool
DEMO = .build/demo

SHELL = /bin/bash
.SHELLFLAGS = -euo pipefail -c
.ONESHELL:
.SILENT:
.PHONY: build demo test bench install clean swift build-packages test-packages
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

test: swift build-packages test-packages
	swift build --build-tests $(TEST_FLAGS)
	swift test --skip-build --disable-xctest $(TEST_FLAGS) $(TESTS)

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
	rm -rf .build .build-test

swift:
	command -v swift > /dev/null || {
	  echo 'Swift 6.2 or later is needed: https://www.swift.org/install/linux/' >&2
	  exit 1
	}

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
