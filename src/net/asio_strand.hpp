// The Strand of production: runs tasks one at a time on the io threads.
#pragma once

#include <memory>

#include "base/strand.hpp"

namespace boost::asio {
class any_io_executor;
}

namespace busbar::net {

// Thread-safe to post to. Its timers run on the system's steady clock, the one real_clock() shows.
// Tasks still waiting when the io_context goes are destroyed without having run.
class AsioStrand final : public Strand {
public:
    // If `executor` is a strand already (as every accepted socket's is), this is that very strand:
    // tasks and the socket's completions share one order. Otherwise a new strand over it.
    explicit AsioStrand(const boost::asio::any_io_executor& executor);
    ~AsioStrand() override;

    void post(Task task) override;
    void at(SteadyPoint when, Task task) override;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// The strand on which what belongs to `executor` runs, so that tasks and completions share one
// order: of a StrandExecutor its own Strand, of an Asio strand an AsioStrand.
// Requires: what runs on `executor` runs one at a time.
std::shared_ptr<Strand> strand_of(const boost::asio::any_io_executor& executor);

}  // namespace busbar::net
