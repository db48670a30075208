#include "apps/stn_paper/results.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "apps/shell/console.h"
#include "apps/shell/numbers.h"
#include "core/error.h"
#include "core/file.h"

namespace fovea::paper {

namespace {

// Waits until nobody else changes the file.
class Waiting {
 public:
  explicit Waiting(std::string path) : path_(std::move(path)) {
    for (bool removed = true; removed;) {
      fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
      require(fd_ >= 0, path_, ": cannot be opened: ", std::strerror(errno));
      int error = 0;
      while (::flock(fd_, LOCK_EX) != 0 && error == 0) error = errno == EINTR ? 0 : errno;
      struct stat info;
      removed = error == 0 && (::fstat(fd_, &info) != 0 || info.st_nlink == 0);  // by its holder
      if (error || removed) ::close(fd_);
      require(error == 0, path_, ": cannot be locked: ", std::strerror(error));
    }
  }
  ~Waiting() {
    struct stat info;
    if (::fstat(fd_, &info) == 0 && info.st_size == 0) ::unlink(path_.c_str());
    ::close(fd_);
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  std::string path_;
  int fd_ = -1;
};

Json json_of(const Result& r) {
  const MeanAndError all = mean_and_error(r.errors);
  Json json = {{"set", r.cell.set},
               {"net", r.cell.net},
               {"warp", r.cell.warp},
               {"transformers", r.cell.transformers},
               {"seed", r.cell.seed},
               {"tag", r.cell.tag},
               {"parameters", r.parameters},
               {"error", all.mean},
               {"standard_error", all.error},
               {"errors", r.errors},
               {"validation_error", r.validation_error},
               {"best_epoch", r.best_epoch},
               {"epochs", r.epochs},
               {"minutes", r.minutes},
               {"synthetic", r.synthetic}};
  for (const auto& [name, value] : r.more.items()) json[name] = value;
  return json;
}

Result result_of(const Json& json) {
  Result r;
  r.cell = {.net = json.at("net"),
            .warp = json.at("warp"),
            .set = json.at("set"),
            .transformers = json.at("transformers"),
            .seed = json.at("seed"),
            .tag = json.at("tag")};
  r.parameters = json.at("parameters");
  r.errors = json.at("errors").get<std::vector<double>>();
  r.validation_error = json.at("validation_error");
  r.best_epoch = json.at("best_epoch");
  r.epochs = json.at("epochs");
  r.minutes = json.at("minutes");
  r.synthetic = json.at("synthetic");
  return r;
}

// What follows the last newline: nothing, or a line that lacks its own.
std::string_view unfinished_line(std::string_view text) {
  return text.substr(text.rfind('\n') + 1);
}

std::string text_of(const std::string& path) {
  if (!std::filesystem::exists(path)) return {};
  const std::vector<std::uint8_t> bytes = read_file(path, 1 << 28);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

void require_appendable(const std::string& path) {
  const Waiting opened(path + ".lock");
  require(!std::filesystem::exists(path) || ::access(path.c_str(), W_OK) == 0, path,
          ": cannot be written: ", std::strerror(errno));
}

void append_result(const std::string& path, const Result& result) {
  const std::string lock = path + ".lock";
  const Waiting guard(lock);
  std::string text = text_of(path);
  if (const std::string_view last = unfinished_line(text); !Json::accept(last))
    text.resize(text.size() - last.size());  // torn; read_results() said so
  else
    text += '\n';  // somebody's editor
  write_file_atomically(path, text + dump_json(json_of(result)) + "\n");
}

std::vector<Result> read_results(const std::string& path) {
  std::vector<Result> all;
  for_each_json_line(path, [&](const Json& json) { all.push_back(result_of(json)); });
  const std::string text = text_of(path);
  const std::string_view last = unfinished_line(text);
  if (Json::accept(last)) try {
      all.push_back(result_of(parse_json(last)));
    } catch (const Json::exception& error) {
      fail(path, ": the last line is damaged: ", json_reason(error), "; remove that line");
    }
  else if (!last.empty())
    warn(cat(printable(path, 4096), ": the last line is torn, and was left out"));
  return all;
}

}  // namespace fovea::paper
