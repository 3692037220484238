#include "net/io_threads.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "base/check.hpp"

namespace busbar::net {

IoThreads::IoThreads(int threads) : context_(std::make_unique<boost::asio::io_context>(threads)) {
    BUSBAR_CHECK(threads >= 1);
    for (int i = 0; i < threads; ++i)
        threads_.emplace_back([this]() noexcept {
            // Without any work, run() would return at once.
            const auto work = boost::asio::make_work_guard(*context_);
            context_->run();
        });
}

IoThreads::~IoThreads() {
    stop();
}

void IoThreads::stop() {
    context_->stop();
    for (auto& thread : threads_) {
        BUSBAR_CHECK(thread.get_id() != std::this_thread::get_id());
        thread.join();
    }
    threads_.clear();
}

}  // namespace busbar::net
