# Fovea: `make help` explains the targets.
#
# Variables: ARCH=native|x86-64-v3|x86-64-v2  CXX=g++|clang++  V=1 (show commands)

SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

ARCH  ?= native
BUILD := build
KIND  ?= release
REAL  := float

LIBS     := -lopenblas -lz -pthread
APP_LIBS := -lgif -lonnx -lonnx_proto -lprotobuf
CXXFLAGS_release := -O3 -march=$(ARCH)
CXXFLAGS_double  := -O2 -march=$(ARCH) -DFOVEA_DOUBLE
CXXFLAGS_asan    := -O1 -g -march=$(ARCH) -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_asan     := -fsanitize=address,undefined
# g++ 12 warns of overlapping copies inside std::string, which are not there (GCC bug 105651).
WARNINGS := -Wall -Wextra -Werror -Wno-psabi $(if $(findstring clang,$(CXX)),,-Wno-restrict)
FLAGS := -std=c++20 $(WARNINGS) -fno-math-errno -I. -pthread $(CXXFLAGS_$(KIND))

# One object folder for each way of building, so that switching back and forth rebuilds nothing.
OBJ := $(BUILD)/obj/$(notdir $(CXX))-$(ARCH)-$(KIND)

LIB_SOURCES    := $(wildcard core/*.cpp layers/*.cpp optim/*.cpp data/*.cpp)
COMMON_SOURCES := $(wildcard apps/common/*.cpp)
TEST_SOURCES   := $(wildcard tests/*.cpp)
PROGRAMS       := $(filter-out common,$(notdir $(patsubst %/,%,$(wildcard apps/*/))))
objects = $(patsubst %.cpp,$(OBJ)/%.o,$(1))
ALL_SOURCES := $(LIB_SOURCES) $(wildcard apps/*/*.cpp) $(TEST_SOURCES)

Q := $(if $(V),,@)

## all: build the programs into build/
.PHONY: all
all: $(PROGRAMS:%=$(BUILD)/%)

$(OBJ)/%.o: %.cpp
	@mkdir -p $(@D)
	@echo "  c++  $<"
	$(Q)$(CXX) $(FLAGS) $(EXTRA_FLAGS) -MMD -MP -c $< -o $@

# Random numbers must not depend on whether a CPU fuses a*b+c.
$(OBJ)/core/random.o: EXTRA_FLAGS := -ffp-contract=off

$(OBJ)/libfovea.a: $(call objects,$(LIB_SOURCES))
	$(Q)rm -f $@ && ar rcs $@ $^

.SECONDEXPANSION:
$(PROGRAMS:%=$(OBJ)/%): $(OBJ)/%: $$(call objects,$$(wildcard apps/$$*/*.cpp)) $(call objects,$(COMMON_SOURCES)) $(OBJ)/libfovea.a
	@echo "  link $@"
	$(Q)$(CXX) $(LDFLAGS_$(KIND)) -o $@ $^ $(APP_LIBS) $(LIBS)

$(OBJ)/tests/all: $(call objects,$(TEST_SOURCES)) $(call objects,$(COMMON_SOURCES)) $(OBJ)/libfovea.a
	@echo "  link $@"
	$(Q)$(CXX) $(LDFLAGS_$(KIND)) -o $@ $^ $(APP_LIBS) $(LIBS)

$(BUILD)/%: $(OBJ)/% FORCE
	$(Q)cmp -s $< $@ || cp $< $@

.PHONY: FORCE
FORCE:

## help: list the targets
.PHONY: help
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST) | awk -F': ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

-include $(patsubst %.cpp,$(OBJ)/%.d,$(ALL_SOURCES))
