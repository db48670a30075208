# Fovea: `make help` explains the targets.
#
# Variables: ARCH=native|x86-64-v3|x86-64-v2|armv8-a  CXX=g++|clang++  BUILD=build  PREFIX=/usr/local
#            OUT=runs/mnist (make run)  TRAIN='--epochs 5' (more options for make run)
#            MPI=1 (train on several machines: mpirun -n N build/mnist_stn train ...)
#            TESTS='[idx]' (a Catch2 filter)  FUZZ_SECONDS=20  PYTHON=python3  V=1 (show commands)

SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# All cores, unless -j or a make above this one says otherwise.
ifeq ($(MAKELEVEL)$(findstring j,$(filter -j% --jobs%,$(MAKEFLAGS))),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif

# Where memory bears fewer compilers than that, they wait for each other.
SLOT = $(eval SLOT := $(shell .ci/slot --needed $(patsubst -j%,%,$(filter -j%,$(MAKEFLAGS)))))$(SLOT)

ifeq ($(origin CXX),default)
CXX := g++
endif
ARCH   ?= $(if $(findstring aarch64-linux-gnu-,$(CXX)),armv8-a,native)
BUILD  ?= build
PREFIX ?= /usr/local
KIND   ?= release
OUT    ?= runs/mnist
PYTHON ?= $(shell command -v python3)
FUZZ_SECONDS ?= 20

# The tags of tests that use threads; and of quick ones that read files. (Valgrind flushes no denormals.)
THREAD_TESTS   := \[(loader|step|per_step|same_bits|trainer|image_folder)\]
VALGRIND_TESTS := [idx],[gif],[formats],[datasets],[safetensors],[loader],[step]~*denormals*,[tensor],[checkpoint]

LIBS      := -lopenblas -lz -pthread
APP_LIBS  = $(if $(MPI),$(shell mpicc --showme:link 2>/dev/null)) -lgif -lturbojpeg -lwebpdemux -lwebp -ltiff -lonnx -lonnx_proto -lprotobuf
# Catch2 3 is a library, 2 a header. Asked for when linking: the package may come with this make.
TEST_LIBS  = $(shell $(CXX) -E -include catch2/catch_session.hpp -x c++ /dev/null >/dev/null 2>&1 && echo -lCatch2)
CXXFLAGS_release := -O3 -march=$(ARCH)
CXXFLAGS_double  := -O2 -march=$(ARCH) -DFOVEA_DOUBLE -DFOVEA_CHECKS
CXXFLAGS_asan    := -O1 -g -march=$(ARCH) -DFOVEA_CHECKS -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_asan     := -fsanitize=address,undefined
CXXFLAGS_tsan    := -O1 -g -march=$(ARCH) -fsanitize=thread
LDFLAGS_tsan     := -fsanitize=thread
CXXFLAGS_coverage := -O1 -march=$(ARCH) --coverage -fprofile-update=atomic
LDFLAGS_coverage  := --coverage
IS_CLANG := $(findstring clang,$(CXX))
# g++ 12 warns of overlapping copies inside std::string, which are not there (GCC bug 105651).
WARNINGS := -Wall -Wextra -Werror -Wno-psabi $(if $(IS_CLANG),,-Wno-restrict)
# The sanitizers make it see uninitialised members in Catch2's own code.
ifneq ($(filter asan tsan,$(KIND)$(IS_CLANG)),)
WARNINGS += -Wno-maybe-uninitialized
endif
FLAGS := -std=c++20 -pipe $(WARNINGS) -fno-math-errno -I. -pthread $(CXXFLAGS_$(KIND))

# One object folder for each way of building, so that switching back and forth rebuilds nothing.
OBJ := $(BUILD)/obj/$(notdir $(CXX))-$(ARCH)-$(KIND)
# One file tells programs for several processes from those for one: they share all other objects.
LINKED := $(OBJ)$(if $(MPI),-mpi)

LIB_SOURCES  := $(wildcard core/*.cpp layers/*.cpp layers/*/*.cpp optim/*.cpp data/*.cpp data/*/*.cpp)
APP_SOURCES  := $(wildcard apps/*/*.cpp)
# A folder of apps/ with a main.cpp is a program; the others are rooms that programs share.
PROGRAMS     := $(patsubst apps/%/main.cpp,%,$(wildcard apps/*/main.cpp))
ROOM_SOURCES := $(filter-out apps/cluster/$(if $(MPI),alone,mpi).cpp apps/onnx/% apps/web/% $(PROGRAMS:%=apps/%/%),$(APP_SOURCES))
TEST_SOURCES := $(wildcard tests/*.cpp tests/*/test_*.cpp)
ifeq ($(KIND),double)  # what `make gradcheck` runs, and a third of the compile time
TEST_SOURCES := $(wildcard tests/*.cpp) $(shell grep -lE '\[(gradcheck|golden)\]' tests/*/test_*.cpp)
endif
ifeq ($(KIND),tsan)  # those that use threads; the others cannot race
TEST_SOURCES := $(wildcard tests/*.cpp) $(shell grep -lE '$(THREAD_TESTS)' tests/*/test_*.cpp)
endif
# `make test TESTS='[tag]'` compiles the files of one tag only.
TAG := $(shell t='$(TESTS)'; [[ $$t =~ ^\[[a-z0-9_-]+\]$$ ]] && tr -d '[]' <<<"$$t")
TAGGED := $(if $(TAG),$(shell grep -lF '[$(TAG)]' tests/*/test_*.cpp))
FUZZ_TARGETS := $(patsubst tests/fuzz/%.cpp,%,$(filter-out %/driver.cpp,$(wildcard tests/fuzz/*.cpp)))
objects = $(patsubst %.cpp,$(OBJ)/%.o,$(1))
# In the order in which they use each other.
ARCHIVES := $(OBJ)/libfovea_onnx.a $(LINKED)/libfovea_train.a $(OBJ)/libfovea.a
FORMATTED := $(wildcard $(foreach d,core core/plain layers layers/* optim data data/* apps/* apps/web/plain tests tests/*,$(d)/*.cpp $(d)/*.h))

Q := $(if $(V),,@)

## all: build the programs into build/
.PHONY: all
all: $(PROGRAMS:%=$(BUILD)/%)

## run: train on MNIST (on drawn digits without network), evaluate, leave pictures and weights
.PHONY: run
run: $(BUILD)/mnist_stn
	$(Q).ci/train $(BUILD)/mnist_stn $(OUT) $(TRAIN)

## test: build and run all tests
.PHONY: test
test: $(LINKED)/tests/$(if $(TAGGED),tagged-$(TAG),all) $(BUILD)/mnist_stn $(BUILD)/stn_paper $(BUILD)/bench
	$(Q)$< $(TESTS)

## test-mpi: train with 2 and 4 ranks by mpirun; lose, hang and stop ranks
.PHONY: test-mpi
test-mpi:
	$(Q)$(MAKE) --no-print-directory MPI= $(OBJ)/mnist_stn
	$(Q)$(MAKE) --no-print-directory MPI=1 run-test-mpi
.PHONY: run-test-mpi
run-test-mpi: $(LINKED)/mnist_stn $(LINKED)/stn_paper
	$(Q)tests/cluster/run $(OBJ)/mnist_stn $^

## gradcheck: the tests of gradients and golden values, in double precision
.PHONY: gradcheck
gradcheck:
	$(Q)$(MAKE) --no-print-directory KIND=double run-gradcheck
.PHONY: run-gradcheck
run-gradcheck: $(LINKED)/tests/all
	$(Q)$(LINKED)/tests/all '[gradcheck],[golden]'

## asan: all tests under the address and undefined-behaviour sanitizers
.PHONY: asan
asan:
	$(Q)$(MAKE) --no-print-directory KIND=asan run-asan
.PHONY: run-asan
run-asan: $(LINKED)/tests/all
	$(Q)UBSAN_OPTIONS=print_stacktrace=1 $(LINKED)/tests/all $(TESTS)

## tsan: the tests that use threads, under the sanitizer of data races
.PHONY: tsan
tsan:
	$(Q)$(MAKE) --no-print-directory KIND=tsan run-tsan
.PHONY: run-tsan
run-tsan: $(LINKED)/tests/all
	$(Q)TSAN_OPTIONS='halt_on_error=1 allocator_may_return_null=1 suppressions=tests/tsan.supp' OPENBLAS_NUM_THREADS=1 $(LINKED)/tests/all $(TESTS)

## valgrind: quick tests under memcheck, for uninitialised memory, which `make asan` does not see
.PHONY: valgrind
valgrind:
	$(Q)CXX='$(CXX)' .ci/install valgrind libc6-dbg
	$(Q)$(MAKE) --no-print-directory ARCH=x86-64-v3 run-valgrind
.PHONY: run-valgrind
run-valgrind: $(LINKED)/tests/all
	$(Q)OPENBLAS_NUM_THREADS=1 valgrind --quiet --error-exitcode=9 \
	  $(LINKED)/tests/all $(or $(TESTS),'$(VALGRIND_TESTS)')

## paper-table: the spatial-transformer paper's table, measured so far (build/stn_paper run adds cells)
.PHONY: paper-table
paper-table: $(BUILD)/stn_paper
	$(Q)$(BUILD)/stn_paper table

## bench: measure speed, layer by layer, and memory (BENCH='--quick' and other options)
.PHONY: bench
bench: $(BUILD)/bench
	$(Q)$(BUILD)/bench $(BENCH)

## compare: the same networks here and in PyTorch, in turns (PYTHON=one that has torch)
.PHONY: compare
compare: $(BUILD)/bench
	$(Q)if [ -n "$(PYTHON)" ]; then "$(PYTHON)" apps/bench/compare.py $(BUILD)/bench; \
	  else echo "compare: no Python here, so nothing to compare with"; fi

## arm64: cross-compile, run the README's example and the tests of the engine under qemu
.PHONY: arm64
arm64:
	$(Q).ci/arm64 '$(TESTS)'

## fuzz: feed damaged files to the readers for FUZZ_SECONDS each, under the sanitizers
.PHONY: fuzz
fuzz:
	$(Q)$(MAKE) --no-print-directory KIND=asan run-fuzz
.PHONY: run-fuzz
run-fuzz: $(FUZZ_TARGETS:%=$(OBJ)/fuzz_%)
	$(Q)for target in $^; do $$target --seconds $(FUZZ_SECONDS) || exit 1; done

## scenes: how many digits `predict` reads among lines, boxes, desks, shadows: a table
.PHONY: scenes
scenes: $(LINKED)/tests/all
	$(Q)$(LINKED)/tests/all '[.scenes-table]'

## test-faults: the tests of bad input and of faults to survive
.PHONY: test-faults
test-faults: $(LINKED)/tests/all $(BUILD)/mnist_stn
	$(Q)$(LINKED)/tests/all 'fault*,[faults],[limits]'

## test-kill: kill trainings and make their system calls fail, N times (N=200)
.PHONY: test-kill
test-kill: $(BUILD)/mnist_stn $(OBJ)/kill_shim.so
	$(Q)tests/kill/run $^ $(or $(N),200) $(SEED)
$(OBJ)/kill_shim.so: tests/kill/shim.cpp | deps
	@mkdir -p $(@D)
	$(Q)$(CXX) -O1 $(WARNINGS) -shared -fPIC -o $@ $< -ldl

## web: build/fovea.html, the live page, in one file (installs emscripten: 112 MB). CODE=URL is what it links to
.PHONY: web
web:
	$(Q)command -v em++ >/dev/null || { echo 'web: emscripten is missing: 112 MB to download'; .ci/install emscripten; }
	$(Q)$(MAKE) --no-print-directory $(BUILD)/fovea.html

## test-web: the page in headless Chromium, its bits against those of an SSE build (installs chromium)
.PHONY: test-web
test-web: web
	$(Q)command -v chromium >/dev/null || { echo 'test-web: chromium is missing: 90 MB to download'; .ci/install chromium; }
	$(Q)$(MAKE) --no-print-directory ARCH=x86-64-v2 KIND=release run-test-web

## data: download MNIST (11 MB) to datasets/mnist
.PHONY: data
data: | deps
	$(Q)data/download.sh

## deps: install the Debian packages that are missing; every build does it
.PHONY: deps
deps:
	$(Q)CXX='$(CXX)' .ci/install $(if $(MPI),libopenmpi-dev openmpi-bin)

## install: copy programs, headers and the library below PREFIX (and DESTDIR)
.PHONY: install
install: all $(ARCHIVES)
	$(Q).ci/install_files '$(DESTDIR)$(PREFIX)' '-std=c++20 -march=$(ARCH)' $(ARCHIVES) -- $(PROGRAMS:%=$(BUILD)/%)

## format: lay out all sources with clang-format
.PHONY: format
format:
	$(Q)$$(command -v clang-format-14 || echo clang-format) -i $(FORMATTED)

## check-format: fail where `make format` would change something
.PHONY: check-format
check-format:
	$(Q)$$(command -v clang-format-14 || echo clang-format) --dry-run -Werror $(FORMATTED)

## check-deps: prove that core, layers, optim, data and apps include only what they may
.PHONY: check-deps
check-deps:
	$(Q).ci/check_deps

## docs: API pages in build/docs, without a warning (installs doxygen)
.PHONY: docs
docs:
	$(Q)command -v doxygen >/dev/null || .ci/install doxygen
	$(Q).ci/docs '$(BUILD)/docs'

## lint: clang-tidy over all sources but tests (installs it); only what changed since the last time
.PHONY: lint
lint:
	$(Q)command -v $(TIDY) >/dev/null || .ci/install $(TIDY)
	$(Q)$(MAKE) --no-print-directory run-lint
.PHONY: run-lint
run-lint: $(patsubst %.cpp,$(BUILD)/lint/%.ok,$(LIB_SOURCES) $(APP_SOURCES))
	@echo 'lint: $(words $^) files are clean'
TIDY := clang-tidy-14
$(BUILD)/lint/%.ok: %.cpp .clang-tidy
	@mkdir -p $(@D)
	@echo "  lint $<"
	$(Q)$(TIDY) --quiet $< -- -std=c++20 -I. -march=$(ARCH) -DFOVEA_FLAGS='""' -Wno-psabi $(if $(filter %/mpi.cpp,$<),$$(mpicc --showme:compile)) \
	  -MMD -MP -MF $(@:.ok=.d) -MT $@ 2>$(@:.ok=.log) || { cat $(@:.ok=.log); false; }
	$(Q)touch $@

## coverage: what share of lines the tests run, and which they do not: build/coverage (installs gcovr)
.PHONY: coverage
coverage:
	$(Q)command -v gcovr >/dev/null || .ci/install gcovr
	$(Q)$(MAKE) --no-print-directory KIND=coverage run-coverage
.PHONY: run-coverage
run-coverage: $(LINKED)/tests/all $(PROGRAMS:%=$(LINKED)/%)
	$(Q)find $(OBJ) -name '*.gcda' -delete
	$(Q)FOVEA_PROGRAM=$(LINKED)/mnist_stn $(LINKED)/tests/all $(TESTS)
	$(Q).ci/coverage $(OBJ) $(BUILD)/coverage

## clean: remove build/ (runs/ and datasets/ stay)
.PHONY: clean
clean:
	rm -rf $(BUILD)

## help: list the targets
.PHONY: help
help:
	@sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST)) | awk -F': ' '{ printf "  make %-13s %s\n", $$1, $$2 }'
	@sed -n '3,7s/^# \{0,1\}//p' $(firstword $(MAKEFILE_LIST))

$(OBJ)/%.o: %.cpp | deps
	@mkdir -p $(@D)
	@echo "  c++  $<"
	$(Q)$(SLOT) $(CXX) $(FLAGS) $(EXTRA_FLAGS) -MMD -MP -c $< -o $@

# Asked for when compiling, as the package may come with this make.
$(OBJ)/apps/cluster/mpi.o: FLAGS += $$(mpicc --showme:compile | sed 's/-I/-isystem/g')

# Random numbers must not depend on whether a CPU fuses a*b+c.
$(OBJ)/core/random.o: EXTRA_FLAGS := -ffp-contract=off
# Says which instructions are missing, so it must do without them.
$(OBJ)/core/cpu_check.o: EXTRA_FLAGS = $(if $(findstring x86_64,$(shell $(CXX) -dumpmachine)),-march=x86-64)
# Speed is in core/, layers/ and optim/, and in what draws and varies images; the rest compiles in half
# the time, and where command lines and JSON are read nobody waits for them.
$(OBJ)/data/%.o: EXTRA_FLAGS := -O2
# Three times as fast so: they distort every image of every epoch.
$(OBJ)/data/resample.o $(OBJ)/data/distort_maps.o: EXTRA_FLAGS :=
$(OBJ)/apps/cluster/step_sum.o: EXTRA_FLAGS :=
$(OBJ)/apps/%.o $(OBJ)/tests/%.o: EXTRA_FLAGS := -O1
ifeq ($(KIND),release)
$(foreach room,shell run train onnx c_code mnist_stn stn_paper,$(OBJ)/apps/$(room)/%.o): EXTRA_FLAGS := -O0
endif
ifeq ($(KIND),coverage)  # nobody asks how much of the tests runs
$(OBJ)/tests/%.o: FLAGS := $(subst $(CXXFLAGS_coverage),$(CXXFLAGS_release),$(FLAGS))
endif
# What logs, results and the benchmark say about how the library was built.
$(OBJ)/apps/bench/%.o: EXTRA_FLAGS := -O2
$(OBJ)/apps/shell/build_info.o: EXTRA_FLAGS := -O1 -DFOVEA_FLAGS='"$(CXXFLAGS_$(KIND))"'

$(OBJ)/libfovea.a: $(call objects,$(LIB_SOURCES))
$(LINKED)/libfovea_train.a: $(call objects,$(ROOM_SOURCES))
$(OBJ)/libfovea_onnx.a: $(call objects,$(wildcard apps/onnx/*.cpp))
%.a:
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $^

# A program takes from the archives what it uses, and of the libraries those that this needs.
.SECONDEXPANSION:
$(PROGRAMS:%=$(LINKED)/%): $(LINKED)/%: $$(call objects,$$(wildcard apps/$$*/*.cpp)) $(ARCHIVES)
	@echo "  link $@"
	$(Q)$(CXX) $(LDFLAGS_$(KIND)) -o $@ $^ -Wl,--as-needed $(APP_LIBS) $(LIBS)

# The tests also see the files of two programs, but for their main(), and the cases of bench.
TESTED := apps/bench/cases.cpp $(if $(filter double,$(KIND)),,$(wildcard apps/web/*.cpp)) $(filter-out %/main.cpp,$(wildcard apps/mnist_stn/*.cpp apps/stn_paper/*.cpp))
$(LINKED)/tests/all: $(call objects,$(TEST_SOURCES) $(TESTED)) $(ARCHIVES)
$(LINKED)/tests/tagged-$(TAG): $(call objects,$(wildcard tests/*.cpp) $(TAGGED) $(TESTED)) $(ARCHIVES)
$(LINKED)/tests/all $(LINKED)/tests/tagged-$(TAG):
	@echo "  link $@"
	$(Q)$(CXX) $(LDFLAGS_$(KIND)) -o $@ $^ $(TEST_LIBS) $(APP_LIBS) $(LIBS)

# As the tests, those see mnist_stn but for its main().
$(FUZZ_TARGETS:%=$(OBJ)/fuzz_%): $(OBJ)/fuzz_%: $(OBJ)/tests/fuzz/%.o $(OBJ)/tests/fuzz/driver.o $(OBJ)/libmnist_stn.a $(ARCHIVES)
	@echo "  link $@"
	$(Q)$(CXX) $(LDFLAGS_$(KIND)) -o $@ $^ -Wl,--as-needed $(APP_LIBS) $(LIBS)
$(OBJ)/libmnist_stn.a: $(call objects,$(filter-out %/main.cpp,$(wildcard apps/mnist_stn/*.cpp)))

# build/ holds copies: the program of the last ARCH and CXX that was made.
$(PROGRAMS:%=$(BUILD)/%): $(BUILD)/%: $(LINKED)/% FORCE
	$(Q)cmp -s $< $@ || cp --remove-destination $< $@

.PHONY: FORCE
FORCE:

include apps/web/web.mk

-include $(patsubst %.cpp,$(OBJ)/%.d,$(LIB_SOURCES) $(APP_SOURCES) $(TEST_SOURCES) $(wildcard tests/fuzz/*.cpp))
