#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "apps/report/contact_sheet.h"
#include "apps/report/curves.h"
#include "apps/report/run_report.h"
#include "apps/run/log.h"
#include "apps/run/log_lines.h"
#include "data/image.h"
#include "tests/dataset_helpers.h"
#include "tests/digits.h"
#include "tests/markup_check.h"
#include "tests/program.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

std::string step_line(int step, double loss) {
  return cat(R"({"kind":"step","epoch":1,"step":)", step, R"(,"loss":)", loss,
             R"(,"accuracy":0.5,"lr":0.01,"samples_per_second":1000,"grad_norm":1,)",
             R"("theta_deviation":)", 0.001 * step, "}\n");
}

std::string epoch_line(int epoch, double loss) {
  return cat(R"({"kind":"epoch","epoch":)", epoch, R"(,"step":)", 100 * epoch, R"(,"train_loss":)",
             loss, R"(,"train_accuracy":0.91,"test_loss":)", loss / 2,
             R"(,"test_accuracy":0.9865,"lr":0.01,"samples_per_second":12345,"seconds":)",
             75 * epoch, "}\n");
}

std::string frame_line(int step) {
  return cat(R"({"step":)", step, R"(,"epoch":)", step / 100.0,
             R"(,"indices":[0,1],"theta":[[1,0,0,0,1,0],[0.9,0.1,0,-0.1,0.9,)", step / 1000.0,
             R"(]],"predicted":[1,2],"probability":[0.3,0.4]})", "\n");
}

// Class k is taken for class (k + 1) % 10 once, right five times.
std::string confusion_text() {
  std::string matrix;
  for (int i = 0; i < 10; ++i)
    for (int j = 0; j < 10; ++j)
      matrix += cat(i + j ? "," : "", i == j ? 5 : j == (i + 1) % 10 ? 1 : 0);
  return cat(
      R"({"class_names":["0","1","2","3","4","5","6","7","8","9"],"matrix":[)", matrix,
      R"(],"loss":0.5,"correct":50,"total":60,"mistakes":[{"index":4,"label":4,)",
      R"("predicted":9,"probability":0.99}],"calibration":[{"count":60,"correct":50,"probability":0.75}]})");
}

void write_run(const TempDir& dir) {
  dir.write("config.json",
            R"({"fovea":"9.9","started":"2026-11-22T18:40:00Z","command":"mnist_stn <train>",
                "options":{"epochs":2,"model":"tutorial","rotate":null,"shift":2.0},
                "data":{"name":"synthetic","directory":""},"machine":{"cpus":2}})");
  dir.write("log.jsonl", step_line(1, 2.3) + step_line(100, 1) + epoch_line(1, 0.8) +
                             step_line(200, 0.3) + epoch_line(2, 0.25));
  dir.write("confusion.json", confusion_text());
  dir.write("frames/theta.jsonl", frame_line(0) + frame_line(100) + frame_line(200));
}

}  // namespace

TEST_CASE("a finished run gets all its pictures and a page", "[run_report]") {
  const TempDir dir;
  write_run(dir);
  write_run_report(dir.path(), untrained("tutorial"), digits());
  for (const char* name : {"loss.svg", "step-loss.svg", "error.svg", "gradient-norm.svg",
                           "learning-rate.svg", "theta.svg", "theta-size.svg", "theta-shift.svg",
                           "theta-outside.svg", "calibration.svg", "confusion.svg"}) {
    INFO(name);
    const std::string svg = bytes_of_file(dir.file(name));
    CHECK(svg.starts_with("<svg"));
    CHECK(markup_error(svg) == "");
  }
  // What only training has is said where the curves are compared.
  CHECK_THAT(bytes_of_file(dir.file("loss.svg")),
             contains("training (with dropout, augmentation)") && contains("test"));
  CHECK_THAT(bytes_of_file(dir.file("error.svg")), contains("percent wrong"));
  CHECK_THAT(bytes_of_file(dir.file("calibration.svg")), contains("differ by 8.33 points"));
  CHECK(read_image(dir.file("class-means.png")).width > 300);
  CHECK(bytes_of_file(dir.file("training.gif")).starts_with("GIF89a"));
  CHECK(read_image(dir.file("before-after.png")).width > 300);
  CHECK(read_image(dir.file("mistakes.png")).width > 300);

  const std::string page = bytes_of_file(dir.file("report.html"));
  CHECK(markup_error(page) == "");
  CHECK_THAT(page, contains("83.33%"));  // 50 of 60
  CHECK_THAT(page, contains("27,360") && contains("2 min 30 s") && contains("12,345"));
  CHECK_THAT(page, contains("--epochs") && contains("mnist_stn &lt;train&gt;"));
  CHECK_THAT(page, contains("98.65%"));  // of the table of epochs
  CHECK(occurrences(page, "data:image/gif") == 1);
  CHECK(occurrences(page, "data:image/png") == 3);
  CHECK(occurrences(page, "<figure class=\"card\"") == 11);
  CHECK(occurrences(page, "<script") == 0);
  CHECK(occurrences(page, "http://") + occurrences(page, "https://") == 0);
}

TEST_CASE("mistakes are shown whole, with what the transformer samples beyond them",
          "[run_report]") {
  const TempDir dir;
  write_run(dir);
  // Looks at one and a half times the image: 7 pixels more on every side.
  const Model model = untrained("tutorial");
  for (Tensor p : model.network->parameters())
    if (p.shape() == Shape{6})  // the bias of theta
      for (const int scale : {0, 4}) p.data()[scale] = Real(1.5);
  write_run_report(dir.path(), model, digits());
  const Image sheet = read_image(dir.file("mistakes.png"));
  CHECK(sheet.height > (28 + 2 * 7) * 3);
  // All four sides of the outline, and the frame of what is made of it.
  const auto outline = [&](int x, int y) { return pixel_at(sheet, x, y) == outline_colours[0]; };
  std::vector<int> rows;
  for (int y = 0; y < sheet.height; ++y) {
    int run = 0, longest = 0;
    for (int x = 0; x < sheet.width; ++x)
      longest = std::max(longest, run = outline(x, y) ? run + 1 : 0);
    if (longest >= 28 * 3) rows.push_back(longest);
  }
  CHECK(rows.size() >= 8);
}

TEST_CASE("a run that left little behind still gets a page", "[run_report]") {
  const TempDir dir;
  write_run_report(dir.path(), untrained("tutorial"), digits());
  const std::string page = bytes_of_file(dir.file("report.html"));
  CHECK(markup_error(page) == "");
  CHECK_THAT(page, contains("27,360"));
  CHECK(std::filesystem::exists(dir.file("before-after.png")));
  CHECK_FALSE(std::filesystem::exists(dir.file("training.gif")));
  CHECK_FALSE(std::filesystem::exists(dir.file("loss.svg")));
}

TEST_CASE("a control without a transformer has no animation", "[run_report]") {
  const TempDir dir;
  write_run(dir);
  dir.write("frames/theta.jsonl",
            R"({"step":1,"epoch":0,"indices":[0],"theta":[],"predicted":[1],"probability":[1]})"
            "\n");
  write_run_report(dir.path(), untrained("tutorial-cnn"), digits());
  CHECK_FALSE(std::filesystem::exists(dir.file("training.gif")));
  CHECK_THAT(bytes_of_file(dir.file("report.html")), contains("Without a transformer"));
}

TEST_CASE("damaged files of a run are named", "[run_report]") {
  const TempDir dir;
  const auto message = [&](const char* name, const std::string& text) {
    write_run(dir);
    dir.write(name, text);
    return message_of([&] { write_run_report(dir.path(), untrained("tutorial"), digits()); });
  };
  CHECK_THAT(message("confusion.json", "{"), contains("confusion.json: is damaged"));
  CHECK_THAT(message("confusion.json", "{\"total\":3}"), contains("confusion.json: lacks"));
  CHECK_THAT(message("config.json", "x"),
             contains("config.json: is damaged: parse error at line 1, column 1"));
  // A line that was being written when the run was killed does no harm.
  CHECK(message("log.jsonl", step_line(1, 2) + "{\"kind\":\"st") == "");
}

TEST_CASE("damaged lines of a log are named, and left out", "[run_report][faults]") {
  const TempDir dir;
  const std::string good = step_line(1, 2), giant(1 << 16, 'x');
  RunLog log;
  const auto said = [&](const std::string& text) {
    return stderr_of([&] { log = read_run_log(dir.write("log.jsonl", text)); });
  };
  for (const std::string& line :
       {std::string("{oops"), good.substr(0, 20), std::string("\0\0\0", 3) + good.substr(3, 9),
        giant, "{\"kind\":\"step\",\"step\":\"" + giant + "\"}", std::string("[1]"),
        std::string("{\"kind\":\"step\",\"loss\":1}"), std::string("{\"kind\":7,\"step\":1}"),
        std::string("{\"kind\":\"other\",\"step\":1}"), std::string("{\"step\":3}")}) {
    const std::string told = said(good + line + "\n" + step_line(2, 3));
    INFO(line.substr(0, 80));
    CHECK_THAT(told, contains("warning: ") && contains("/log.jsonl: line 2 is damaged: ") &&
                         contains("; what is there stays in the file, curves and pictures go"));
    CHECK(told.size() < 600);
    CHECK(log.steps.size() == 2);
  }
  CHECK(said(good + step_line(2, 3)).empty());
  CHECK_THAT(said(step_line(3, 1) + step_line(2, 5) + step_line(3, 4)),
             contains("/log.jsonl: steps are not in order, or come twice"));
  REQUIRE(log.steps.size() == 2);
  CHECK(log.steps[0]["step"] == 2);
  CHECK(log.steps[1]["loss"] == 4);

  const auto csv = [&](const std::string& text) {
    const std::string path = dir.write("log.csv", "kind,epoch,step,loss\n" + text);
    return stderr_of([&] { check_csv_log(path); });
  };
  CHECK(csv("step,1,1,2.5\nstep,1,3,\nepoch,1,3,1e-3\n").empty());
  CHECK_THAT(
      csv("step,1,1,2.5\nstep,1,3\nstep,1,x,1\n,,,\nste\n"),
      contains("/log.csv: lines 3, 4, 5, 6 are damaged, the first: it has 3 cells, the first "
               "line 4;"));
  CHECK_THAT(csv("step,1,3,2\nstep,1,3,2\n"), contains("/log.csv: steps are not in order"));
}

TEST_CASE("a log is cut where its steps say, if its bytes have moved", "[run_report][faults]") {
  const TempDir dir;
  const std::string one = step_line(1, 2), two = step_line(2, 3), three = step_line(3, 4);
  const auto until = [&](const std::string& text, std::size_t bytes, int step) {
    return bytes_until(dir.write("log.jsonl", text), std::int64_t(bytes), step);
  };
  const auto size = [](const std::string& text) { return static_cast<std::int64_t>(text.size()); };
  const std::string all = one + two + three, saved = one + two, giant(5000, 'x');
  CHECK(stderr_of([&] {
          CHECK(until(all, saved.size(), 2) == size(saved));
          CHECK(until(saved, saved.size(), 2) == size(saved));
          CHECK(until(one + "{" + two.substr(1) + three, saved.size(), 2) == size(saved));
          CHECK(until(one, saved.size(), 2) == size(saved));  // torn: whose loss others tell
        }).empty());
  const std::string told = stderr_of([&] {
    const std::string longer = one + giant + "\n" + two;
    CHECK(until(longer + three, saved.size(), 2) == size(longer));
    const std::string shorter = one.substr(50) + two;
    CHECK(until(shorter + three, saved.size(), 2) == size(shorter));
    const std::string csv = "kind,epoch,step\r\nstep,1,1\r\nstep,1,2\r\n";
    CHECK(until(csv + "step,1,3\r\n", csv.size() - 3, 2) == size(csv));
  });
  CHECK(std::count(told.begin(), told.end(), '\n') == 3);
  CHECK_THAT(told, contains("/log.jsonl: is not as it was when the checkpoint was made; going on "
                            "behind its last line of a step up to 2\n"));
}

TEST_CASE("values that a log lacks are gaps", "[run_report]") {
  const TempDir dir;
  const RunLog log =
      read_run_log(dir.write("log.jsonl", "{\"kind\":\"step\",\"step\":1,\"loss\":null}\n\n"));
  REQUIRE(log.steps.size() == 1);
  CHECK(log.steps[0]["step"] == 1);
  CHECK(std::isnan(log.steps[0]["loss"]));
  CHECK(run_charts(log).empty());
  CHECK(run_charts({}).empty());
}
