# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bpf-vitals: one Makefile, no recursion. `make help` lists the targets; V=1 shows the commands.

VERSION := $(shell cat VERSION)
SAN     ?=
B       ?= build$(if $(SAN),/$(subst $(comma),-,$(SAN)))
comma   := ,
V       ?= 0
Q       := $(if $(filter 1,$(V)),,@)
say      = $(if $(filter 1,$(V)),,@printf '  %-8s %s\n' '$(1)' '$(patsubst $(CURDIR)/%,%,$@)';)

ifeq ($(origin CC),default)
CC      := gcc
endif
CLANG   ?= clang
RUSTC   ?= rustc
BPFTOOL ?= $(firstword $(wildcard /usr/lib/linux-tools/*/bpftool /usr/sbin/bpftool) bpftool)
PKG_CONFIG ?= pkg-config
prefix  ?= /usr/local
DESTDIR ?=

WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla -Wundef \
           -Wimplicit-fallthrough $(if $(WERROR),-Werror)
HARDEN  := -fstack-protector-strong -fstack-clash-protection -fPIE $(if $(SAN),,-D_FORTIFY_SOURCE=2)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
PKGS    := libbpf libelf libdw libcap-ng capstone zlib liblzma libseccomp libprotobuf-c ncursesw \
           yaml-0.1 libmicrohttpd gnutls
CFLAGS  ?= -O2 -g
ALL_CFLAGS := -std=gnu11 $(CFLAGS) $(WARN) $(HARDEN) $(SANFLAGS) -D_GNU_SOURCE \
           -DVERSION='"$(VERSION)"' -Iuser -Ibpf -I$(B)/skel -I$(B)/gen \
           $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null) -MMD -MP
# --as-needed: a tool gets no library that nothing in it uses.
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(SANFLAGS) $(LDFLAGS)
PURE_LIBS := -liberty $(shell $(PKG_CONFIG) --libs capstone 2>/dev/null || echo -lcapstone) -lprotobuf-c -lyaml -lz -lm
# AddressSanitizer has a crypt_r in front of the library's, which then seems not to be needed.
CRYPT_LIBS := $(if $(SAN),-Wl$(comma)--no-as-needed -lcrypt -Wl$(comma)--as-needed,-lcrypt)
HOST_LIBS := -ldw -lelf -llzma -lseccomp -lcap-ng -lmicrohttpd -lgnutls $(CRYPT_LIBS) -lz
PROBE_LIBS := -lbpf -lelf -lz -lcap-ng -lpthread
SCREEN_LIBS := $(shell $(PKG_CONFIG) --libs ncursesw 2>/dev/null || echo -lncursesw -ltinfo)

ARCH    := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(shell uname -m)))
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
BPF_CFLAGS := -std=gnu11 -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -Wall -Wextra -Wno-unused-parameter \
           -Wno-missing-declarations $(if $(WERROR),-Werror) -Ivmlinux -Ibpf -Ibpf/lib \
           $(addprefix -idirafter /usr/include/,$(MULTIARCH)) -MMD -MP

TOOLS   := $(basename $(notdir $(wildcard user/*.c)))
# Tools without BPF, for any user: they get no library that they do not need.
UNPRIVILEGED_TOOLS := flame-render heap-diff
SKELS   := $(patsubst bpf/%.bpf.c,$(B)/skel/%.skel.h,$(wildcard bpf/*.bpf.c))
TEST_SKELS := $(patsubst tests/bpf/%.bpf.c,$(B)/skel/test/%.skel.h,$(wildcard tests/bpf/*.bpf.c))

PURE_DIRS := base symbol profile heap report
obj      = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)))
PURE_OBJ := $(foreach d,$(PURE_DIRS),$(call obj,user/$(d)/*.c)) $(B)/gen/pprof.pb-c.o
HOST_OBJ := $(call obj,user/host/*.c)
PROBE_OBJ := $(call obj,user/probe/*.c) $(call obj,user/collect/*.c)

EXAMPLES := $(patsubst examples/%.c,$(B)/examples/%,$(filter-out examples/lib/%,$(wildcard examples/*/*.c)))
EXAMPLE_OBJ := $(call obj,examples/lib/*.c)
EXAMPLE_TEST := $(patsubst tests/examples/%.c,$(B)/tests/examples/%,$(wildcard tests/examples/*_test.c))
BUSY_OBJ := $(call obj,examples/profiling/busy/*.c)
STALLS_OBJ := $(call obj,examples/profiling/stalls/*.c)
RATE_OBJ := $(call obj,examples/benchmark/rate/*.c)
UNIT    := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/*_test.c))
HOSTTEST := $(patsubst tests/host/%.c,$(B)/tests/host/%,$(wildcard tests/host/*_test.c))
BPFTEST := $(patsubst tests/bpf/%.c,$(B)/tests/bpf/%,$(wildcard tests/bpf/*_test.c))
STOPS   := $(B)/tests/bpf/stack-stops# what the stacks-* live tests look with
FRAMES  := $(B)/tests/bpf/v8-frames# what v8-names.bats looks with
COST    := $(addprefix $(B)/tests/bpf/,unwind-cost loop-cost always-on)# what benchmarks measure with
GOLDEN  := $(patsubst tests/golden/%.c,$(B)/tests/golden/%,$(wildcard tests/golden/*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))
REPLAY  := $(patsubst tests/fuzz/%.c,$(B)/tests/replay/%,$(wildcard tests/fuzz/*_fuzz.c))
LIVE    := $(patsubst tests/live/%.c,$(B)/tests/live/%,$(filter-out %-plugin.c %/cpu-exec.c,$(wildcard tests/live/*.c)))
LIVE_VARIANTS := $(addprefix $(B)/tests/live/,stress-lsan alloc-matrix-static alloc-matrix-musl \
           $(addprefix stacks-c-,O0 fp static nopie stripped clang) $(addprefix stacks-cxx-,fp stripped) \
           $(addprefix stacks-plugin,.so -fp.so) cpu-plugin.so $(addprefix cpu-exec-,first second) $(if $(shell $(RUSTC) --version 2>/dev/null),stacks-rust) leaks-c-O0 v8-liar-compressed $(addprefix busy-events-,fp stripped) \
           $(basename $(notdir $(wildcard tests/live/*.go tests/live/*.cpp))))

.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:

.PHONY: all
all: $(addprefix $(B)/bin/,$(TOOLS)) $(EXAMPLES) ## the tools and the example servers

.PHONY: help
help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- user space ---------------------------------------------------------------------------------

$(B)/%.o: %.c
	$(call say,CC)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -c $< -o $@

# Messages of protocol buffers: what is generated is not checked against our warnings.
$(B)/gen/%.pb-c.c: user/report/%.proto
	$(call say,PROTOC)mkdir -p $(@D) && protoc-c --c_out=$(@D) --proto_path=$(<D) $<
$(B)/gen/%.pb-c.h: $(B)/gen/%.pb-c.c ;
$(B)/gen/%.o: $(B)/gen/%.c
	$(call say,CC)$(CC) $(filter-out $(WARN),$(ALL_CFLAGS)) -c $< -o $@
$(PURE_OBJ): | $(B)/gen/pprof.pb-c.h

$(B)/libpure.a: $(PURE_OBJ)
$(B)/libhost.a: $(HOST_OBJ)
$(B)/libprobe.a: $(PROBE_OBJ)
$(B)/%.a:
	$(call say,AR)rm -f $@ && ar rcs $@ $^

# Skeletons are generated before the objects that may include them; -MMD tells which really do.
$(PROBE_OBJ) $(addprefix $(B)/user/,$(addsuffix .o,$(TOOLS))): | $(SKELS)

$(B)/bin/%: $(B)/user/%.o $(B)/libprobe.a $(B)/libhost.a $(B)/libpure.a
	$(call say,LINK)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) $^ $(PROBE_LIBS) $(HOST_LIBS) $(PURE_LIBS) $(TOOL_LIBS) -o $@
$(B)/bin/cpu-sample $(B)/bin/loop-stall: TOOL_LIBS := $(SCREEN_LIBS)
$(B)/bin/heap-diff: TOOL_LIBS := -lzstd -lz
$(B)/bin/heap-diff: $(call obj,user/collect/heap_take*.c)

$(addprefix $(B)/bin/,$(UNPRIVILEGED_TOOLS)): $(B)/bin/%: $(B)/user/%.o $(B)/libhost.a $(B)/libpure.a
	$(call say,LINK)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) $(filter %.o,$^) $(filter %.a,$^) -lm $(TOOL_LIBS) -o $@

# What is included as it is (.incbin) is unknown to -MMD.
$(B)/user/report/flamegraph_assets.o: user/report/flamegraph.js user/report/flamegraph.css

# --- BPF ----------------------------------------------------------------------------------------

$(B)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF)mkdir -p $(@D) && $(CLANG) $(BPF_CFLAGS) -MF $(@:.o=.d) -MT $@ -c $< -o $@.tmp && $(BPFTOOL) gen object $@ $@.tmp && rm -f $@.tmp

$(B)/skel/%.skel.h: $(B)/bpf/%.bpf.o
	$(call say,SKEL)mkdir -p $(@D) && $(BPFTOOL) gen skeleton $< name $(subst -,_,$*)_bpf > $@

$(B)/tests/bpf/%.bpf.o: tests/bpf/%.bpf.c
	$(call say,BPF)mkdir -p $(@D) && $(CLANG) $(BPF_CFLAGS) -MF $(@:.o=.d) -MT $@ -c $< -o $@.tmp && $(BPFTOOL) gen object $@ $@.tmp && rm -f $@.tmp

$(B)/skel/test/%.skel.h: $(B)/tests/bpf/%.bpf.o
	$(call say,SKEL)mkdir -p $(@D) && $(BPFTOOL) gen skeleton $< name $(subst -,_,$*)_bpf > $@

.PHONY: vmlinux
vmlinux: ## the running kernel's full type dump, for exploring (build/vmlinux-full.h)
	$(Q)mkdir -p $(B) && $(BPFTOOL) btf dump file /sys/kernel/btf/vmlinux format c > $(B)/vmlinux-full.h

# --- examples -----------------------------------------------------------------------------------

$(B)/libexample.a: $(EXAMPLE_OBJ)
$(EXAMPLES): $(B)/%: $(B)/%.o $(B)/libexample.a
	$(call say,LINK)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) $(filter %.o,$^) $(filter %.a,$^) $(EXAMPLE_LIBS) -o $@
$(B)/examples/%.o: ALL_CFLAGS += -Iexamples/lib
$(addprefix $(B)/examples/optimization/,caching-example connection-pool): EXAMPLE_LIBS := -lhiredis
$(B)/examples/optimization/fast-json: EXAMPLE_LIBS := -ljansson
$(B)/examples/profiling/busy-server: $(BUSY_OBJ)
$(B)/examples/benchmark/fixed-rate: $(RATE_OBJ)
$(B)/examples/profiling/stalling-server: $(STALLS_OBJ) $(B)/examples/profiling/busy/pattern.o
# A caller that is left by a jump is in no stack.
$(B)/examples/profiling/%.o: ALL_CFLAGS += -fno-optimize-sibling-calls

# TypeScript: only when asked for, since npm fetches the compiler and what the servers need, as locked, at the
# first time. Node looks for packages beside the program and in the folders above it.
TS_SRC := $(shell find examples -name '*.ts' -not -path '*/node_modules/*')
.PHONY: examples-ts
examples-ts: $(patsubst examples/%.ts,$(B)/examples/%.js,$(TS_SRC)) ## the example servers in TypeScript; needs Node and npm
$(patsubst examples/%.ts,$(B)/examples/%.js,$(TS_SRC)) &: $(TS_SRC) examples/tsconfig.json examples/node_modules/.package-lock.json
	$(call say,TSC)examples/node_modules/.bin/tsc -p examples --outDir $(B)/examples && ln -sfn $(abspath examples/node_modules) $(B)/examples/node_modules && touch $(patsubst examples/%.ts,$(B)/examples/%.js,$(TS_SRC))
examples/node_modules/.package-lock.json: examples/package-lock.json
	$(call say,NPM)npm --prefix examples ci --ignore-scripts --no-audit --no-fund --loglevel=error && touch $@

# --- tests --------------------------------------------------------------------------------------

# Allocations of our own objects pass tests/unit/failing_alloc.c, which can make the n-th one fail.
WRAP_ALLOC := $(addprefix -Wl$(comma)--wrap=,malloc calloc realloc reallocarray strdup strndup)
$(UNIT): $(B)/%: $(B)/%.o $(B)/tests/unit/failing_alloc.o $(B)/libpure.a
	$(call say,LINK)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) $(WRAP_ALLOC) $^ $(PURE_LIBS) -o $@
$(B)/tests/%.o: ALL_CFLAGS += -Itests/unit

# The pure parts of the example servers.
$(EXAMPLE_TEST): $(B)/%: $(B)/%.o $(B)/libexample.a
	$(call say,LINK)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) $^ -o $@
$(B)/tests/examples/%.o: ALL_CFLAGS += -Iexamples/lib

$(GOLDEN): $(B)/%: $(B)/%.o $(B)/libpure.a
	$(call say,LINK)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) $^ $(PURE_LIBS) -o $@

# Writes the images of V8 that unit tests and the fuzz target read: docs/v8-internals.md.
RECORDER := $(B)/tests/host/v8-record
PAGE := $(B)/tests/host/metrics-page# a collector without BPF, for metrics-server.bats
$(HOSTTEST) $(RECORDER) $(PAGE): $(B)/%: $(B)/%.o $(B)/libhost.a $(B)/libpure.a
	$(call say,LINK)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) $^ $(HOST_LIBS) -lbpf $(PURE_LIBS) -o $@

# The stacks that the tests make are walked by frame pointers.
$(patsubst %,%.o,$(BPFTEST)): ALL_CFLAGS += -fno-omit-frame-pointer
$(patsubst %,%.o,$(BPFTEST) $(STOPS) $(FRAMES) $(COST) $(B)/tests/bpf/loop-watch): | $(TEST_SKELS) $(SKELS)
$(filter $(B)/tests/bpf/loop-%,$(BPFTEST) $(COST)): $(B)/tests/bpf/loop-watch.o
$(B)/tests/bpf/endless_test: $(B)/tests/bpf/endless-server.o
$(BPFTEST) $(STOPS) $(FRAMES) $(COST): $(B)/%: $(B)/%.o $(B)/libprobe.a $(B)/libhost.a $(B)/libpure.a
	$(call say,LINK)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) $(filter %.o,$^) $(filter %.a,$^) $(PROBE_LIBS) $(HOST_LIBS) $(PURE_LIBS) -o $@

# The pure folders once more, by clang, so that libFuzzer sees which ways an input takes.
FUZZ_FLAGS := -std=gnu11 -O1 -g -D_GNU_SOURCE -DVERSION='"fuzz"' -Iuser -Ibpf -I$(B)/gen -Itests/unit -Itests/fuzz \
           -fsanitize=address,undefined -fno-sanitize-recover=all -MMD -MP
FUZZED  := $(patsubst $(B)/%,$(B)/fuzzed/%,$(PURE_OBJ))
$(FUZZED): | $(B)/gen/pprof.pb-c.h
$(B)/fuzzed/gen/%.o: $(B)/gen/%.c
	$(call say,FUZZ)mkdir -p $(@D) && $(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -c $< -o $@
$(B)/fuzzed/%.o: %.c
	$(call say,FUZZ)mkdir -p $(@D) && $(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -c $< -o $@
$(B)/libfuzzed.a: $(FUZZED)
$(FUZZERS): $(B)/tests/fuzz/%: tests/fuzz/%.c $(B)/libfuzzed.a
	$(call say,FUZZ)mkdir -p $(@D) && $(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer $(filter %.c %.a,$^) $(PURE_LIBS) -o $@

$(REPLAY): $(B)/tests/replay/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/replay.o $(B)/libpure.a
	$(call say,LINK)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) $^ $(PURE_LIBS) -o $@

# Targets of live tests: plain programs, built without our hardening flags so that -O2 means -O2.
LIVE_CFLAGS := -std=gnu11 -O2 -g -D_GNU_SOURCE -Wall -Wextra -MMD -MP
$(LIVE): $(B)/tests/live/%: tests/live/%.c
	$(call say,CC)mkdir -p $(@D) && $(CC) $(LIVE_CFLAGS) $< -o $@ -lpthread -ldl
$(B)/tests/live/%-lsan: tests/live/%.c
	$(call say,CC)mkdir -p $(@D) && $(CC) $(LIVE_CFLAGS) -fsanitize=leak $< -o $@ -lpthread -ldl
$(B)/tests/live/%-static: tests/live/%.c
	$(call say,CC)mkdir -p $(@D) && $(CC) $(LIVE_CFLAGS) -static $< -o $@ -lpthread -ldl
$(B)/tests/live/cpu-exec-%: tests/live/cpu-exec.c
	$(call say,CC)mkdir -p $(@D) && $(CC) $(LIVE_CFLAGS) -static -fno-pie -no-pie -DWORK=burn_$* $< -o $@
$(B)/tests/live/%-musl: tests/live/%.c
	$(call say,CC)mkdir -p $(@D) && musl-gcc $(LIVE_CFLAGS) -static $< -o $@ -lpthread -ldl
$(B)/tests/live/stacks-c-static: LIVE_CFLAGS += -DNO_PLUGIN # dlopen, in a static program, warns
$(B)/tests/live/v8-liar-compressed: tests/live/v8-liar.c
	$(call say,CC)mkdir -p $(@D) && $(CC) $(LIVE_CFLAGS) -rdynamic -DTAGGED_SIZE=4 $< -o $@ -lpthread
$(B)/tests/live/v8-liar: LIVE_CFLAGS += -rdynamic # its constants are in .dynsym, as V8's are
$(B)/tests/live/cpu-evil: LIVE_CFLAGS += -g0 # names of symbols alone
LIVE_FP := -fno-omit-frame-pointer -DWITH_FRAME_POINTER
$(B)/tests/live/%-fp: tests/live/%.c
	$(call say,CC)mkdir -p $(@D) && $(CC) $(LIVE_CFLAGS) $(LIVE_FP) $< -o $@ -lpthread -ldl
$(B)/tests/live/%-O0: tests/live/%.c
	$(call say,CC)mkdir -p $(@D) && $(CC) $(LIVE_CFLAGS) -O0 -DWITH_FRAME_POINTER $< -o $@ -lpthread -ldl
$(B)/tests/live/%-nopie: tests/live/%.c
	$(call say,CC)mkdir -p $(@D) && $(CC) $(LIVE_CFLAGS) -fno-pie -no-pie $< -o $@ -lpthread -ldl
$(B)/tests/live/%-clang: tests/live/%.c
	$(call say,CC)mkdir -p $(@D) && $(CLANG) $(LIVE_CFLAGS) $< -o $@ -lpthread -ldl
$(B)/tests/live/%-stripped: $(B)/tests/live/%
	$(call say,STRIP)strip -s $< -o $@
$(B)/tests/live/%.so: tests/live/%.c
	$(call say,CC)mkdir -p $(@D) && $(CC) $(LIVE_CFLAGS) -fPIC -shared $< -o $@
$(B)/tests/live/%-fp.so: tests/live/%.c
	$(call say,CC)mkdir -p $(@D) && $(CC) $(LIVE_CFLAGS) $(LIVE_FP) -fPIC -shared $< -o $@
LIVE_CXXFLAGS = -std=c++17 $(filter-out -std=%,$(LIVE_CFLAGS))
$(B)/tests/live/%: tests/live/%.cpp
	$(call say,CXX)mkdir -p $(@D) && $(CXX) $(LIVE_CXXFLAGS) $< -o $@ -lpthread
$(B)/tests/live/%-fp: tests/live/%.cpp
	$(call say,CXX)mkdir -p $(@D) && $(CXX) $(LIVE_CXXFLAGS) $(LIVE_FP) $< -o $@ -lpthread
$(B)/tests/live/%: tests/live/%.rs
	$(call say,RUSTC)mkdir -p $(@D) && MAKEFLAGS= $(RUSTC) -O -g --crate-name $(subst -,_,$*) $< -o $@
$(B)/tests/live/go-%: tests/live/go-%.go
	$(call say,GO)mkdir -p $(@D) && GOCACHE=$(abspath $(B))/go-cache GO111MODULE=off \
		CGO_ENABLED=$(if $(filter pure,$*),0,1) go build -o $@ $<

# The servers in TypeScript are part of the tests where their compiler is installed (scripts/install-deps.sh).
WITH_TS := $(if $(wildcard examples/node_modules/.bin/tsc),examples-ts)

.PHONY: check
check: ## unit, corpus, golden and command-line tests; no root, a few minutes
check: $(UNIT) $(HOSTTEST) $(EXAMPLE_TEST) $(GOLDEN) $(REPLAY) $(if $(SAN),,all $(PAGE) $(WITH_TS) $(B)/tests/live/go-pure $(B)/tests/live/cpu-work)
	$(Q)BUILD=$(B) prove -j2 $(UNIT) $(HOSTTEST) $(EXAMPLE_TEST)
	$(Q)BUILD=$(B) prove tests/support/replay.t
	$(Q)$(if $(SAN),true,BUILD=$(B) prove -j3 tests/cli/*.bats tests/golden/*.bats)

.PHONY: check-browser
check-browser: $(B)/bin/flame-render ## flame graphs in headless Chromium; screenshots in build/browser
	$(Q)mkdir -p $(B)/browser && cp tests/browser/package.json tests/browser/package-lock.json $(B)/browser
	$(Q)! command -v npm >/dev/null || (cd $(B)/browser && npm ci --ignore-scripts --no-audit --no-fund --silent)
	$(Q)BUILD=$(B) NODE_PATH=$(abspath $(B))/browser/node_modules prove --timer --exec node tests/browser/*.test.js

.PHONY: check-readers
check-readers: $(B)/tests/golden/profile_report $(B)/tests/golden/loop_report $(B)/bin/cpu-sample $(B)/bin/heap-diff $(WITH_TS) ## profiles read back by pprof, speedscope in Chromium, ajv; npm packages
	$(Q)BUILD=$(B) prove --timer tests/readers/*.bats

.PHONY: check-root
check-root: all $(WITH_TS) $(PAGE) $(BPFTEST) $(STOPS) $(FRAMES) $(LIVE) $(LIVE_VARIANTS) ## in-kernel and live tests; root
	$(Q)BUILD=$(B) prove $(BPFTEST)
	$(Q)BUILD=$(B) scripts/live-tests.sh tests/live/*.bats

.PHONY: check-kernels
check-kernels: all $(BPFTEST) $(STOPS) $(FRAMES) $(LIVE) $(LIVE_VARIANTS) ## the same in qemu guests with Debian's 6.1 and 6.12 kernels
	$(Q)BUILD=$(B) prove --timer tests/kernels/kernels.t

.PHONY: lint
lint: all $(BPFTEST) $(STOPS) $(FRAMES) $(COST) ## formatting, warnings, static analysis, shell, layers, man pages
	$(Q)BUILD=$(B) scripts/lint.sh

.PHONY: format
format: ## clang-format in place
	$(Q)git ls-files '*.[ch]' | xargs clang-format -i

FUZZ_SECONDS ?= 60
.PHONY: fuzz
fuzz: $(FUZZERS) ## every fuzz target for FUZZ_SECONDS (60)
	$(Q)BUILD=$(B) FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/fuzz.sh

.PHONY: bench
bench: all $(STOPS) $(FRAMES) $(COST) $(LIVE) $(B)/tests/live/deep-fp ## A against B in turn, ratios with their spread; root
	$(Q)BUILD=$(B) scripts/bench.sh

.PHONY: golden
golden: $(GOLDEN) ## re-record the golden outputs, for the diff to be read
	$(Q)BUILD=$(B) RECORD=1 bats tests/golden/*.bats

.PHONY: coverage
coverage: ## line coverage of the pure folders by the unit tests (gcov)
	$(Q)$(MAKE) --no-print-directory B=build/coverage CFLAGS='-O1 -g --coverage' LDFLAGS=--coverage build/coverage/.coverage
$(B)/.coverage: $(UNIT) $(GOLDEN)
	$(Q)BUILD=$(B) scripts/coverage.sh

# --- man pages, installation --------------------------------------------------------------------

TRACERS := $(filter-out $(UNPRIVILEGED_TOOLS),$(TOOLS))
MAN8 := $(patsubst %,$(B)/man/%.8,$(TRACERS))
MAN1 := $(patsubst %,$(B)/man/%.1,$(UNPRIVILEGED_TOOLS))
# help2man's "November 2026" is no date to mandoc.
MAN_DATE = $(shell date -u -d "@$${SOURCE_DATE_EPOCH:-$$(date +%s)}" +%F)
make_man = mkdir -p $(@D) && help2man --no-info --section=$(1) --manual='bpf-vitals' --include=docs/man/$*.h2m $< -o $@ && \
		sed -i 's/^\(\.TH [^ ]* "$(1)"\) "[^"]*"/\1 "$(MAN_DATE)"/' $@
.PHONY: man
man: $(MAN8) $(MAN1) ## man pages from --help and docs/man/*.h2m
$(B)/man/%.8: $(B)/bin/% docs/man/%.h2m
	$(call say,MAN)$(call make_man,8)
$(B)/man/%.1: $(B)/bin/% docs/man/%.h2m
	$(call say,MAN)$(call make_man,1)

INTO := $(DESTDIR)$(prefix)
MONITORING_INTO := $(INTO)/share/doc/bpf-vitals/monitoring
.PHONY: install
install: all man ## into DESTDIR/prefix
	install -d $(addprefix $(INTO)/,bin sbin share/man/man1 share/man/man8 share/bash-completion/completions)
	install -m 0755 $(addprefix $(B)/bin/,$(TRACERS)) $(INTO)/sbin
	install -m 0755 $(addprefix $(B)/bin/,$(UNPRIVILEGED_TOOLS)) $(INTO)/bin
	install -m 0644 $(MAN8) $(INTO)/share/man/man8
	install -m 0644 $(MAN1) $(INTO)/share/man/man1
	for t in $(TOOLS); do install -m 0644 scripts/bash-completion $(INTO)/share/bash-completion/completions/$$t; done
	install -d $(MONITORING_INTO)/rules $(INTO)/lib/systemd/system
	install -m 0644 $(wildcard docs/monitoring/*.*) $(MONITORING_INTO)
	install -m 0644 $(wildcard docs/monitoring/rules/*) $(MONITORING_INTO)/rules
	sed 's|/usr/local/|$(prefix)/|' docs/monitoring/vitals-exporter.service >$(INTO)/lib/systemd/system/vitals-exporter.service

.PHONY: uninstall
uninstall: ## what install put there
	for t in $(TOOLS); do rm -f $(INTO)/bin/$$t $(INTO)/sbin/$$t $(INTO)/share/man/man1/$$t.1 $(INTO)/share/man/man8/$$t.8 \
		$(INTO)/share/bash-completion/completions/$$t; done
	rm -rf $(MONITORING_INTO) $(INTO)/lib/systemd/system/vitals-exporter.service

.PHONY: clean
clean: ## removes build/
	$(Q)rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
