// TLS in front of a TCP connection, as a ByteStream: what reads it need not know.
//
// TLS 1.2 and 1.3, with suites that authenticate what they encrypt, in our order; no renegotiation,
// no compression, no resumption. The handshake is part of the first read, and has its deadline.
// An idle connection keeps no buffers.
//
// Thread-safe; a ByteStream lives on the strand of its socket.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <filesystem>
#include <memory>

#include "base/result.hpp"
#include "base/time.hpp"
#include "net/byte_stream.hpp"

namespace busbar::net {

struct TlsOptions {
    std::filesystem::path certificate;     // PEM: ours first, then those that lead to its root.
    std::filesystem::path key;             // PEM, without a password.
    std::filesystem::path client_ca = {};  // PEM: who may vouch for clients; empty: none is asked.
};

class Tls {
public:
    // Reads the files. An error's field is "certificate", "key" or "client_ca".
    static Result<std::unique_ptr<Tls>> open(TlsOptions options);
    ~Tls();

    // Reads the files again: for connections from now on. An error leaves all as it was.
    Status reload();

    // When our certificate ends.
    TimePoint expires() const;

    // A client that shows no certificate is taken, and so is known by none; one that shows a bad
    // one gets an alert.
    ByteStream accept(boost::asio::ip::tcp::socket socket);

private:
    struct Impl;
    explicit Tls(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace busbar::net
