// data/download.sh, with folders as mirrors: no network is used.
#include <cstdlib>
#include <sstream>

#include "core/error.h"
#include "tests/catch.h"
#include "tests/temp_dir.h"

namespace {

using namespace fovea::testing;
using fovea::cat;

namespace fs = std::filesystem;

struct Result {
  int status;
  std::string error;  // what came on stderr
};

Result download(const std::string& mirror, const std::string& target) {
  const TempDir dir;
  const std::string log = dir.file("stderr");
  const int status = std::system(cat("FOVEA_TIMEOUT=30 FOVEA_MIRROR='", mirror,
                                     "' data/download.sh '", target, "' >/dev/null 2>'", log, "'")
                                     .c_str());
  std::ostringstream error;
  error << std::ifstream(log).rdbuf();
  return {status == 0 ? 0 : WEXITSTATUS(status), error.str()};
}

bool can_run() {
  if (fs::exists("data/download.sh") && std::system("command -v curl >/dev/null") == 0) return true;
  WARN("skipped: needs curl, and the repository as the current folder");
  return false;
}

int entries(const std::string& directory) {
  int count = 0;
  for (auto& entry : fs::directory_iterator(directory)) count += entry.exists();
  return count;
}

}  // namespace

TEST_CASE("download.sh: one line, status 1 and no file when nothing can be had", "[download]") {
  if (!can_run()) return;
  const TempDir mirror, target;
  for (const char* name : {"train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"})
    mirror.write(name, "<html>404</html>");
  for (const std::string& url : {"file://" + mirror.path(), std::string("file:///nowhere/")}) {
    const Result result = download(url, target.file("with space/mnist"));
    CHECK(result.status == 1);
    CHECK_THAT(result.error, contains("download.sh: cannot get train-images-idx3-ubyte.gz"));
    CHECK(std::count(result.error.begin(), result.error.end(), '\n') == 1);
    CHECK(entries(target.file("with space/mnist")) == 0);
  }
}

TEST_CASE("download.sh: keeps other data of the same name", "[download]") {
  if (!can_run()) return;
  const TempDir target;
  const std::string path = target.write("train-images-idx3-ubyte.gz", gzip("Fashion-MNIST"));
  const Result result = download("file:///nowhere", target.path());
  CHECK(result.status == 1);
  CHECK_THAT(result.error, contains("is not MNIST's"));
  CHECK(fs::file_size(path) == gzip("Fashion-MNIST").size());
  CHECK(download("file:///nowhere", path).error ==
        cat("download.sh: cannot create the folder ", path, "\n"));
}

TEST_CASE("download.sh: fetches, keeps and repairs the real files", "[download]") {
  const std::string source = "../shared/datasets/mnist";
  if (!can_run()) return;
  if (!fs::exists(source)) {
    WARN("skipped: no " << source);
    return;
  }
  const std::string mirror = "file://" + fs::canonical(source).string();
  const TempDir target;
  REQUIRE(download(mirror, target.path()).status == 0);
  CHECK(entries(target.path()) == 4);
  CHECK(fs::file_size(target.file("train-images-idx3-ubyte.gz")) == 9912422);
  // All there: no mirror is needed.
  CHECK(download("file:///nowhere", target.path()).status == 0);
  fs::resize_file(target.file("t10k-images-idx3-ubyte.gz"), 1000);
  CHECK(download("file:///nowhere", target.path()).status == 1);
  CHECK(download(mirror, target.path()).status == 0);
  CHECK(fs::file_size(target.file("t10k-images-idx3-ubyte.gz")) == 1648877);
}
