#include "trial_bytes/usher.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include "ocpp/gateway.hpp"

namespace busbar::trial {
namespace {

namespace http = boost::beast::http;

struct Usher : std::enable_shared_from_this<Usher> {
    net::ByteStream stream;
    const std::weak_ptr<ocpp::Gateway> gateway;
    boost::beast::flat_buffer buffer = {};
    http::request<http::string_body> request = {};

    Usher(net::ByteStream stream_in, std::weak_ptr<ocpp::Gateway> gateway_in)
        : stream(std::move(stream_in)), gateway(std::move(gateway_in)) {}

    void read() {
        http::async_read(stream, buffer, request,
                         [self = shared_from_this()](boost::system::error_code failed,
                                                     std::size_t) { self->hand_over(failed); });
    }

    void hand_over(boost::system::error_code failed) {
        const auto alive = gateway.lock();
        if (failed || !alive) return stream.close();
        alive->accept(std::move(stream), std::move(request));
    }
};

}  // namespace

void bring_in(net::ByteStream stream, std::weak_ptr<ocpp::Gateway> gateway) {
    std::make_shared<Usher>(std::move(stream), std::move(gateway))->read();
}

}  // namespace busbar::trial
