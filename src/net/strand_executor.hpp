// Asio on a Strand: what a coroutine or a WebSocket does next becomes a task of that strand. With
// a ManualStrand the code of production runs in virtual time, on one thread, in one order.
#pragma once

#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#include <memory>
#include <utility>

#include "base/strand.hpp"

namespace busbar::net {

// An Asio executor. What runs on it never runs within the call that asked for it.
class StrandExecutor {
public:
    // `context` is where Asio keeps what belongs to timers. Nobody has to run it; then no timer of
    // Asio's own ever ends.
    StrandExecutor(std::shared_ptr<Strand> strand,
                   std::shared_ptr<boost::asio::execution_context> context)
        : strand_(std::move(strand)), context_(std::move(context)) {}

    const std::shared_ptr<Strand>& strand() const { return strand_; }

    boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept {
        return *context_;
    }
    static constexpr boost::asio::execution::blocking_t::never_t query(
        boost::asio::execution::blocking_t) noexcept {
        return {};
    }

    template <class Function>
    void execute(Function&& function) const {
        // A Task can be copied; what Asio hands over cannot.
        auto once = std::make_shared<std::decay_t<Function>>(std::forward<Function>(function));
        strand_->post([once = std::move(once)] { std::move (*once)(); });
    }

    bool operator==(const StrandExecutor& other) const noexcept {
        return strand_ == other.strand_ && context_ == other.context_;
    }
    bool operator!=(const StrandExecutor& other) const noexcept { return !(*this == other); }

private:
    std::shared_ptr<Strand> strand_;
    std::shared_ptr<boost::asio::execution_context> context_;
};

}  // namespace busbar::net
