#include "feeder/wire.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/guarded.hpp"

namespace busbar::feeder {
namespace {

constexpr std::size_t kMostAtOnce = 16 * 1024;

std::string reason(int code) {
    return std::system_category().message(code);
}

Error unavailable(std::string message) {
    return {Errc::kUnavailable, std::move(message)};
}

// What poll() takes: milliseconds, rounded up, so that it does not wake before the time.
int poll_wait(SteadyPoint now, SteadyPoint until) {
    using std::chrono::milliseconds;
    const auto left = std::chrono::ceil<milliseconds>(until - now).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX));
}

class File {
public:
    explicit File(int number = -1) : number_(number) {}
    ~File() {
        if (number_ >= 0) ::close(number_);
    }
    File(File&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    File& operator=(File&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    int number() const { return number_; }

private:
    int number_;
};

// --- Names ---------------------------------------------------------------------------------

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

// A question to the system's resolver, on a thread of its own as it cannot be taken back. The
// thread touches nothing else, and may be in there long after the one who asked has gone.
struct Lookup {
    Lookup(std::string name, std::uint16_t port)
        : host(std::move(name)), service(std::to_string(port)), done(eventfd(0, EFD_CLOEXEC)) {}

    void ask() {
        addrinfo hints{};
        hints.ai_family = AF_UNSPEC;
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* found = nullptr;
        failed = getaddrinfo(host.c_str(), service.c_str(), &hints, &found);
        if (failed == 0) addresses.reset(found);
        finished = true;
        (void)eventfd_write(done.number(), 1);
    }

    const std::string host;
    const std::string service;
    const File done;
    int failed = 0;
    Addresses addresses{nullptr, &freeaddrinfo};
    std::atomic<bool> finished = false;  // What stands above is not written any more.
    std::thread thread = {};
};

// Lookups that took longer than anybody would wait. The resolver gives up after some time, and the
// next lookup joins those that are through; what is left when the process ends, ends with it.
constexpr std::size_t kMostLeftBehind = 64;
using LeftBehind = std::vector<std::unique_ptr<Lookup>>;

Guarded<LeftBehind>& left_behind() {
    static auto& all = *std::make_unique<Guarded<LeftBehind>>().release();
    return all;
}

std::size_t join_finished() {
    return left_behind().with([](LeftBehind& all) {
        std::erase_if(all, [](const std::unique_ptr<Lookup>& each) {
            if (!each->finished) return false;
            each->thread.join();
            return true;
        });
        return all.size();
    });
}

Result<Addresses> look_up(const Waiter& waiter, const std::string& host, std::uint16_t port,
                          SteadyPoint deadline) {
    auto lookup = std::make_unique<Lookup>(host, port);
    addrinfo numeric{};
    numeric.ai_socktype = SOCK_STREAM;
    numeric.ai_flags = AI_NUMERICHOST;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), lookup->service.c_str(), &numeric, &found) == 0)
        return Addresses(found, &freeaddrinfo);

    const auto step = "look up " + host;
    if (join_finished() >= kMostLeftBehind)
        return unavailable("no earlier name was found yet").in(step);
    try {
        lookup->thread = std::thread([lookup = lookup.get()] { lookup->ask(); });
    } catch (const std::system_error& error) {
        return unavailable(error.what()).in(step);
    }
    if (auto status = waiter.ready(lookup->done.number(), POLLIN, deadline); !status) {
        left_behind().with([&](LeftBehind& all) { all.push_back(std::move(lookup)); });
        return std::move(status).error().in(step);
    }
    lookup->thread.join();
    if (lookup->failed != 0) return unavailable(gai_strerror(lookup->failed)).in(step);
    return std::move(lookup->addresses);
}

// --- TCP -----------------------------------------------------------------------------------

Result<File> connect_to(const Waiter& waiter, const addrinfo& address, SteadyPoint deadline) {
    File socket(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket.number() < 0) return unavailable(reason(errno));
    const int on = 1;
    (void)::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket.number(), address.ai_addr, address.ai_addrlen) != 0) {
        if (errno != EINPROGRESS) return unavailable(reason(errno));
        BUSBAR_TRY(writable, waiter.ready(socket.number(), POLLOUT, deadline));
        (void)writable;
        int failed = 0;
        socklen_t size = sizeof failed;
        (void)::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &failed, &size);
        if (failed != 0) return unavailable(reason(failed));
    }
    return socket;
}

Result<File> connect_to_any(const Waiter& waiter, const addrinfo* addresses, SteadyPoint deadline) {
    int left = 0;
    for (const auto* each = addresses; each != nullptr; each = each->ai_next) ++left;
    Error failed = unavailable("the name has no address");
    for (const auto* each = addresses; each != nullptr; each = each->ai_next, --left) {
        // A silent address must not take the time of those after it.
        const auto now = waiter.now();
        auto socket = connect_to(waiter, *each, now + (deadline - now) / left);
        if (socket || waiter.stopping()) return socket;
        failed = std::move(socket).error();
    }
    return failed;
}

class TcpConnection final : public Connection {
public:
    TcpConnection(const Waiter& waiter, File socket)
        : waiter_(waiter), socket_(std::move(socket)) {}

    Status send(std::string_view bytes, SteadyPoint deadline) override {
        while (!bytes.empty()) {
            const auto sent = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent >= 0) {
                bytes.remove_prefix(static_cast<std::size_t>(sent));
                continue;
            }
            if (errno == EINTR) continue;
            if (errno != EAGAIN && errno != EWOULDBLOCK) return unavailable(reason(errno));
            BUSBAR_TRY(writable, waiter_.ready(socket_.number(), POLLOUT, deadline));
            (void)writable;
        }
        return Done{};
    }

    Result<std::size_t> receive(std::string& into, SteadyPoint deadline) override {
        std::array<char, kMostAtOnce> bytes;
        for (;;) {
            const auto got = ::recv(socket_.number(), bytes.data(), bytes.size(), 0);
            if (got > 0) {
                into.append(bytes.data(), static_cast<std::size_t>(got));
                return static_cast<std::size_t>(got);
            }
            if (got == 0) return unavailable("the other side closed the connection");
            if (errno == EINTR) continue;
            if (errno != EAGAIN && errno != EWOULDBLOCK) return unavailable(reason(errno));
            BUSBAR_TRY(readable, waiter_.ready(socket_.number(), POLLIN, deadline));
            (void)readable;
        }
    }

private:
    const Waiter& waiter_;
    File socket_;
};

// --- TLS -----------------------------------------------------------------------------------

std::string openssl_reason() {
    const auto code = ERR_get_error();
    const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
    return text == nullptr ? "it failed" : text;
}

class TlsConnection final : public Connection {
public:
    TlsConnection(const Waiter& waiter, File socket)
        : waiter_(waiter), socket_(std::move(socket)) {}

    Status shake_hands(const std::string& host, const Tls& tls, SteadyPoint deadline) {
        ERR_clear_error();
        context_.reset(SSL_CTX_new(TLS_client_method()));
        if (!context_) return unavailable("TLS: " + openssl_reason());
        SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
        const int trusted = tls.ca_file.empty()
                                ? SSL_CTX_set_default_verify_paths(context_.get())
                                : SSL_CTX_load_verify_file(context_.get(), tls.ca_file.c_str());
        if (trusted != 1) return unavailable("TLS: cannot read " + tls.ca_file);
        ssl_.reset(SSL_new(context_.get()));
        if (!ssl_ || SSL_set_fd(ssl_.get(), socket_.number()) != 1)
            return unavailable("TLS: " + openssl_reason());
        // An address is compared with the addresses in the certificate, a name with the names; and
        // only a name may be announced.
        auto* expected = SSL_get0_param(ssl_.get());
        if (X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) != 1) {
            if (X509_VERIFY_PARAM_set1_host(expected, host.c_str(), host.size()) != 1 ||
                SSL_set_tlsext_host_name(ssl_.get(), host.c_str()) != 1)
                return unavailable("TLS: " + openssl_reason());
        }
        BUSBAR_TRY(shaken, repeat([this] { return SSL_connect(ssl_.get()); }, deadline));
        (void)shaken;
        return Done{};
    }

    Status send(std::string_view bytes, SteadyPoint deadline) override {
        while (!bytes.empty()) {
            const int size = static_cast<int>(std::min(bytes.size(), kMostAtOnce));
            auto sent = repeat([&] { return SSL_write(ssl_.get(), bytes.data(), size); }, deadline);
            if (!sent) return std::move(sent).error();
            bytes.remove_prefix(*sent);
        }
        return Done{};
    }

    Result<std::size_t> receive(std::string& into, SteadyPoint deadline) override {
        std::array<char, kMostAtOnce> bytes;
        auto got = repeat(
            [&] { return SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())); },
            deadline);
        if (got) into.append(bytes.data(), *got);
        return got;
    }

private:
    // Calls `operation` until it has done something, waiting for what it lacks.
    template <class Operation>
    Result<std::size_t> repeat(Operation operation, SteadyPoint deadline) {
        for (;;) {
            ERR_clear_error();
            const int done = operation();
            if (done > 0) return static_cast<std::size_t>(done);
            const int system = errno;
            switch (SSL_get_error(ssl_.get(), done)) {
                case SSL_ERROR_WANT_READ:
                case SSL_ERROR_WANT_WRITE: {
                    const short events = SSL_want_write(ssl_.get()) ? POLLOUT : POLLIN;
                    BUSBAR_TRY(ready, waiter_.ready(socket_.number(), events, deadline));
                    (void)ready;
                    break;
                }
                case SSL_ERROR_ZERO_RETURN:
                    return unavailable("the other side closed the connection");
                case SSL_ERROR_SYSCALL:
                    return unavailable("TLS: " + reason(system));
                default:
                    return unavailable("TLS: " + refused());
            }
        }
    }

    std::string refused() {
        const auto verdict = SSL_get_verify_result(ssl_.get());
        if (verdict == X509_V_OK) return openssl_reason();
        return std::string("the certificate is refused: ") + X509_verify_cert_error_string(verdict);
    }

    const Waiter& waiter_;
    File socket_;
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{nullptr, &SSL_CTX_free};
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, &SSL_free};
};

}  // namespace

StopSignal::StopSignal() : file_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    BUSBAR_CHECK(file_ >= 0);
}

StopSignal::~StopSignal() {
    ::close(file_);
}

void StopSignal::set() {
    (void)eventfd_write(file_, 1);
}

bool StopSignal::is_set() const {
    pollfd wait{file_, POLLIN, 0};
    return ::poll(&wait, 1, 0) == 1;
}

void Waiter::until(SteadyPoint when) const {
    for (auto now = clock_.steady(); now < when && !stopping(); now = clock_.steady()) {
        pollfd wait{stop_.file(), POLLIN, 0};
        (void)::poll(&wait, 1, poll_wait(now, when));
    }
}

Status Waiter::ready(int file, short events, SteadyPoint deadline) const {
    for (;;) {
        const auto now = clock_.steady();
        std::array<pollfd, 2> wait{pollfd{file, events, 0}, pollfd{stop_.file(), POLLIN, 0}};
        const int ready = ::poll(wait.data(), wait.size(), poll_wait(now, deadline));
        if (wait[1].revents != 0) return unavailable("stopping");
        if (ready > 0) return Done{};
        if (now >= deadline) return Error{Errc::kTimeout, "no answer in time"};
    }
}

Result<std::unique_ptr<Connection>> open_connection(const Waiter& waiter, const std::string& host,
                                                    std::uint16_t port,
                                                    const std::optional<Tls>& tls,
                                                    SteadyPoint deadline) {
    BUSBAR_TRY(addresses, look_up(waiter, host, port, deadline));
    BUSBAR_TRY(socket, connect_to_any(waiter, addresses.get(), deadline));
    if (!tls)
        return std::unique_ptr<Connection>(
            std::make_unique<TcpConnection>(waiter, std::move(socket)));
    auto connection = std::make_unique<TlsConnection>(waiter, std::move(socket));
    BUSBAR_TRY(shaken, connection->shake_hands(host, *tls, deadline));
    (void)shaken;
    return std::unique_ptr<Connection>(std::move(connection));
}

}  // namespace busbar::feeder
