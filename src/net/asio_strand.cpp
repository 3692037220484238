#include "net/asio_strand.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

namespace busbar::net {
namespace asio = boost::asio;

struct AsioStrand::Impl {
    asio::any_io_executor executor;
};

bool is_strand(const asio::any_io_executor& executor) {
    return executor.target<asio::strand<asio::io_context::executor_type>>() != nullptr ||
           executor.target<asio::strand<asio::any_io_executor>>() != nullptr;
}

AsioStrand::AsioStrand(const asio::any_io_executor& executor)
    : impl_(std::make_unique<Impl>(
          Impl{is_strand(executor) ? executor : asio::make_strand(executor)})) {}

AsioStrand::~AsioStrand() = default;

void AsioStrand::post(Task task) {
    asio::post(impl_->executor, std::move(task));
}

void AsioStrand::at(SteadyPoint when, Task task) {
    auto timer = std::make_unique<asio::steady_timer>(impl_->executor, when);
    auto& waiting = *timer;
    waiting.async_wait(
        [timer = std::move(timer), task = std::move(task)](const boost::system::error_code& error) {
            if (!error) task();
        });
}

}  // namespace busbar::net
