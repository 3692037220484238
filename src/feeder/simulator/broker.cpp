#include "feeder/simulator/broker.hpp"

#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "base/check.hpp"
#include "base/clock.hpp"

namespace busbar::feeder::simulator {
namespace {

constexpr uid_t kNobody = 65'534;
// "busbar" with "correct-horse", as mosquitto_passwd writes it.
constexpr const char* kPasswords =
    "busbar:$7$101$w26jgj7EYi3NYZRG$DHZn8PKsvo/NMsWu75/V+vvawW8sFi41UGv50eVw1kqq"
    "Ykk3ZM5ed1Vkbij2I/HYIgiklLqmlBoW4moG/Kgwsg==\n";

// One that was free a moment ago: mosquitto takes a number, not a socket.
std::uint16_t free_port() {
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = static_cast<sockaddr*>(static_cast<void*>(&address));
    BUSBAR_CHECK(probe >= 0 && ::bind(probe, any, size) == 0);
    BUSBAR_CHECK(::getsockname(probe, any, &size) == 0);
    ::close(probe);
    return ntohs(address.sin_port);
}

void write_file(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path) << text;
    BUSBAR_CHECK(std::filesystem::file_size(path) == text.size());
}

}  // namespace

struct Broker::Impl {
    explicit Impl(const BrokerOptions& wanted) : options(wanted) {
        auto name = (std::filesystem::temp_directory_path() / "busbar-broker-XXXXXX").string();
        BUSBAR_CHECK(::mkdtemp(name.data()) != nullptr);
        folder = name;
        // The child is somebody else, and reads what lies there.
        std::filesystem::permissions(folder, std::filesystem::perms(0755));
        write_file(folder / "passwords", kPasswords);
        write_file(folder / "certificate.pem", options.certificate + "\n");
        write_file(folder / "key.pem", options.key + "\n");
        for (int attempt = 0; child < 0; ++attempt) {
            BUSBAR_CHECK(attempt < 5);
            port = free_port();
            write_configuration();
            start();
        }
    }
    ~Impl() {
        stop();
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }

    void write_configuration() const {
        std::string text =
            "listener " + std::to_string(port) + " 127.0.0.1\npersistence false\nlog_dest stderr\n";
        text += options.asks_password ? "password_file " + (folder / "passwords").string() + "\n"
                                      : "allow_anonymous true\n";
        if (!options.certificate.empty())
            text += "certfile " + (folder / "certificate.pem").string() + "\nkeyfile " +
                    (folder / "key.pem").string() + "\n";
        write_file(folder / "mosquitto.conf", text);
    }

    // Leaves `child` at -1 if the broker does not come up.
    void start() {
        std::array<int, 2> output{};
        BUSBAR_CHECK(::pipe2(output.data(), O_CLOEXEC) == 0);
        const std::string configuration = (folder / "mosquitto.conf").string();
        child = ::fork();
        BUSBAR_CHECK(child >= 0);
        if (child == 0) become(output[1], configuration.c_str());
        ::close(output[1]);
        log = output[0];
        if (!came_up()) stop();
    }

    [[noreturn]] static void become(int output, const char* configuration) {
        ::dup2(output, STDERR_FILENO);
        const bool root = ::geteuid() == 0;
        if (root &&
            (::setgroups(0, nullptr) != 0 || ::setgid(kNobody) != 0 || ::setuid(kNobody) != 0))
            ::_exit(126);
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::execl("/usr/sbin/mosquitto", "mosquitto", "-c", configuration, nullptr);
        ::_exit(127);
    }

    // Reads the child's log until it says that it runs.
    bool came_up() const {
        const auto deadline = real_clock().steady() + std::chrono::seconds{10};
        std::string said;
        while (said.find(" running") == std::string::npos) {
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(deadline - real_clock().steady());
            pollfd wait{log, POLLIN, 0};
            std::array<char, 1024> bytes{};
            if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0)
                return false;
            const auto got = ::read(log, bytes.data(), bytes.size());
            if (got <= 0) return false;
            said.append(bytes.data(), static_cast<std::size_t>(got));
        }
        return true;
    }

    void stop() {
        if (child > 0) {
            ::kill(child, SIGKILL);
            int status = 0;
            BUSBAR_CHECK(::waitpid(child, &status, 0) == child);
            child = -1;
        }
        if (log >= 0) ::close(log);
        log = -1;
    }

    const BrokerOptions options;
    std::filesystem::path folder;
    std::uint16_t port = 0;
    pid_t child = -1;
    int log = -1;
};

Broker::Broker(const BrokerOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Broker::~Broker() = default;

std::uint16_t Broker::port() const {
    return impl_->port;
}

std::string Broker::certificate_file() const {
    return (impl_->folder / "certificate.pem").string();
}

void Broker::stop() {
    impl_->stop();
}

void Broker::start() {
    impl_->start();
    BUSBAR_CHECK(impl_->child > 0);
}

}  // namespace busbar::feeder::simulator
