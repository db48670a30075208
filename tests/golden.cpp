#include "tests/golden.h"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/autograd.h"
#include "tests/catch.h"

namespace fovea::testing {

namespace {

using nlohmann::json;

json read(const std::string& file) {
  std::string path = __FILE__;
  path.replace(path.rfind('.'), std::string::npos, "/" + file);
  std::ifstream in(path);
  require(in.good(), "cannot open ", path, ": run the tests from the repository's root");
  return json::parse(in);
}

// PyTorch's batch [16, ...] is stored sample by sample; here samples are innermost.
Tensor tensor_of(const json& j) {
  if (j.is_null()) return {};
  Shape shape;
  for (int extent : j.at("shape")) shape.append(extent);
  std::vector<double> values;
  for (const json& v : j.at("values"))  // what is not finite is a string
    values.push_back(v.is_string() ? std::stod(v.get<std::string>()) : v.get<double>());
  const bool per_sample = j.at("per_sample").get<bool>();
  Tensor t = per_sample ? Tensor::per_sample(shape) : Tensor::shared(shape);
  require(values.size() == t.real_count(), "golden: ", values.size(), " values for ", t);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t n = static_cast<std::size_t>(shape.size());
    t.data()[per_sample ? i % n * lane_count + i / n : i] = static_cast<Real>(values[i]);
  }
  return t;
}

GoldenCase case_of(const json& j) {
  GoldenCase c;
  c.name = j.at("name");
  c.op = j.at("op");
  for (const json& input : j.at("inputs")) c.inputs.push_back(tensor_of(input));
  for (const auto& [name, value] : j.at("attributes").items())
    c.attributes[name] = value.get<std::vector<double>>();
  c.output = tensor_of(j.at("output"));
  c.cotangent = tensor_of(j.at("cotangent"));
  for (const json& gradient : j.at("gradients")) c.gradients.push_back(tensor_of(gradient));
  return c;
}

void compare(const std::string& what, const Tensor& got, const Tensor& expected, double tolerance) {
  INFO(what << " " << cat(got) << ", PyTorch has " << cat(expected));
  REQUIRE(got.defined());
  REQUIRE(got.shape() == expected.shape());
  REQUIRE(got.is_per_sample() == expected.is_per_sample());
  const std::size_t width = got.is_per_sample() ? lane_count : 1;
  for (std::size_t i = 0; i < got.real_count(); ++i) {
    const auto a = static_cast<double>(got.data()[i]), b = static_cast<double>(expected.data()[i]);
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    if (std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b))) continue;
    INFO("element " << i / width << ", lane " << i % width << ": " << a << ", PyTorch has " << b);
    CHECK(false);
    return;  // one line a tensor is enough
  }
}

}  // namespace

double GoldenCase::attribute(const std::string& name) const {
  const auto found = attributes.find(name);
  require(found != attributes.end() && found->second.size() == 1, "golden case ", this->name,
          " has no single value \"", name, "\"");
  return found->second[0];
}

std::vector<GoldenCase> golden_cases(const std::string& file, const std::string& op) {
  std::vector<GoldenCase> out;
  const json all = read(file);
  for (const json& j : all.at("cases"))
    if (j.at("op") == op) out.push_back(case_of(j));
  require(!out.empty(), "tests/golden/", file, " has no case of ", op);
  return out;
}

void check_golden(const GoldenCase& golden, const TensorFunction& function, double tolerance) {
  std::vector<Tensor> inputs;
  for (std::size_t k = 0; k < golden.inputs.size(); ++k) {
    inputs.push_back(golden.inputs[k] ? golden.inputs[k].detach() : Tensor());
    if (golden.gradients[k]) inputs.back().set_requires_grad();
  }
  const Tensor y = function(inputs);
  compare(golden.name + ": output", y, golden.output, tolerance);
  if (y.requires_grad()) backward(y, golden.cotangent);
  for (std::size_t k = 0; k < inputs.size(); ++k)
    if (golden.gradients[k])
      compare(golden.name + ": gradient of input " + std::to_string(k), inputs[k].grad(),
              golden.gradients[k], tolerance);
}

void check_golden(const std::string& file, const std::string& op,
                  const std::function<Tensor(const GoldenCase&, std::span<const Tensor>)>& function,
                  double tolerance) {
  for (const GoldenCase& golden : golden_cases(file, op))
    check_golden(
        golden, [&](std::span<const Tensor> inputs) { return function(golden, inputs); },
        tolerance);
}

}  // namespace fovea::testing
