// Brings a charger's connection to a gateway, as the HTTP server of the product does: reads the
// upgrade request, and hands both over.
#pragma once

#include <memory>

#include "net/byte_stream.hpp"

namespace busbar::ocpp {
class Gateway;
}

namespace busbar::trial {

// The connection ends where `gateway` is gone before the request has come in.
void bring_in(net::ByteStream stream, std::weak_ptr<ocpp::Gateway> gateway);

}  // namespace busbar::trial
