// How arithmetic, activations and moves of elements are said in C: loops with one statement.
#include "apps/c_code/builder.h"
#include "core/error.h"

namespace fovea {

namespace {

using Strides = std::vector<int>;

Strides strides_of(const Shape& shape) {
  Strides strides(static_cast<std::size_t>(shape.rank()), 1);
  for (int d = shape.rank() - 2; d >= 0; --d)
    strides[static_cast<std::size_t>(d)] = strides[static_cast<std::size_t>(d + 1)] * shape[d + 1];
  return strides;
}

// "(work + 7)[3 + i0 * 12 + i1]": an element by the indices of the loops around it.
std::string element(const std::string& place, const Strides& strides, int offset = 0) {
  std::string index = std::to_string(offset);
  for (std::size_t d = 0; d < strides.size(); ++d)
    if (strides[d]) index += cat(" + i", static_cast<int>(d), " * ", strides[d]);
  return cat("(", place, ")[", index, "]");
}

// Strides of an operand that is broadcast to `shape`: aligned at the last dimension.
Strides broadcast_strides(const Shape& from, const Shape& shape) {
  Strides all = strides_of(from), strides(static_cast<std::size_t>(shape.rank()), 0);
  const int before = shape.rank() - from.rank();
  for (int d = 0; d < from.rank(); ++d)
    if (from[d] > 1)
      strides[static_cast<std::size_t>(before + d)] = all[static_cast<std::size_t>(d)];
  return strides;
}

// Negative dimensions count from the last.
std::size_t from_front(std::int64_t dim, std::size_t rank) {
  return static_cast<std::size_t>(dim < 0 ? dim + static_cast<std::int64_t>(rank) : dim);
}

std::string output_element(CBuilder& b) {
  return element(b.output(), strides_of(b.op().output.shape()));
}

// `formula` of elements: x, y, z stand for those of the inputs.
CTranslation elementwise(const char* formula) {
  return [formula](CBuilder& b) {
    const TracedOp& op = b.op();
    std::string body = "{ ";
    const char* const names[] = {"x", "y", "z"};
    for (std::size_t i = 0; i < op.inputs.size(); ++i)
      body += cat("const float ", names[i], " = ",
                  element(b.input(i), broadcast_strides(op.inputs[i].shape(), op.output.shape())),
                  "; ");
    b.loops(op.output.shape(), cat(body, output_element(b), " = ", formula, "; }"));
  };
}

// The same with @NAME replaced by attributes.
CTranslation with_attributes(const std::string& formula) {
  return [formula](CBuilder& b) {
    std::string text = formula;
    for (const Attribute& attribute : b.op().attributes.all())
      if (const auto* value = std::get_if<double>(&attribute.value)) {
        const std::string name = "@" + attribute.name;
        for (auto at = text.find(name); at != std::string::npos; at = text.find(name))
          text.replace(at, name.size(), c_literal(*value));
      }
    elementwise(text.c_str())(b);
  };
}

// One element of the output from one of the input, whose strides are given.
void move(CBuilder& b, const Strides& strides, int offset) {
  b.loops(b.op().output.shape(),
          cat(output_element(b), " = ", element(b.input(0), strides, offset), ";"));
}

void permute(CBuilder& b) {
  const Strides all = strides_of(b.op().inputs[0].shape());
  Strides strides;
  for (const std::int64_t dim : b.op().attributes.integers("order"))
    strides.push_back(all[from_front(dim, all.size())]);
  move(b, strides, 0);
}

void slice(CBuilder& b) {
  const Attributes& a = b.op().attributes;
  Strides strides = strides_of(b.op().inputs[0].shape());
  int& along = strides[static_cast<std::size_t>(b.dim())];
  const int offset = static_cast<int>(a.integer("begin")) * along;
  along *= static_cast<int>(a.integer("step"));
  move(b, strides, offset);
}

void concatenate(CBuilder& b) {
  const TracedOp& op = b.op();
  const auto dim = static_cast<std::size_t>(b.dim());
  const Strides strides = strides_of(op.output.shape());
  int offset = 0;
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    const Shape& shape = op.inputs[i].shape();
    b.loops(shape, cat(element(b.output(), strides, offset), " = ",
                       element(b.input(i), strides_of(shape)), ";"));
    offset += shape[static_cast<int>(dim)] * strides[dim];
  }
}

void pad(CBuilder& b) {
  const TracedOp& op = b.op();
  require(op.attributes.text("mode") == "constant", "C export: pad in mode ",
          op.attributes.text("mode"), " is not known; use constant");
  const Strides strides = strides_of(op.output.shape());
  const Shape& in = op.inputs[0].shape();
  const std::vector<std::int64_t>& before = op.attributes.integers("before");
  int offset = 0;
  for (int d = 0; d < in.rank(); ++d) {
    const auto k = static_cast<std::size_t>(d);
    require(before[k] >= 0 && op.attributes.integers("after")[k] >= 0,
            "C export: pad that cuts off is not known; use slice");
    offset += static_cast<int>(before[k]) * strides[k];
  }
  b.loops(op.output.shape(),
          cat(output_element(b), " = ", c_literal(op.attributes.number("value")), ";"));
  b.loops(in, cat(element(b.output(), strides, offset), " = ", element(b.input(0), strides_of(in)),
                  ";"));
}

// Sums, means and extremes over some dimensions: `first` is what each begins with, `step` goes on.
CTranslation reduce(const char* first, const char* step) {
  return [=](CBuilder& b) {
    const TracedOp& op = b.op();
    const Shape& in = op.inputs[0].shape();
    std::vector<bool> reduced(static_cast<std::size_t>(in.rank()));
    for (const std::int64_t dim : op.attributes.integers("dims"))
      reduced[from_front(dim, reduced.size())] = true;
    Strides to(static_cast<std::size_t>(in.rank()), 0);
    int stride = 1;
    for (std::size_t d = to.size(); d-- > 0;)
      if (!reduced[d]) to[d] = stride, stride *= in[static_cast<int>(d)];
    const Shape flat = {op.output.size()};
    const std::string y = element(b.output(), to), x = element(b.input(0), strides_of(in));
    b.loops(flat, cat(element(b.output(), {1}), " = ", first, ";"));
    b.loops(in, cat("{ float *const y = &", y, "; const float x = ", x, "; ", step, " }"));
    if (op.op == "mean")
      b.loops(flat, cat(element(b.output(), {1}),
                        " /= ", c_literal(static_cast<double>(in.size()) / op.output.size()), ";"));
  };
}

const char* const add_up = "*y += x;";

}  // namespace

const CTranslations& c_arithmetic() {
  // As the library, these pass a NaN on.
  static const CTranslations table = {
      {"abs", elementwise("fabsf(x)")},
      {"add", elementwise("x + y")},
      {"amax", reduce("-HUGE_VALF", "if (x > *y || x != x) *y = x;")},
      {"amin", reduce("HUGE_VALF", "if (x < *y || x != x) *y = x;")},
      {"atan2", elementwise("atan2f(x, y)")},
      {"clamp", with_attributes("x < @low ? @low : x > @high ? @high : x")},
      {"concatenate", concatenate},
      {"cos", elementwise("cosf(x)")},
      {"divide", elementwise("x / y")},
      {"elu", with_attributes("x > 0 ? x : @alpha * expm1f(x)")},
      {"exp", elementwise("expf(x)")},
      {"gelu", elementwise("0.5f * x * (erff(x * 0.70710678f) + 1)")},
      {"gelu_tanh",
       elementwise("0.5f * x * (tanhf(0.79788456f * (x + 0.044715f * x * x * x)) + 1)")},
      {"greater", elementwise("x > y ? 1.0f : 0.0f")},
      {"leaky_relu", with_attributes("x > 0 ? x : @slope * x")},
      {"less", elementwise("x < y ? 1.0f : 0.0f")},
      {"log", elementwise("logf(x)")},
      {"logsigmoid", elementwise("fminf(x, 0) - log1pf(expf(-fabsf(x)))")},
      {"maximum", elementwise("x > y || x != x ? x : y")},
      {"mean", reduce("0", add_up)},
      {"minimum", elementwise("x < y || x != x ? x : y")},
      {"multiply", elementwise("x * y")},
      {"negate", elementwise("-x")},
      {"pad", pad},
      {"permute", permute},
      {"power", with_attributes("powf(x, @exponent)")},
      {"prelu", elementwise("x > 0 ? x : y * x")},
      {"relu", elementwise("x < 0 ? 0 : x")},
      {"scale", with_attributes("x * @factor + @offset")},
      {"sigmoid", elementwise("1 / (expf(-x) + 1)")},
      {"silu", elementwise("x / (expf(-x) + 1)")},
      {"sin", elementwise("sinf(x)")},
      {"slice", slice},
      {"softplus", with_attributes("x * @beta > @threshold ? x : log1pf(expf(x * @beta)) / @beta")},
      {"sqrt", elementwise("sqrtf(x)")},
      {"subtract", elementwise("x - y")},
      {"sum", reduce("0", add_up)},
      {"tanh", elementwise("tanhf(x)")},
      {"transpose", permute},
      {"where", elementwise("x != 0 ? y : z")},
  };
  return table;
}

}  // namespace fovea
