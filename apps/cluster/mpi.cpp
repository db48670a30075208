// Ranks by MPI: `make MPI=1`. Messages from one rank to another only, and never a wait without end.
#define OMPI_SKIP_MPICXX  // its C++ interface, which MPI itself has given up
#include <mpi.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <set>
#include <thread>
#include <utility>

#include "apps/cluster/ranks.h"

namespace fovea {

namespace {

using Clock = std::chrono::steady_clock;

// What MPI takes at once is counted in an int.
constexpr std::size_t largest_message = std::size_t{1} << 30;

// Long enough for an answer that comes soon; then others may have the CPU, and at last, sleep.
constexpr auto spin_time = std::chrono::microseconds(300);
constexpr auto yield_time = std::chrono::milliseconds(20);
constexpr auto nap = std::chrono::microseconds(100);

// Marks messages by which a rank that waits long tells the others that it is alive.
constexpr int alive_tag = 1;

void check(int code, const char* what) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  fail("MPI: ", what, ": ", text);
}

// Where a rank runs.
struct Place {
  std::array<char, 64> host{};
  cpu_set_t cpus{};
};

class MpiRanks final : public Ranks {
 public:
  MpiRanks() : timeout_(rank_timeout()) {
    int provided = 0;
    check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "start");
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    Place here;
    char name[MPI_MAX_PROCESSOR_NAME] = {};
    int length = 0;
    MPI_Get_processor_name(name, &length);
    std::strncpy(here.host.data(), name, here.host.size() - 1);
    sched_getaffinity(0, sizeof here.cpus, &here.cpus);
    places_ = all_of(*this, here);
  }

  // A rank that fails does not wait for the others: mpirun sees it go, and ends them.
  ~MpiRanks() override {
    if (!working_) MPI_Finalize();
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  int sharing_cpus() const override {
    const Place& here = places_[static_cast<std::size_t>(rank_)];
    return static_cast<int>(std::count_if(places_.begin(), places_.end(), [&](const Place& p) {
      cpu_set_t both;
      CPU_AND(&both, &p.cpus, &here.cpus);
      return p.host == here.host && (CPU_COUNT(&both) > 0 || &p == &here);
    }));
  }

  void exchange(std::span<const std::span<const std::byte>> to,
                std::span<const std::span<std::byte>> from) override {
    requests_.clear();
    partners_.clear();
    // Each begins with its neighbour, so that not all send to rank 0 first.
    for (int i = 1; i < size_; ++i) receive((rank_ + size_ - i) % size_, from);
    for (int i = 1; i < size_; ++i) send((rank_ + i) % size_, to);
    const auto self = static_cast<std::size_t>(rank_);
    std::copy(to[self].begin(), to[self].end(), from[self].begin());
    wait();
    ++exchanges_;
  }

 private:
  void receive(int rank, std::span<const std::span<std::byte>> from) {
    std::span<std::byte> left = from[static_cast<std::size_t>(rank)];
    do {
      const std::size_t size = std::min(left.size(), largest_message);
      check(MPI_Irecv(left.data(), static_cast<int>(size), MPI_BYTE, rank, 0, MPI_COMM_WORLD,
                      &requests_.emplace_back()),
            "receive");
      partners_.push_back(rank);
      left = left.subspan(size);
    } while (!left.empty());
  }

  void send(int rank, std::span<const std::span<const std::byte>> to) {
    std::span<const std::byte> left = to[static_cast<std::size_t>(rank)];
    do {
      const std::size_t size = std::min(left.size(), largest_message);
      check(MPI_Isend(left.data(), static_cast<int>(size), MPI_BYTE, rank, 0, MPI_COMM_WORLD,
                      &requests_.emplace_back()),
            "send");
      partners_.push_back(rank);
      left = left.subspan(size);
    } while (!left.empty());
  }

  void wait() {
    const Clock::time_point start = Clock::now();
    bool said_alive = false;
    for (int done = 0; !done;) {
      check(MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &done,
                        MPI_STATUSES_IGNORE),
            "wait");
      if (done) return;
      const auto waited = Clock::now() - start;
      const double seconds = std::chrono::duration<double>(waited).count();
      if (seconds > timeout_ / 2 && !std::exchange(said_alive, true)) say_alive();
      // The first rank speaks first: all that wait will find the same.
      if (seconds > timeout_ + 0.3 * std::min(rank_, 10)) return give_up();
      if (waited > yield_time)
        std::this_thread::sleep_for(nap);
      else if (waited > spin_time)
        std::this_thread::yield();
    }
  }

  void say_alive() {
    alive_in_ = exchanges_;
    for (int rank = 0; rank < size_; ++rank) {
      if (rank == rank_) continue;
      MPI_Request sent;
      check(MPI_Isend(&alive_in_, 1, MPI_UINT64_T, rank, alive_tag, MPI_COMM_WORLD, &sent), "send");
      MPI_Request_free(&sent);
    }
  }

  // Whether a rank waits, too: in this exchange, or in the one before, for what I have got already.
  bool is_alive(int rank) {
    bool alive = false;
    for (int there = 1; there;) {
      MPI_Iprobe(rank, alive_tag, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
      std::uint64_t exchange = 0;
      if (!there || MPI_Recv(&exchange, 1, MPI_UINT64_T, rank, alive_tag, MPI_COMM_WORLD,
                             MPI_STATUS_IGNORE) != MPI_SUCCESS)
        break;
      alive = exchange + 1 >= exchanges_;
    }
    return alive;
  }

  void give_up() {
    std::set<int> silent, hung;
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      int done = 0;
      MPI_Test(&requests_[i], &done, MPI_STATUS_IGNORE);
      if (!done) silent.insert(partners_[i]);
    }
    if (silent.empty()) return;  // at the last moment
    for (const int rank : silent)
      if (!is_alive(rank)) hung.insert(rank);
    std::string names;
    for (const int rank : hung.empty() ? silent : hung) {
      const auto& host = places_[static_cast<std::size_t>(rank)].host;
      names += cat(names.empty() ? "" : ", ", "rank ", rank, " on ", host.data());
    }
    throw LostRanks(cat("no word from ", names, " for ", timeout_,
                        " s: hung, or cut off (FOVEA_RANK_TIMEOUT=S waits longer)"));
  }

  const double timeout_;
  int rank_ = 0, size_ = 1;
  std::uint64_t exchanges_ = 0, alive_in_ = 0;  // how many are over; the one I said I wait in
  std::vector<Place> places_;
  std::vector<MPI_Request> requests_;
  std::vector<int> partners_;  // the rank of each request
};

// Set by Open MPI's mpirun, or by others that start a job. MPI would otherwise start a server.
const char* launched_rank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"})
    if (const char* rank = std::getenv(name)) return rank;
  return nullptr;
}

}  // namespace

Ranks& ranks() {
  if (!launched_rank()) return alone();
  static MpiRanks job;
  return job;
}

std::string failing_rank() {
  const char* rank = launched_rank();
  if (!rank || std::atoi(rank) == 0) return "";
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  return cat("rank ", rank, ": ");
}

}  // namespace fovea
