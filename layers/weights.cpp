#include "layers/weights.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"

namespace fovea {

namespace {

// At most a few names, so that the message stays one readable line.
std::string list_names(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 8); ++i)
    out += (i ? ", " : "") + printable(names[i], 100);
  if (names.size() > 8) out += cat(" and ", names.size() - 8, " more");
  return out;
}

Tensor copy_of(const std::string& file, const std::string& name, const SafeTensor& found,
               const Shape& wanted, bool allow_non_finite) {
  require(found.shape == wanted, file, ": tensor ", name, " has the shape ", found.shape,
          ", but the model needs ", wanted, "; is it of another network?");
  Tensor copy = Tensor::shared(wanted);
  for (std::size_t i = 0; i < found.values.size(); ++i) {
    require(allow_non_finite || std::isfinite(found.values[i]), file, ": tensor ", name, " holds ",
            static_cast<double>(found.values[i]), " at index ", i,
            "; train again, or load it with allow_non_finite");
    copy.data()[i] = static_cast<Real>(found.values[i]);
  }
  return copy;
}

}  // namespace

SafeTensors read_weights(const std::string& path) {
  SafeTensors weights = read_safetensors(path);
  const auto all_begin = [&](std::string_view prefix) {
    return !weights.tensors.empty() &&
           std::all_of(weights.tensors.begin(), weights.tensors.end(),
                       [&](const auto& named) { return named.first.starts_with(prefix); });
  };
  const std::string compiled = "_orig_mod.", parallel = "module.";
  for (auto& [name, tensor] : weights.tensors)
    for (std::size_t at = 0; (at = name.find(compiled, at)) != name.npos;) {
      const bool whole = at == 0 || name[at - 1] == '.';
      whole ? void(name.erase(at, compiled.size())) : void(at += compiled.size());
    }
  while (all_begin(parallel))
    for (auto& [name, tensor] : weights.tensors) name.erase(0, parallel.size());
  std::set<std::string> names;
  for (const auto& [name, tensor] : weights.tensors)
    require(names.insert(name).second, path, ": has two tensors ", name,
            " once module. and _orig_mod. are taken away; save it again");
  return weights;
}

SafeTensors weights_of(const Module& module) {
  SafeTensors out;
  for (const NamedTensor& parameter : module.named_parameters()) {
    SafeTensor tensor{parameter.tensor.shape(), {}};
    for (const Real value : parameter.tensor.values())
      tensor.values.push_back(static_cast<float>(value));
    out.tensors.emplace_back(parameter.name, std::move(tensor));
  }
  return out;
}

void load_weights(const Module& module, const SafeTensors& weights, const std::string& file,
                  const LoadOptions& options) {
  const std::vector<NamedTensor> parameters = module.named_parameters();
  const auto ignored = [&](const std::string& name) {
    return !options.ignored_prefix.empty() && name.starts_with(options.ignored_prefix);
  };
  std::set<std::string> known;
  std::vector<std::string> missing, unknown;
  for (const NamedTensor& parameter : parameters) {
    known.insert(parameter.name);
    if (!weights.find(parameter.name)) missing.push_back(parameter.name);
  }
  for (const auto& [name, tensor] : weights.tensors)
    if (!known.count(name) && !ignored(name)) unknown.push_back(name);
  if (!missing.empty() || !unknown.empty())
    fail(file,
         ": does not fit the model:", missing.empty() ? "" : cat(" missing ", list_names(missing)),
         !missing.empty() && !unknown.empty() ? ";" : "",
         unknown.empty() ? "" : cat(" unknown ", list_names(unknown)));

  std::vector<Tensor> values;
  for (const NamedTensor& parameter : parameters)
    values.push_back(copy_of(file, parameter.name, *weights.find(parameter.name),
                             parameter.tensor.shape(), options.allow_non_finite));
  for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].tensor.copy_from(values[i]);
}

void save_weights(const std::string& path, const Module& module) {
  write_safetensors(path, weights_of(module));
}

void load_weights(const std::string& path, const Module& module) {
  load_weights(module, read_weights(path), path);
}

}  // namespace fovea
