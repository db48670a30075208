#include "apps/c_code/builder.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace fovea {

bool has_int8_weights(const TracedOp& op) {
  return op.op == "conv2d" || op.op == "linear";
}

Int8Weights int8_weights(const Tensor& weight) {
  const int rows = weight.shape()[0], each = rows ? weight.size() / rows : 0;
  Int8Weights packed;
  for (int k = 0; k < rows; ++k) {
    const Real* const row = weight.data() + static_cast<long>(k) * each;
    Real largest = 0;
    for (int i = 0; i < each; ++i) largest = std::max(largest, std::abs(row[i]));
    const float scale = largest > 0 ? static_cast<float>(largest / 127) : 1;
    packed.scales.push_back(scale);
    for (int i = 0; i < each; ++i)
      packed.values.push_back(
          std::clamp(static_cast<int>(std::lround(static_cast<float>(row[i]) / scale)), -127, 127));
  }
  return packed;
}

CMemory::CMemory(const std::vector<const TracedOp*>& ops, const Tensor& input,
                 const Tensor& output) {
  struct Block {
    int first, last;  // operations between which it is needed
    int size, place;
  };
  std::map<const void*, Block> blocks;
  blocks[input.data()] = {-1, -1, input.size(), 0};
  int now = 0;
  for (const TracedOp* op : ops) {
    for (const Tensor& x : op->inputs)
      if (const auto found = x ? blocks.find(x.data()) : blocks.end(); found != blocks.end())
        found->second.last = now;
    blocks.try_emplace(op->output.data(), Block{now, now, op->output.size(), 0});
    ++now;
  }
  if (const auto end = blocks.find(output.data()); end != blocks.end()) end->second.last = now;

  std::vector<std::pair<const void*, Block*>> order;
  for (auto& [data, block] : blocks) order.emplace_back(data, &block);
  // Not by address: the same network gives the same text.
  std::sort(order.begin(), order.end(),
            [](const auto& a, const auto& b) { return a.second->first < b.second->first; });
  std::vector<const Block*> placed;
  for (auto& [data, block] : order) {
    for (bool moved = true; moved;) {  // beyond all that are needed at the same time
      moved = false;
      for (const Block* other : placed)
        if (other->last >= block->first && other->place < block->place + block->size &&
            block->place < other->place + other->size)
          block->place = other->place + other->size, moved = true;
    }
    placed.push_back(block);
    places_[data] = block->place;
    size_ = std::max(size_, block->place + block->size);
  }
}

const int* CMemory::find(const Tensor& computed) const {
  const auto found = places_.find(computed.data());
  return found == places_.end() ? nullptr : &found->second;
}

CBuilder::CBuilder(const CMemory& memory, const std::vector<NamedTensor>& parameters, bool int8)
    : memory_(memory), int8_(int8) {
  for (const NamedTensor& p : parameters) parameter_names_[p.tensor.data()] = p.name;
}

void CBuilder::begin(const TracedOp& op) {
  op_ = &op;
  statement(
      cat("/* ", op.module, op.module.empty() ? "" : ": ", op.op, " ", op.output.shape(), " */"));
}

int CBuilder::dim() const {
  const auto dim = static_cast<int>(op_->attributes.integer("dim"));
  return dim < 0 ? dim + op_->inputs[0].shape().rank() : dim;
}

std::string CBuilder::unique(const std::string& wish) {
  std::string name = "w_";
  for (const char c : wish)
    name += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
  const std::string stem = name;
  for (int i = 2; !used_.insert(name).second; ++i) name = cat(stem, "_", i);
  return name;
}

std::string CBuilder::constant(const Tensor& x) {
  std::string& name = known_[x.data()];
  if (!name.empty()) return name;
  const auto parameter = parameter_names_.find(x.data());
  const bool named = parameter != parameter_names_.end();
  name = unique(named ? parameter->second : "constant");
  std::vector<std::string> values;
  for (int i = 0; i < x.size(); ++i) {
    require(std::isfinite(x.data()[i]), "C export: ", named ? parameter->second : "a constant",
            " holds NaN or infinity");
    values.push_back(c_literal(static_cast<double>(x.data()[i])));
  }
  constants_ += cat("/* ", x.shape(), " */\nstatic const float ", name, "[", x.size(),
                    "] = ", c_list(values), ";\n");
  return name;
}

std::string CBuilder::place(const Tensor& x) {
  if (!x) return "NULL";
  if (const int* at = memory_.find(x)) return *at ? cat("work + ", *at) : std::string("work");
  require(!x.is_per_sample(), "C export: an input of \"", op_->op, "\", ", x,
          op_->module.empty() ? std::string() : cat(" in ", op_->module),
          ", was made without a recorded operation; compute it from the network's input");
  return constant(x);
}

std::string CBuilder::input(std::size_t i) {
  return i < op_->inputs.size() ? place(op_->inputs[i]) : "NULL";
}

std::string CBuilder::output() const {
  return cat("work + ", *memory_.find(op_->output));
}

void CBuilder::call(const std::string& function, const std::vector<std::string>& arguments) {
  use(function);
  std::string text = function + "(";
  for (const std::string& argument : arguments) text += (text.back() == '(' ? "" : ", ") + argument;
  statement(text + ");");
}

void CBuilder::call_with_weights(const std::string& function, std::vector<std::string> arguments) {
  const Tensor& weight = op_->inputs[1];
  if (!int8_ || memory_.find(weight)) {  // of computed ones nothing can be packed
    arguments.insert(arguments.begin(), place(weight));
    return call(function, arguments);
  }
  std::string& name = packed_[weight.data()];
  if (name.empty()) {
    const auto parameter = parameter_names_.find(weight.data());
    name = unique(parameter == parameter_names_.end() ? "constant" : parameter->second);
    const Int8Weights packed = int8_weights(weight);
    std::vector<std::string> values, scales;
    for (const int value : packed.values) values.push_back(std::to_string(value));
    for (const float scale : packed.scales) scales.push_back(c_literal(static_cast<double>(scale)));
    constants_ += cat("/* ", weight.shape(), " */\nstatic const signed char ", name, "[",
                      values.size(), "] = ", c_list(values), ";\nstatic const float ", name,
                      "_scale[", scales.size(), "] = ", c_list(scales), ";\n");
  }
  arguments.insert(arguments.begin(), {name, name + "_scale"});
  call(function + "_int8", arguments);
}

void CBuilder::loops(const Shape& shape, const std::string& body) {
  std::string text;
  for (int d = 0; d < shape.rank(); ++d)
    text += cat("for (int i", d, " = 0; i", d, " < ", shape[d], "; ++i", d, ") ");
  statement(text + body);
}

std::string c_literal(double value) {
  require(!std::isnan(value), "C export: a constant is NaN");
  if (std::isinf(value)) return value < 0 ? "-HUGE_VALF" : "HUGE_VALF";
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, static_cast<float>(value));
  std::string literal(text, end.ptr);
  if (literal.find_first_of(".e") == std::string::npos) literal += ".0";
  return literal + "f";
}

std::string c_list(const std::vector<std::string>& values) {
  std::string text = "{", line;
  for (const std::string& value : values) {
    if (line.size() + value.size() > 96) text += "\n  " + line, line.clear();
    line += value + ", ";
  }
  return text + "\n  " + line + "\n}";
}

}  // namespace fovea
