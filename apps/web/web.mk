# The page: the library and what it needs of apps/ by emscripten, without threads and OpenBLAS (core/plain),
# and what is not in it: readers of files, whose only user is the page's script.

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

WEB      := $(BUILD)/obj/web
WEB_OUT  := core/blas.cpp core/workers.cpp core/file.cpp core/directory.cpp core/safetensors% layers/weights.cpp
WEB_IN   := $(wildcard core/*.cpp core/plain/*.cpp layers/*.cpp layers/*/*.cpp optim/*.cpp apps/web/*.cpp apps/web/plain/*.cpp) \
  $(addprefix apps/networks/,evaluate.cpp localization.cpp table.cpp tutorial.cpp) \
  $(addprefix data/,augment.cpp dataset.cpp strokes.cpp synthetic.cpp) $(addprefix apps/shell/,numbers.cpp suggest.cpp)
WEB_SOURCES := $(filter-out $(WEB_OUT),$(WEB_IN))
WEB_FLAGS := -std=c++20 -Wall -Wextra -Werror -Wno-sign-compare -fno-math-errno -I. -include core/plain/libcxx.h -msimd128 -fwasm-exceptions
WEB_CALLS := $(shell sed -n 's/^[a-zA-Z].*\b\(web_[a-z_]*\)[^a-z_].*/\1/p' apps/web/engine.h) malloc free
WEB_O    := -Os
$(patsubst %,$(WEB)/%.o,core/% layers/kernels/% layers/warps/% layers/grid_sample layers/warp layers/max_pool2d layers/dropout optim/adam data/augment): WEB_O := -O3
$(WEB)/layers/kernels/winograd%.o: WEB_O := -Os
$(WEB)/%.o: %.cpp
	@mkdir -p $(@D)
	@echo "  em++ $<"
	$(Q)em++ $(WEB_FLAGS) $(WEB_O) -MMD -MP -c $< -o $@
$(WEB)/fovea.wasm: $(patsubst %.cpp,$(WEB)/%.o,$(WEB_SOURCES))
	@echo "  link $@"
	$(Q)em++ -Os -msimd128 -fwasm-exceptions -s STANDALONE_WASM --no-entry -s ALLOW_MEMORY_GROWTH -s TOTAL_STACK=1MB \
	  $(WEB_CALLS:%=-Wl,--export=%) -o $@ $^

# build/mnist_stn train --distort RTS --validation 5000 --epochs 30 --augment --rotate 20 --shift 2 --scale 0.15
#   --shear 8 --elastic 1.5 --lr 0.003 --seed 1 --threads 1 --model-option conv1=12 conv2=24 fc=48, with
#   --lr-loc-scale 0.25 --model-option warp=pose output=28 antialias=true localization1=12 localization2=16;
#   the control with --model tutorial-cnn instead.
CANVAS_WEIGHTS := data/pretrained/canvas.safetensors data/pretrained/canvas-control.safetensors
CODE ?= ../README.md
$(BUILD)/fovea.html: $(WEB)/fovea.wasm $(wildcard apps/web/*.html apps/web/*.css apps/web/*.js apps/web/*.mjs) $(CANVAS_WEIGHTS)
	$(Q)node apps/web/assemble.mjs $@ '$(CODE)' $< $(CANVAS_WEIGHTS)

# The same calls by a native build, to compare bits.
.PHONY: run-test-web
run-test-web: $(OBJ)/web_reference
	$(Q)node tests/web/run.mjs $(BUILD)/fovea.html $< $(TESTS)
$(OBJ)/web_reference: $(call objects,tests/web/reference.cpp $(wildcard apps/web/*.cpp apps/networks/*.cpp apps/shell/*.cpp) apps/cluster/ranks.cpp) $(OBJ)/libfovea.a
	@echo "  link $@"
	$(Q)$(CXX) $(LDFLAGS_$(KIND)) -o $@ $^ -Wl,--as-needed $(APP_LIBS) $(LIBS)

-include $(patsubst %.cpp,$(WEB)/%.d,$(WEB_SOURCES))
