#include "feeder/simulator/raw_server.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "base/check.hpp"
#include "feeder/wire.hpp"

namespace busbar::feeder::simulator {

struct RawServer::Impl {
    explicit Impl(Answer with)
        : answer(std::move(with)), listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* any = static_cast<sockaddr*>(static_cast<void*>(&address));
        BUSBAR_CHECK(listening >= 0 && ::bind(listening, any, size) == 0);
        BUSBAR_CHECK(::listen(listening, 8) == 0 && ::getsockname(listening, any, &size) == 0);
        port = ntohs(address.sin_port);
        thread = std::thread([this] { run(); });
    }
    ~Impl() {
        stop.set();
        thread.join();
        for (const int each : clients) ::close(each);
        ::close(listening);
    }

    void run() {
        while (!stop.is_set()) {
            std::vector<pollfd> waits{{stop.file(), POLLIN, 0}, {listening, POLLIN, 0}};
            for (const int each : clients) waits.push_back({each, POLLIN, 0});
            if (::poll(waits.data(), waits.size(), -1) <= 0) continue;
            for (std::size_t i = 2; i < waits.size(); ++i)
                if (waits[i].revents != 0) serve(waits[i].fd);
            if (waits[1].revents == 0) continue;
            const int client = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
            if (client < 0) continue;
            clients.push_back(client);
            ++connections;
        }
    }

    void serve(int client) {
        std::array<char, 4096> bytes{};
        const auto got = ::recv(client, bytes.data(), bytes.size(), 0);
        const auto reply =
            got > 0 ? answer(std::string(bytes.data(), static_cast<std::size_t>(got))) : "close";
        if (reply == "close") {
            ::close(client);
            std::erase(clients, client);
        } else if (!reply.empty()) {
            (void)::send(client, reply.data(), reply.size(), MSG_NOSIGNAL);
        }
    }

    const Answer answer;
    const int listening;
    std::uint16_t port = 0;
    std::vector<int> clients;
    std::atomic<int> connections = 0;
    StopSignal stop;
    std::thread thread;
};

RawServer::RawServer(Answer answer) : impl_(std::make_unique<Impl>(std::move(answer))) {}
RawServer::~RawServer() = default;

std::uint16_t RawServer::port() const {
    return impl_->port;
}

int RawServer::connections() const {
    return impl_->connections;
}

}  // namespace busbar::feeder::simulator
