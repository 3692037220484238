#include "feeder/simulator/meters.hpp"

#include <modbus/modbus.h>
#include <mosquitto.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <set>
#include <thread>

#include "feeder/wire.hpp"

namespace busbar::feeder::simulator {
namespace {

constexpr int kRegisters = 256;
constexpr std::size_t kMostConnections = 16;

}  // namespace

// --- Modbus --------------------------------------------------------------------------------

struct ModbusMeter::Impl {
    explicit Impl(std::uint16_t wanted)
        : context(modbus_new_tcp("127.0.0.1", wanted), &modbus_free),
          mapping(modbus_mapping_new(0, 0, kRegisters, kRegisters), &modbus_mapping_free) {
        BUSBAR_CHECK(context && mapping);
        listening = modbus_tcp_listen(context.get(), 8);
        BUSBAR_CHECK(listening >= 0);
        sockaddr_in address{};
        socklen_t size = sizeof address;
        // sockaddr is C's way to say "one of the sockaddrs".
        auto* any = static_cast<sockaddr*>(static_cast<void*>(&address));
        BUSBAR_CHECK(getsockname(listening, any, &size) == 0);
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
                if (waits[i].revents != 0) answer(waits[i].fd);
            if (waits[1].revents != 0) accept_one();
        }
    }

    void accept_one() {
        const int client = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) return;
        if (clients.size() < kMostConnections)
            clients.push_back(client);
        else
            ::close(client);
    }

    void answer(int client) {
        modbus_set_socket(context.get(), client);
        std::array<std::uint8_t, MODBUS_TCP_MAX_ADU_LENGTH> query{};
        const int length = modbus_receive(context.get(), query.data());
        const std::lock_guard lock(mutex);
        if (length == 0) return;
        if (length > 0 && modbus_reply(context.get(), query.data(), length, mapping.get()) >= 0)
            return;
        ::close(client);
        std::erase(clients, client);
    }

    std::unique_ptr<modbus_t, decltype(&modbus_free)> context;
    std::unique_ptr<modbus_mapping_t, decltype(&modbus_mapping_free)> mapping;
    int listening = -1;
    std::uint16_t port = 0;
    std::vector<int> clients;
    std::mutex mutex;  // Over the registers.
    StopSignal stop;
    std::thread thread;
};

ModbusMeter::ModbusMeter(std::uint16_t port) : impl_(std::make_unique<Impl>(port)) {}
ModbusMeter::~ModbusMeter() = default;

std::uint16_t ModbusMeter::port() const {
    return impl_->port;
}

void ModbusMeter::set(modbus::Table table, std::uint16_t address,
                      const std::vector<std::uint16_t>& registers) {
    BUSBAR_CHECK(address + registers.size() <= kRegisters);
    const std::lock_guard lock(impl_->mutex);
    auto* all = table == modbus::Table::kHolding ? impl_->mapping->tab_registers
                                                 : impl_->mapping->tab_input_registers;
    std::ranges::copy(registers, all + address);
}

// --- MQTT ----------------------------------------------------------------------------------

struct MqttPublisher::Impl {
    Impl() {
        mosquitto_lib_init();
        client = mosquitto_new(nullptr, true, this);
        BUSBAR_CHECK(client != nullptr);
        mosquitto_connect_callback_set(client, [](mosquitto*, void* self, int code) {
            static_cast<Impl*>(self)->change([&](Impl& impl) { impl.welcome = code; });
        });
        mosquitto_publish_callback_set(client, [](mosquitto*, void* self, int id) {
            static_cast<Impl*>(self)->change([&](Impl& impl) { impl.published.insert(id); });
        });
    }
    ~Impl() {
        mosquitto_disconnect(client);
        mosquitto_loop_stop(client, false);
        mosquitto_destroy(client);
        mosquitto_lib_cleanup();
    }

    template <class Change>
    void change(Change what) {
        {
            const std::lock_guard lock(mutex);
            what(*this);
        }
        changed.notify_all();
    }
    template <class Condition>
    bool wait(Condition condition) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, std::chrono::seconds{5}, condition);
    }

    mosquitto* client = nullptr;
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<int> welcome;
    std::set<int> published;  // What the broker has taken and nobody asked for yet.
};

MqttPublisher::MqttPublisher(const std::string& host, std::uint16_t port,
                             const std::optional<Login>& login)
    : impl_(std::make_unique<Impl>()) {
    auto& impl = *impl_;
    if (login)
        BUSBAR_CHECK(mosquitto_username_pw_set(impl.client, login->username.c_str(),
                                               login->password.c_str()) == MOSQ_ERR_SUCCESS);
    BUSBAR_CHECK(mosquitto_connect(impl.client, host.c_str(), port, 60) == MOSQ_ERR_SUCCESS);
    BUSBAR_CHECK(mosquitto_loop_start(impl.client) == MOSQ_ERR_SUCCESS);
    BUSBAR_CHECK(impl.wait([&] { return impl.welcome.has_value(); }) && *impl.welcome == 0);
}

MqttPublisher::~MqttPublisher() = default;

Status MqttPublisher::publish(const std::string& topic, std::string_view payload, Retain retain) {
    int id = 0;
    const int code =
        mosquitto_publish(impl_->client, &id, topic.c_str(), static_cast<int>(payload.size()),
                          payload.data(), 1, retain == Retain::kYes);
    if (code != MOSQ_ERR_SUCCESS) return Error{Errc::kUnavailable, mosquitto_strerror(code)};
    if (!impl_->wait([&] { return impl_->published.erase(id) == 1; }))
        return Error{Errc::kTimeout, "the broker did not take the message"};
    return Done{};
}

}  // namespace busbar::feeder::simulator
