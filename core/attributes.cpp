#include "core/attributes.h"

#include "core/error.h"

namespace fovea {

namespace {

template <class T>
const T& value_of(const Attributes& attributes, std::string_view name, const char* type) {
  const Attribute* found = attributes.find(name);
  require(found, "there is no attribute \"", name, "\"");
  const T* value = std::get_if<T>(&found->value);
  require(value, "the attribute \"", name, "\" is not ", type);
  return *value;
}

}  // namespace

bool Attributes::flag(std::string_view name) const {
  return value_of<bool>(*this, name, "a flag");
}

std::int64_t Attributes::integer(std::string_view name) const {
  return value_of<std::int64_t>(*this, name, "an integer");
}

double Attributes::number(std::string_view name) const {
  return value_of<double>(*this, name, "a number");
}

const std::string& Attributes::text(std::string_view name) const {
  return value_of<std::string>(*this, name, "text");
}

const std::vector<std::int64_t>& Attributes::integers(std::string_view name) const {
  return value_of<Attribute::Integers>(*this, name, "a list of integers");
}

const Attribute* Attributes::find(std::string_view name) const {
  for (const Attribute& attribute : all_)
    if (attribute.name == name) return &attribute;
  return nullptr;
}

void Attributes::set(Attribute attribute) {
  for (Attribute& known : all_) {
    if (known.name != attribute.name) continue;
    require(known.value.index() == attribute.value.index(), "the attribute \"", known.name,
            "\" has another type");
    known = std::move(attribute);
    return;
  }
  all_.push_back(std::move(attribute));
}

void Attributes::set_all(const Attributes& others) {
  for (const Attribute& attribute : others.all_) set(attribute);
}

}  // namespace fovea
