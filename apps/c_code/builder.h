// The C code under construction, as the translations of single operations see it.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/trace.h"
#include "layers/module.h"

namespace fovea {

/// Weights in eight bits: output channel k, which is row k of [out, ...], is scales[k] * values.
struct Int8Weights {
  std::vector<int> values;  // -127 to 127
  std::vector<float> scales;
};
Int8Weights int8_weights(const Tensor& weight);

/// Whether the operation has weights that may be packed: its input 1, [out, ...].
bool has_int8_weights(const TracedOp& op);

/// Where intermediate results are: a place in one block of floats for each, used again when the
/// last operation has read it. A tensor is recognised by its storage, which reshaped ones share.
class CMemory {
 public:
  CMemory(const std::vector<const TracedOp*>& ops, const Tensor& input, const Tensor& output);

  int size() const { return size_; }              ///< floats altogether
  const int* find(const Tensor& computed) const;  ///< null for what no operation computed

 private:
  std::map<const void*, int> places_;
  int size_ = 0;
};

/// Collects constants, the functions of functions.cpp that are called, and statements.
class CBuilder {
 public:
  CBuilder(const CMemory& memory, const std::vector<NamedTensor>& parameters, bool int8);

  /// Goes to the next operation, which must live meanwhile.
  void begin(const TracedOp& op);
  const TracedOp& op() const { return *op_; }

  /// The attribute "dim", counted from the front; negative ones count from the last.
  int dim() const;
  /// A pointer to the floats of an input ("NULL" if it is not given) or of the output.
  std::string input(std::size_t i);
  std::string output() const;
  std::string place(const Tensor& x);

  /// Calls a function of functions.cpp.
  void call(const std::string& function, const std::vector<std::string>& arguments);
  /// The same with `weights`, input 1 of the operation, in front: packed or not.
  void call_with_weights(const std::string& function, std::vector<std::string> arguments);
  /// for (i0 ...) for (i1 ...) `body`
  void loops(const Shape& shape, const std::string& body);
  void use(const std::string& function) { functions_.insert(function); }
  void statement(const std::string& text) { statements_ += "  " + text + "\n"; }

  const std::string& constants() const { return constants_; }
  const std::string& statements() const { return statements_; }
  const std::set<std::string>& functions() const { return functions_; }

 private:
  std::string constant(const Tensor& x);
  std::string unique(const std::string& wish);

  const CMemory& memory_;
  std::map<const void*, std::string> parameter_names_, known_, packed_;
  std::set<std::string> used_, functions_;
  std::string constants_, statements_;
  bool int8_;
  const TracedOp* op_ = nullptr;
};

/// Writes one operation.
using CTranslation = std::function<void(CBuilder&)>;
using CTranslations = std::map<std::string, CTranslation>;
const CTranslations& c_layers();
const CTranslations& c_arithmetic();

/// A function as C text.
struct CFunction {
  const char* name;
  const char* calls;  ///< another of them, which stands before; or null
  const char* text;
};
const std::vector<CFunction>& c_samplers();

/// The text of the functions of these names, and of those they call, in an order that compiles.
std::string c_functions(const std::set<std::string>& names);

/// A float as C has it, to the last bit: "0.1f". Error: NaN.
std::string c_literal(double value);

/// "{1.0f, 2.0f, ...}" over lines.
std::string c_list(const std::vector<std::string>& values);

}  // namespace fovea
