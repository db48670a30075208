#include "apps/cluster/step_sum.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"

namespace fovea {

// A message is this, the loss of every task, for every parameter whether a sample reached it, and
// of every task the gradients that the receiver owns.
struct StepSum::Head {
  double compute;
  std::int32_t correct, stop;
};

StepSum::StepSum(Ranks& ranks, std::vector<Tensor> parameters)
    : ranks_(ranks), parameters_(std::move(parameters)), used_(parameters_.size()) {
  std::size_t count = 0;
  for (const Tensor& p : parameters_) count += p.real_count();
  sum_.resize(count);
  out_.resize(static_cast<std::size_t>(ranks.size()));
  in_.resize(out_.size());
}

const std::byte* StepSum::message_of(int rank) const {
  return (rank == ranks_.rank() ? out_ : in_)[static_cast<std::size_t>(rank)].data();
}

std::size_t StepSum::tasks_of(int rank, const Batch& batch) const {
  return static_cast<std::size_t>(share_of(batch.whole_size(), rank, ranks_.size()).tasks);
}

std::size_t StepSum::head_bytes(std::size_t tasks) const {
  const std::size_t flags = (used_.size() + 7) / 8 * 8;  // what follows stays aligned
  return sizeof(Head) + tasks * sizeof(double) + flags;
}

void StepSum::pack(const StepParts& parts, const Batch& batch, const Found& mine, double compute) {
  const std::size_t tasks = tasks_of(ranks_.rank(), batch), head = head_bytes(tasks);
  require(static_cast<int>(tasks) == parts.tasks(), "[step_sum] ", parts.tasks(),
          " tasks of a share that has ", tasks);
  std::fill(used_.begin(), used_.end(), std::uint8_t{0});
  for (int r = 0; r < ranks_.size(); ++r) {
    const auto i = static_cast<std::size_t>(r);
    out_[i].resize(head + tasks * size_of(r) * sizeof(Real));
    if (r == ranks_.rank()) continue;
    in_[i].resize(head_bytes(tasks_of(r, batch)) +
                  tasks_of(r, batch) * size_of(ranks_.rank()) * sizeof(Real));
  }
  for (std::size_t t = 0; t < tasks; ++t) {
    std::size_t at = 0;  // in all gradients
    int owner = 0;
    for (std::size_t p = 0; p < parameters_.size(); ++p) {
      const Tensor* grad = parts.gradient(static_cast<int>(t), parameters_[p]);
      used_[p] |= grad != nullptr;
      for (std::size_t done = 0, size = parameters_[p].real_count(); done < size;) {
        while (at >= begin_of(owner + 1)) ++owner;
        const std::size_t count = std::min(size - done, begin_of(owner + 1) - at);
        const std::size_t place = t * size_of(owner) + at - begin_of(owner);
        auto* to = reinterpret_cast<Real*>(out_[static_cast<std::size_t>(owner)].data() + head);
        if (grad)
          std::copy_n(grad->data() + done, count, to + place);
        else
          std::fill_n(to + place, count, -Real(0));  // changes no sum, not even that of -0
        done += count, at += count;
      }
    }
  }
  const Head first{.compute = compute, .correct = mine.correct, .stop = mine.stop};
  for (std::vector<std::byte>& message : out_) {
    std::byte* to = message.data();
    std::memcpy(to, &first, sizeof first);
    to += sizeof first;
    for (std::size_t t = 0; t < tasks; ++t, to += sizeof(double)) {
      const double loss = parts.loss(static_cast<int>(t));
      std::memcpy(to, &loss, sizeof loss);
    }
    std::memcpy(to, used_.data(), used_.size());
  }
}

StepSum::Found StepSum::read_heads(const Batch& batch) {
  Found all;
  slowest_ = mean_ = 0;
  for (int r = 0; r < ranks_.size(); ++r) {
    const std::byte* from = message_of(r);
    Head head;
    std::memcpy(&head, from, sizeof head);
    from += sizeof head;
    all.correct += head.correct;
    all.stop = std::max(all.stop, head.stop);
    slowest_ = std::max(slowest_, head.compute);
    mean_ += head.compute / ranks_.size();
    for (std::size_t t = 0; t < tasks_of(r, batch); ++t, from += sizeof(double)) {
      double loss = 0;
      std::memcpy(&loss, from, sizeof loss);
      all.loss += loss;
    }
    for (std::size_t p = 0; p < used_.size(); ++p) used_[p] |= std::to_integer<int>(from[p]) != 0;
  }
  all.loss /= batch.whole_size();
  return all;
}

void StepSum::add_up(const Batch& batch) {
  const std::size_t count = size_of(ranks_.rank());
  Real* __restrict sum = sum_.data() + begin_of(ranks_.rank());
  bool first = true;
  for (int r = 0; r < ranks_.size(); ++r) {
    const std::size_t tasks = tasks_of(r, batch);
    const auto* part = reinterpret_cast<const Real*>(message_of(r) + head_bytes(tasks));
    for (std::size_t t = 0; t < tasks; ++t, part += count, first = false)
      if (first)
        std::copy_n(part, count, sum);
      else
        for (std::size_t i = 0; i < count; ++i) sum[i] += part[i];
  }
}

void StepSum::unpack() {
  const Real* from = sum_.data();
  for (std::size_t p = 0; p < parameters_.size(); from += parameters_[p].real_count(), ++p) {
    Tensor grad = parameters_[p].grad();
    if (used_[p]) {
      if (!grad) grad = Tensor::like(parameters_[p]);
      std::copy_n(from, grad.real_count(), grad.data());
    }
    parameters_[p].set_grad(used_[p] ? grad : Tensor());
  }
}

StepSum::Found StepSum::sum(const StepParts& parts, const Batch& batch, const Found& mine) {
  const auto seconds = [](Clock::duration d) { return std::chrono::duration<double>(d).count(); };
  const Clock::time_point begin = Clock::now();
  const double compute = seconds(begin - stamp_);
  pack(parts, batch, mine, compute);
  std::vector<std::span<const std::byte>> to(out_.begin(), out_.end());
  to[static_cast<std::size_t>(ranks_.rank())] = {};
  const std::vector<std::span<std::byte>> from(in_.begin(), in_.end());
  ranks_.exchange(to, from);
  const Found all = read_heads(batch);
  add_up(batch);
  share_parts(ranks_, sum_.data(), sum_.size(), sizeof(Real));
  unpack();
  stamp_ = Clock::now();
  ++times_.steps;
  times_.compute += mean_;
  times_.wait += slowest_ - mean_;
  times_.communication += std::max(0.0, seconds(stamp_ - begin) - (slowest_ - compute));
  return all;
}

}  // namespace fovea
