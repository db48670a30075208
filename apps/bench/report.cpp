#include "apps/bench/report.h"

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "apps/shell/build_info.h"
#include "apps/shell/json.h"
#include "core/blas.h"
#include "core/file.h"
#include "core/native.h"
#include "core/workers.h"

namespace fovea::bench {

Machine describe_machine() {
  Machine m;
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("model name")) {
      m.cpu = line.substr(line.find(':') + 2);
      break;
    }
  m.cores = available_cpus();
  m.compiler = compiler_description();
  m.flags = flags_description();
  m.instructions = cat(target_description(), ", ", native_width, " numbers a register");
  m.blas = blas_description();
  m.blas_warning = blas_warning();
  return m;
}

void print_machine(const Machine& m) {
  std::printf("machine       %s, %d CPUs for this process\n", m.cpu.c_str(), m.cores);
  std::printf("compiler      %s, %s\n", m.compiler.c_str(), m.flags.c_str());
  std::printf("instructions  %s\n", m.instructions.c_str());
  std::printf("BLAS          %s\n", m.blas.c_str());
  if (!m.blas_warning.empty()) std::printf("warning       %s\n", m.blas_warning.c_str());
}

void print_peak(const std::vector<Peak>& peak) {
  for (const Peak& p : peak)
    std::printf("peak          %.0f GFLOP/s on %d thread%s (multiply-adds in registers)\n",
                p.gflops, p.threads, p.threads == 1 ? "" : "s");
}

void print_title(const std::string& title, double flop) {
  std::printf("\n%s", title.c_str());
  if (flop > 0) std::printf(", %.2f MFLOP a sample", flop / 1e6);
  // The best of the repeats: what there is where other programs, or other users' machines on the
  // same processor, leave off for a moment.
  std::printf("\n  batch  threads   samples/s        best  spread%s\n",
              flop > 0 ? "  of peak" : "");
}

void print_speed(const Speed& s) {
  const Rate& rate = s.samples_per_second;
  std::printf("  %5d  %7d  %10.0f  %10.0f  %5.1f%%", s.batch, s.threads, rate.median, rate.high,
              100 * rate.spread());
  if (s.percent_of_peak > 0) std::printf("  %6.1f%%", s.percent_of_peak);
  std::printf("\n");
}

void print_width(const Width& w) {
  const Speed& s = w.speed;
  std::printf("  x%d: %7.2f MFLOP a sample, %8.0f samples/s, %.1f%% of peak\n", w.factor, w.mflop,
              s.samples_per_second.median, s.percent_of_peak);
}

namespace {

void print_time(double us, double multiply_adds, double peak_gflops) {
  if (us < 0) {
    std::printf("  %7s %5s", "-", "");
    return;
  }
  std::printf("  %7.3f ", us);
  if (multiply_adds > 0)
    std::printf("%4.0f%%", 100 * 2 * multiply_adds / (us * 1e3) / peak_gflops);
  else
    std::printf("%5s", "");
}

Json speed_list(const std::vector<Speed>& speeds) {
  Json list = Json::array();
  for (const Speed& s : speeds) {
    Json one = {{"batch", s.batch},
                {"threads", s.threads},
                {"samples_per_second", s.samples_per_second.median},
                {"low", s.samples_per_second.low},
                {"high", s.samples_per_second.high}};
    if (s.percent_of_peak > 0) one["percent_of_peak"] = s.percent_of_peak;
    list.push_back(one);
  }
  return list;
}

Json layer_list(const std::vector<LayerTimes>& layers, double peak_gflops) {
  Json list = Json::array();
  for (const LayerTimes& l : layers) {
    Json one = {{"name", l.name}, {"multiply_adds", l.multiply_adds}};
    if (!l.operation.empty()) one["operation"] = l.operation, one["sizes"] = l.sizes;
    const std::pair<const char*, double> parts[] = {
        {"forward", l.forward}, {"input_grad", l.input_grad}, {"weight_grad", l.weight_grad}};
    for (const auto& [part, us] : parts) {
      if (us < 0) continue;
      one[part] = {{"us_per_sample", us}};
      if (l.multiply_adds > 0)
        one[part]["percent_of_peak"] = 100 * 2 * l.multiply_adds / (us * 1e3) / peak_gflops;
    }
    list.push_back(one);
  }
  return list;
}

}  // namespace

void print_layers(const std::string& title, const std::vector<LayerTimes>& layers,
                  double peak_gflops) {
  std::printf("\n%s, us a sample on one thread, and dense work of peak\n", title.c_str());
  std::printf("  %-34s  %13s  %13s  %13s\n", "", "forward", "input grad", "weight grad");
  for (const LayerTimes& l : layers) {
    std::printf("  %-34s", l.name.c_str());
    for (double us : {l.forward, l.input_grad, l.weight_grad})
      print_time(us, l.multiply_adds, peak_gflops);
    std::printf("\n");
  }
}

void print_ways(const std::vector<WayTime>& ways) {
  std::printf("\nways to compute a convolution with pooling, us a sample on one thread\n");
  for (const WayTime& w : ways) {
    const std::string way = w.way == "winograd" ? cat("winograd ", w.detail, "x", w.detail)
                            : w.way == "sparse" ? cat("sparse ", 100 * w.detail, "%")
                                                : w.way;
    std::printf("  %3d -> %3d, %dx%d on %2dx%2d  %-12s %-14s %8.2f\n", w.in, w.out, w.kernel,
                w.kernel, w.side, w.side, w.pass.c_str(), way.c_str(), w.us_per_sample);
  }
}

void print_reasons(const std::vector<Reason>& reasons) {
  std::printf("\nwhy it is fast: one thread, samples/s with and without\n");
  for (const Reason& r : reasons)
    std::printf("  %-66s %10.1f %10.1f  %5.2f times\n    (%s)\n", r.name.c_str(), r.with, r.without,
                r.with / r.without, r.what.c_str());
}

void print_distortions(const std::vector<DistortionTime>& distortions,
                       const std::vector<TrainingTime>& learners) {
  std::printf("\ndistorting an image, us on one thread, and share of training on one\n  %-10s%8s",
              "", "us");
  for (const TrainingTime& t : learners) std::printf("%10s", t.network.c_str());
  std::printf("\n  %-10s%8s", "training", "");
  for (const TrainingTime& t : learners) std::printf("%10.2f", t.us_per_image);
  for (const DistortionTime& d : distortions) {
    std::printf("\n  %-10s%8.2f", d.name.c_str(), d.us_per_image);
    for (const TrainingTime& t : learners)
      std::printf("%9.1f%%", 100 * d.us_per_image / t.us_per_image);
  }
  std::printf("\n");
}

void write_json(const std::string& path, const Results& r) {
  const Machine& m = r.machine;
  Json out = {
      // begins as json_mark
      {"machine", {{"cpu", m.cpu}, {"cpus", m.cores}}},
      {"build", {{"compiler", m.compiler}, {"flags", m.flags}, {"instructions", m.instructions}}},
      {"blas", {{"description", m.blas}, {"warning", m.blas_warning}}},
      {"peak_gflops", r.peak.back().gflops}};
  for (const Peak& p : r.peak)
    out["peak_by_threads"].push_back({{"threads", p.threads}, {"gflops", p.gflops}});
  out["train"] = speed_list(r.train);
  out["eval"] = speed_list(r.eval);
  out["train_beside_busy_core"] = speed_list(r.busy);
  out["layers"] = layer_list(r.layers, r.peak.front().gflops);
  out["operations"] = layer_list(r.operations, r.peak.front().gflops);
  out["ways"] = Json::array();
  for (const WayTime& w : r.ways)
    out["ways"].push_back({{"in", w.in},
                           {"out", w.out},
                           {"kernel", w.kernel},
                           {"side", w.side},
                           {"way", w.way},
                           {"pass", w.pass},
                           {"detail", w.detail},
                           {"us_per_sample", w.us_per_sample}});
  out["why"] = Json::array();
  for (const Reason& reason : r.reasons)
    out["why"].push_back({{"name", reason.name},
                          {"what", reason.what},
                          {"with", reason.with},
                          {"without", reason.without}});
  out["distortions"] = Json::array();
  for (const DistortionTime& d : r.distortions)
    out["distortions"].push_back({{"name", d.name}, {"us_per_image", d.us_per_image}});
  for (const TrainingTime& t : r.learners)
    out["distortions_beside_training"].push_back(
        {{"network", t.network}, {"us_per_image", t.us_per_image}});
  out["widths"] = Json::array();
  for (const Width& w : r.widths)
    out["widths"].push_back({{"factor", w.factor},
                             {"mflop", w.mflop},
                             {"samples_per_second", w.speed.samples_per_second.median},
                             {"percent_of_peak", w.speed.percent_of_peak}});
  for (const Large& large : r.larger)
    out[large.section] = {{"parameters", large.parameters},
                          {"train", speed_list(large.train)},
                          {"eval", speed_list(large.eval)},
                          {"peak_rss_mb", large.peak_rss_mb}};
  const std::pair<const char*, double> figures[] = {
      {"allocations_per_step", r.allocations_per_step},
      {"peak_rss_mb", r.peak_rss_mb},
      {"first_step_ms", r.first_step_ms}};
  for (const auto& [name, value] : figures)
    out[name] = value < 0 ? Json() : Json(value);  // null: not measured
  write_file_atomically(path, dump_json(out, 2) + "\n");
}

}  // namespace fovea::bench
