// Asio on a Strand: what a coroutine or a WebSocket does next becomes a task of that strand. With
// a ManualStrand the code of production runs in virtual time, on one thread, in one order.
#pragma once

#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#include <memory>
#include <utility>

#include "base/strand.hpp"

namespace busbar::net {

// An Asio executor, and a small one, as Asio copies it all the time. What runs on it never runs
// within the call that asked for it.
class StrandExecutor {
public:
    // `context` is where Asio keeps what belongs to timers. Nobody has to run it; then no timer of
    // Asio's own ever ends.
    StrandExecutor(std::shared_ptr<Strand> strand,
                   std::shared_ptr<boost::asio::execution_context> context)
        : ground_(std::make_shared<const Ground>(Ground{std::move(strand), std::move(context)})) {}

    const std::shared_ptr<Strand>& strand() const { return ground_->strand; }

    boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept {
        return *ground_->context;
    }
    static constexpr boost::asio::execution::blocking_t::never_t query(
        boost::asio::execution::blocking_t) noexcept {
        return {};
    }

    template <class Function>
    void execute(Function&& function) const {
        // A Task can be copied; what Asio hands over cannot.
        auto once = std::make_shared<std::decay_t<Function>>(std::forward<Function>(function));
        ground_->strand->post([once = std::move(once)] { std::move (*once)(); });
    }

    bool operator==(const StrandExecutor& other) const noexcept { return ground_ == other.ground_; }
    bool operator!=(const StrandExecutor& other) const noexcept { return ground_ != other.ground_; }

private:
    struct Ground {
        std::shared_ptr<Strand> strand;
        std::shared_ptr<boost::asio::execution_context> context;
    };
    std::shared_ptr<const Ground> ground_;
};

}  // namespace busbar::net
