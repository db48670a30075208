#include <cmath>
#include <limits>

#include "apps/networks/model.h"
#include "apps/networks/model_info.h"
#include "apps/shell/suggest.h"
#include "core/error.h"
#include "layers/spatial_transformer.h"
#include "tests/temp_dir.h"

using namespace fovea;
using fovea::testing::contains;
using fovea::testing::message_of;
using fovea::testing::TempDir;

namespace {

ModelInfo info_of(const std::string& name, const Shape& input = {1, 28, 28}) {
  std::vector<std::string> names;
  for (int i = 0; i < 10; ++i) names.push_back(cat("class ", i));
  ModelInfo info = describe_model(name, input, names);
  info.mean.assign(static_cast<std::size_t>(input[0]), 0.25f);
  info.stddev.assign(static_cast<std::size_t>(input[0]), 0.5f);
  return info;
}

std::vector<float> all_weights(const Model& model) {
  std::vector<float> out;
  for (const Tensor& p : model.network->parameters())
    out.insert(out.end(), p.values().begin(), p.values().end());
  return out;
}

}  // namespace

TEST_CASE("named models have their known numbers of parameters", "[model]") {
  CHECK(make_model(info_of("tutorial"), 1).network->parameter_count() == 27360);
  CHECK(make_model(info_of("cifar", {3, 32, 32}), 1).network->parameter_count() == 1585008);
  CHECK(make_model(info_of("tutorial-cnn"), 1).network->parameter_count() == 21840);
  CHECK(make_model(info_of("cifar-deep", {3, 32, 32}), 1).network->parameter_count() == 862544);
  CHECK_THAT(
      message_of([] { find_network("tutoral"); }),
      contains("--model 'tutoral' does not exist; did you mean tutorial? (it takes tutorial, "));
}

TEST_CASE("the seed decides the weights", "[model]") {
  CHECK(all_weights(make_model(info_of("tutorial"), 1)) ==
        all_weights(make_model(info_of("tutorial"), 1)));
  CHECK(all_weights(make_model(info_of("tutorial"), 1)) !=
        all_weights(make_model(info_of("tutorial"), 2)));
}

TEST_CASE("a saved model comes back whole", "[model]") {
  const TempDir dir;
  ModelInfo info = info_of("tutorial-x2");
  info.options.set({"fill", -0.4242129});
  const Model saved = make_model(info, 5);
  save_model(dir.file("w"), saved);
  const Model loaded = load_model(dir.file("w"));
  CHECK(all_weights(loaded) == all_weights(saved));
  CHECK(loaded.info.name == "tutorial-x2");
  CHECK(loaded.info.options.number("fill") == -0.4242129);
  CHECK(loaded.info.mean == info.mean);
  CHECK(loaded.info.class_names == info.class_names);
  CHECK_FALSE(loaded.network->training());
}

TEST_CASE("a deep model comes back from its file", "[model]") {
  const TempDir dir;
  ModelInfo info = info_of("cifar-deep", {3, 32, 32});
  info.options.set({"blocks", {2, 3}});  // small, for speed
  const Model saved = make_model(info, 5);
  save_model(dir.file("w"), saved);
  const Model loaded = load_model(dir.file("w"));
  CHECK(loaded.info.options.integers("blocks") == Attribute::Integers{2, 3});
  CHECK(all_weights(loaded) == all_weights(saved));
  const auto transformers = spatial_transformers(*saved.network);
  REQUIRE(transformers.size() == 1);
  CHECK(transformers[0]->localization_parameters().size() == 8);
  CHECK(saved.network->parameters().size() == 8 + 12);  // 4 convolutions, fc1, fc2

  for (const char* blocks : {"[2, 0]", "[1, 1, 1, 1, 1]", "[70000]", "3"}) {
    SafeTensors damaged = model_tensors(saved);
    std::string& text = damaged.metadata[model_key];
    text.replace(text.find("[2,3]"), 5, blocks);
    write_safetensors(dir.file("bad"), damaged);
    CHECK_THAT(message_of([&] { load_model(dir.file("bad")); }),
               contains("bad: damaged description of the model"));
  }
}

TEST_CASE("a fraction where a whole number belongs is damage, not rounded", "[model]") {
  const TempDir dir;
  ModelInfo info = info_of("tutorial");
  info.style = ImageStyle{};
  const SafeTensors saved = model_tensors(make_model(info, 1));
  const auto reading = [&](const std::string& from, const std::string& to) {
    SafeTensors damaged = saved;
    std::string& text = damaged.metadata[model_key];
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
    write_safetensors(dir.file("w"), damaged);
    return message_of([&] { load_model(dir.file("w")); });
  };
  CHECK(load_model((reading("\"fc\":50", "\"fc\":50"), dir.file("w"))).info.style.has_value());
  for (const auto& [from, to] : {std::pair("\"fc\":50", "\"fc\":50.5"),
                                 {"\"steps\":1", "\"steps\":1.25"},
                                 {"\"input\":[1,28,28]", "\"input\":[1,28.5,28]"},
                                 {"\"size\":[28,28]", "\"size\":[28.5,28]"},
                                 {"\"ground\":[0]", "\"ground\":[0.5]"},
                                 {"\"ink\":[255]", "\"ink\":[254.5]"}}) {
    INFO(to);
    CHECK_THAT(reading(from, to), contains("a whole number is expected"));
  }
}

TEST_CASE("files without metadata are understood by their shapes", "[model]") {
  const TempDir dir;
  for (const std::string name : {"tutorial", "tutorial-x2", "tutorial-cnn", "cifar"}) {
    const Shape input = name == "cifar" ? Shape{3, 32, 32} : Shape{1, 28, 28};
    const Model model = make_model(info_of(name, input), 1);
    SafeTensors tensors = model_tensors(model);
    tensors.metadata.clear();
    write_safetensors(dir.file(name), tensors);
    const Model loaded = load_model(dir.file(name));
    CHECK(loaded.info.input == input);
    CHECK(loaded.info.options.number("fill") == 0);
    CHECK(all_weights(loaded) == all_weights(model));
  }
}

TEST_CASE("faults 31 to 33 and 35: weights that do not fit", "[model]") {
  const Model model = make_model(info_of("tutorial"), 1);
  const std::vector<float> before = all_weights(model);
  auto loading = [&](const SafeTensors& tensors) {
    return message_of([&] { load_model_weights(*model.network, tensors, "w"); });
  };
  SafeTensors wrong = model_tensors(make_model(info_of("tutorial"), 2));
  wrong.tensors[0].second.shape = {10, 1, 1, 25};
  CHECK_THAT(loading(wrong), contains("tensor conv1.weight has the shape [10, 1, 1, 25], but the "
                                      "model needs [10, 1, 5, 5]"));
  SafeTensors renamed = model_tensors(model);
  renamed.tensors[1].first = "conv1.bais";
  CHECK_THAT(loading(renamed), contains("missing conv1.bias; unknown conv1.bais"));
  SafeTensors poisoned = model_tensors(make_model(info_of("tutorial"), 2));
  poisoned.tensors.back().second.values[3] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THAT(loading(poisoned), contains("holds nan at index 3"));
  CHECK(all_weights(model) == before);

  const TempDir dir;
  SafeTensors newer = model_tensors(model);
  newer.metadata[format_key] = "7";
  write_safetensors(dir.file("new"), newer);
  CHECK_THAT(message_of([&] { load_model(dir.file("new")); }),
             contains("format version 7, but this program knows version 1"));
  SafeTensors damaged = model_tensors(model);
  for (const char* text : {"{", "[]", R"({"name": 3})"}) {
    damaged.metadata[model_key] = text;
    write_safetensors(dir.file("bad"), damaged);
    CHECK_THAT(message_of([&] { load_model(dir.file("bad")); }),
               contains("bad: damaged description of the model"));
  }
}

TEST_CASE("what PyTorch's wrappers add to names is taken away", "[model]") {
  const TempDir dir;
  const Model model = make_model(info_of("tutorial"), 3);
  for (const std::string prefix :
       {"module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."}) {
    SafeTensors wrapped = model_tensors(model);
    wrapped.metadata.clear();
    for (auto& [name, tensor] : wrapped.tensors) name = prefix + name;
    wrapped.tensors.emplace_back(prefix + "bn.num_batches_tracked", SafeTensor{Shape{}, {7}});
    write_safetensors(dir.file("w"), wrapped);
    CHECK(all_weights(load_model(dir.file("w"))) == all_weights(model));
  }
  SafeTensors inside = model_tensors(model);
  for (auto& [name, tensor] : inside.tensors)
    if (name.starts_with("localization.")) name.insert(13, "_orig_mod.");
  write_safetensors(dir.file("w"), inside);
  CHECK(all_weights(load_model(dir.file("w"))) == all_weights(model));
  inside.tensors.push_back(inside.tensors[0]);
  inside.tensors.back().first.insert(0, "_orig_mod.");
  write_safetensors(dir.file("w"), inside);
  CHECK_THAT(message_of([&] { load_model(dir.file("w")); }), contains("has two tensors"));
}

TEST_CASE("numbers in a description of a model are what they must be", "[model]") {
  const TempDir dir;
  const Model model = make_model(info_of("tutorial"), 3);
  const std::pair<const char*, const char*> changes[] = {
      {R"("conv1":10)", R"("conv1":10.5)"},
      {R"("conv1":10)", R"("conv1":4294967306)"},
      {R"("conv1":10)", R"("conv1":true)"},
      {R"("input":[1,28,28])", R"("input":[1,28,28.5])"},
      {R"("input":[1,28,28])", R"("input":[1,28,4294967324])"},
      {R"("classes":10)", R"("classes":10.2)"},
      {R"("transformer":true)", R"("transformer":1)"},
  };
  for (const auto& [from, to] : changes) {
    SafeTensors damaged = model_tensors(model);
    std::string& text = damaged.metadata[model_key];
    INFO(text << " with " << to);
    REQUIRE(text.find(from) != text.npos);
    text.replace(text.find(from), std::string(from).size(), to);
    write_safetensors(dir.file("bad"), damaged);
    CHECK_THAT(message_of([&] { load_model(dir.file("bad")); }),
               contains(" is expected") || contains("takes 1 to 65536"));
  }
}

TEST_CASE("suggestions", "[model]") {
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("trian", "train") == 1);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(did_you_mean("--epoch", {"--batch", "--epochs"}) == "; did you mean --epochs?");
  CHECK(did_you_mean("zzzzzz", {"--batch", "--epochs"}).empty());
}
