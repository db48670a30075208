# What those run who change Fovea: other kinds of tests, and checks of the sources. The Makefile includes it.

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

# Quick tests that read files. (Valgrind flushes no denormals.)
VALGRIND_TESTS := [idx],[gif],[formats],[datasets],[safetensors],[loader],[step]~*denormals*,[tensor],[checkpoint]
## valgrind: quick tests under memcheck, for uninitialised memory, which `make asan` does not see
.PHONY: valgrind
valgrind:
	$(Q)CXX='$(CXX)' .ci/install valgrind libc6-dbg
	$(Q)$(MAKE) --no-print-directory ARCH=x86-64-v3 run-valgrind
.PHONY: run-valgrind
run-valgrind: $(LINKED)/tests/all
	$(Q)OPENBLAS_NUM_THREADS=1 valgrind --quiet --error-exitcode=9 \
	  $(LINKED)/tests/all $(or $(TESTS),'$(VALGRIND_TESTS)')

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

## test-mpi: train with 2 and 4 ranks by mpirun; lose, hang and stop ranks
.PHONY: test-mpi
test-mpi:
	$(Q)$(MAKE) --no-print-directory MPI= $(OBJ)/mnist_stn
	$(Q)$(MAKE) --no-print-directory MPI=1 run-test-mpi
.PHONY: run-test-mpi
run-test-mpi: $(LINKED)/mnist_stn $(LINKED)/stn_paper
	$(Q)tests/cluster/run $(OBJ)/mnist_stn $^

FUZZ_TARGETS := $(patsubst tests/fuzz/%.cpp,%,$(filter-out %/driver.cpp,$(wildcard tests/fuzz/*.cpp)))
## fuzz: feed damaged files to the readers for FUZZ_SECONDS each, under the sanitizers
.PHONY: fuzz
fuzz:
	$(Q)$(MAKE) --no-print-directory KIND=asan run-fuzz
.PHONY: run-fuzz
run-fuzz: $(FUZZ_TARGETS:%=$(OBJ)/fuzz_%)
	$(Q)for target in $^; do $$target --seconds $(FUZZ_SECONDS) || exit 1; done

# As the tests, those see mnist_stn but for its main().
$(FUZZ_TARGETS:%=$(OBJ)/fuzz_%): $(OBJ)/fuzz_%: $(OBJ)/tests/fuzz/%.o $(OBJ)/tests/fuzz/driver.o $(OBJ)/libmnist_stn.a $(ARCHIVES)
	@echo "  link $@"
	$(Q)$(CXX) $(LDFLAGS_$(KIND)) -o $@ $^ -Wl,--as-needed $(APP_LIBS) $(LIBS)
$(OBJ)/libmnist_stn.a: $(call objects,$(filter-out %/main.cpp,$(wildcard apps/mnist_stn/*.cpp)))
-include $(patsubst %.cpp,$(OBJ)/%.d,$(wildcard tests/fuzz/*.cpp))

## scenes: how many digits `predict` reads among lines, boxes, desks, shadows: a table
.PHONY: scenes
scenes: $(LINKED)/tests/all
	$(Q)$(LINKED)/tests/all '[.scenes-table]'

FORMATTED := $(wildcard $(foreach d,core core/plain layers layers/* optim data data/* apps/* apps/web/plain tests tests/*,$(d)/*.cpp $(d)/*.h))
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
LINTED := $(patsubst %.cpp,$(BUILD)/lint/%.ok,$(LIB_SOURCES) $(APP_SOURCES))
.PHONY: run-lint
run-lint: $(LINTED)
	@echo 'lint: $(words $^) files are clean'
TIDY := clang-tidy-14
LINT_FLAGS = -std=c++20 -I. -march=$(ARCH) -DFOVEA_FLAGS='""' -Wno-psabi $(if $(filter %/mpi.cpp,$<),$$(mpicc --showme:compile))
$(BUILD)/lint/%.ok: %.cpp .clang-tidy
	@mkdir -p $(@D)
	@echo "  lint $<"
	$(Q)$(CXX) $(LINT_FLAGS) -MM -MP -MF $(@:.ok=.d) -MT $@ $<
	$(Q)$(TIDY) --quiet $< -- $(LINT_FLAGS) 2>$(@:.ok=.log) || { cat $(@:.ok=.log); false; }
	$(Q)touch $@
# It writes no dependencies itself.
-include $(LINTED:.ok=.d)

## coverage: what share of lines the tests run, and which they do not: build/coverage (installs gcovr)
.PHONY: coverage
coverage:
	$(Q)command -v gcovr >/dev/null || .ci/install gcovr
	$(Q)$(MAKE) --no-print-directory KIND=coverage run-coverage
.PHONY: run-coverage
run-coverage: $(LINKED)/tests/all $(PROGRAMS:%=$(LINKED)/%)
	$(Q)find $(OBJ) -name '*.gcda' -delete
	$(Q)ln -sfn '$(CURDIR)/data' $(BUILD)/obj/data  # as seen from a program in $(OBJ): the weights that come with it
	$(Q)FOVEA_PROGRAM=$(LINKED)/mnist_stn $(LINKED)/tests/all $(TESTS)
	$(Q).ci/coverage $(OBJ) $(BUILD)/coverage
# Before the tests' objects, whose copies of inline functions count nothing.
$(LINKED)/tests/all: LDFLAGS_coverage += -Wl,--whole-archive $(ARCHIVES) -Wl,--no-whole-archive
ifeq ($(KIND),coverage)  # nobody asks how much of the tests runs
$(OBJ)/tests/%.o: FLAGS := $(subst $(CXXFLAGS_coverage),$(CXXFLAGS_release),$(FLAGS))
endif
