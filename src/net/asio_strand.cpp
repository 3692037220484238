#include "net/asio_strand.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "base/check.hpp"
#include "net/strand_executor.hpp"

namespace busbar::net {
namespace asio = boost::asio;

struct AsioStrand::Impl {
    asio::any_io_executor executor;
};

namespace {

bool is_asio_strand(const asio::any_io_executor& executor) {
    return executor.target<asio::strand<asio::io_context::executor_type>>() != nullptr ||
           executor.target<asio::strand<asio::any_io_executor>>() != nullptr;
}

}  // namespace

std::shared_ptr<Strand> strand_of(const asio::any_io_executor& executor) {
    if (const auto* on_strand = executor.target<StrandExecutor>()) return on_strand->strand();
    BUSBAR_CHECK(is_asio_strand(executor));
    return std::make_shared<AsioStrand>(executor);
}

AsioStrand::AsioStrand(const asio::any_io_executor& executor)
    : impl_(std::make_unique<Impl>(
          Impl{is_asio_strand(executor) ? executor : asio::make_strand(executor)})) {}

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
