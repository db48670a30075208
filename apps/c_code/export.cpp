#include "apps/c_code/export.h"

#include <nlohmann/json.hpp>

#include "apps/c_code/builder.h"
#include "apps/shell/json.h"
#include "apps/shell/outputs.h"
#include "core/autograd.h"
#include "core/file.h"

namespace fovea {

namespace {

// One forward pass of one sample, and the operations that its result hangs on.
struct Pass {
  Trace trace;
  Tensor input, output;
  std::vector<const TracedOp*> ops;
};

void run(Pass& pass, const Model& model) {
  model.network->eval();
  const NoGrad guard;
  pass.input = Tensor::zeros(model.info.input, true);
  pass.output = (*model.network)(pass.input);
  require(pass.output.is_per_sample(),
          "C export: what the network gives does not depend on the "
          "image: ",
          pass.output);
  pass.ops = needed_operations(pass.trace, pass.output);
  // The same floats under another shape.
  std::erase_if(pass.ops, [](const TracedOp* op) { return op->op == "reshape"; });
}

const CTranslation& translation_of(const TracedOp& op) {
  for (const CTranslations* table : {&c_layers(), &c_arithmetic()})
    if (const auto entry = table->find(op.op); entry != table->end()) return entry->second;
  fail("C export: the operation \"", op.op, "\"",
       op.module.empty() ? std::string() : cat(" in ", op.module),
       " is not known in C; leave it out of the network, or add it to "
       "apps/c_code/arithmetic.cpp or layers.cpp");
}

// Normalisation of one channel after the other, as the first statement.
void normalise(CBuilder& b, const ModelInfo& info) {
  const int plane = info.input[1] * info.input[2];
  for (std::size_t c = 0; c < info.mean.size(); ++c) {
    const auto first = static_cast<int>(c) * plane;
    b.statement(cat("for (int i = ", first, "; i < ", first + plane,
                    "; ++i) work[i] = (pixels[i] / "
                    "255 - ",
                    c_literal(static_cast<double>(info.mean[c])), ") / ",
                    c_literal(static_cast<double>(info.stddev[c])), ";"));
  }
}

// No comment ends or begins in it.
std::string in_comment(std::string text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i)
    if ((text[i] == '*' && text[i + 1] == '/') || (text[i] == '/' && text[i + 1] == '*'))
      text.insert(++i, " ");
  return text;
}

std::string beginning(const ModelInfo& info, const CExportOptions& options, int work) {
  const Shape& s = info.input;
  return cat(
      file_marks::c_code, in_comment(info.name), options.int8 ? ", weights in 8 bits" : "",
      "\n *\n *     void fovea_predict(const float *pixels, float *log_probabilities);\n *\n"
      " * pixels: FOVEA_PIXELS of them, [",
      s[0], "][", s[1], "][", s[2],
      "] (channel, row, column), from 0 to 255; normalised here.\n"
      " * log_probabilities: FOVEA_CLASSES of them; the classes are\n *     ",
      in_comment(dump_json(info.class_names)),
      "\n *\n * It has one block of memory, so one thread at a time may call it; with a block of\n"
      " * FOVEA_WORK floats a caller, any number of threads may call\n *\n"
      " *     void fovea_predict_in(const float *pixels, float *log_probabilities, float *work);\n"
      " *\n * cc -std=c99 -O2 program.c this.c -lm\n */\n#include <math.h>\n#include <stddef.h>\n\n"
      "enum { FOVEA_PIXELS = ",
      s.size(), ", FOVEA_CLASSES = ", info.classes(), ", FOVEA_WORK = ", work,
      " };\n\nvoid fovea_predict(const float *pixels, float *log_probabilities);\n"
      "void fovea_predict_in(const float *pixels, float *log_probabilities, float *work);\n\n");
}

}  // namespace

std::string c_source(const Model& model, const CExportOptions& options) {
  Pass pass;
  run(pass, model);
  const CMemory memory(pass.ops, pass.input, pass.output);
  CBuilder builder(memory, model.network->named_parameters(), options.int8);
  normalise(builder, model.info);
  for (const TracedOp* op : pass.ops) {
    builder.begin(*op);
    translation_of (*op)(builder);
  }
  const std::string result = builder.place(pass.output);
  return cat(beginning(model.info, options, memory.size()), builder.constants(),
             c_functions(builder.functions()),
             "\nvoid fovea_predict_in(const float *pixels, float *log_probabilities, float *work) "
             "{\n",
             builder.statements(),
             "  for (int i = 0; i < FOVEA_CLASSES; ++i) "
             "log_probabilities[i] = (",
             result,
             ")[i];\n}\n\n"
             "void fovea_predict(const float *pixels, float *log_probabilities) {\n"
             "  static float work[FOVEA_WORK];\n"
             "  fovea_predict_in(pixels, log_probabilities, work);\n}\n");
}

void export_c(const std::string& path, const Model& model, const CExportOptions& options) {
  const std::string text = c_source(model, options);
  write_file_atomically(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void round_to_int8(const Model& model) {
  Pass pass;
  run(pass, model);
  for (const TracedOp* op : pass.ops) {
    if (!has_int8_weights(*op) || op->inputs[1].is_per_sample()) continue;
    Tensor weight = op->inputs[1];
    const Int8Weights packed = int8_weights(weight);
    const std::size_t each = packed.values.size() / packed.scales.size();
    for (std::size_t i = 0; i < packed.values.size(); ++i)
      weight.data()[i] =
          static_cast<Real>(static_cast<float>(packed.values[i]) * packed.scales[i / each]);
  }
}

}  // namespace fovea
