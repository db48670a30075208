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

# The tags of tests that use threads.
THREAD_TESTS   := \[(loader|step|per_step|same_bits|trainer|image_folder)\]

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
# g++ 12 warns of overlapping copies inside std::string, which are not there (GCC bug 105651); 13 and
# 14 take what find_network("tutorial") refers to for a part of the name.
WARNINGS := -Wall -Wextra -Werror -Wno-psabi $(if $(IS_CLANG),,-Wno-restrict -Wno-dangling-reference)
# From 13 on it sees accesses beyond strings and vectors just made, which `make asan` does not.
GCC := $(if $(IS_CLANG),,$(firstword $(subst ., ,$(shell $(CXX) -dumpversion 2>/dev/null))))
WARNINGS += $(if $(filter-out 12,$(GCC)),-Wno-array-bounds -Wno-stringop-overflow)
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
objects = $(patsubst %.cpp,$(OBJ)/%.o,$(1))
# In the order in which they use each other.
ARCHIVES := $(OBJ)/libfovea_onnx.a $(LINKED)/libfovea_train.a $(OBJ)/libfovea.a

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

## clean: remove build/ (runs/ and datasets/ stay)
.PHONY: clean
clean:
	rm -rf $(BUILD)

## help: list the targets
.PHONY: help
help:
	@awk 'sub(/^## /, "") { at = index($$0, ": "); printf "  make %-13s %s\n", substr($$0, 1, at - 1), substr($$0, at + 2) }' $(filter-out %.d,$(MAKEFILE_LIST))
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

# build/ holds copies: the program of the last ARCH and CXX that was made.
$(PROGRAMS:%=$(BUILD)/%): $(BUILD)/%: $(LINKED)/% FORCE
	$(Q)cmp -s $< $@ || cp --remove-destination $< $@

.PHONY: FORCE
FORCE:

include apps/web/web.mk tests/checks.mk

-include $(patsubst %.cpp,$(OBJ)/%.d,$(LIB_SOURCES) $(APP_SOURCES) $(TEST_SOURCES))
