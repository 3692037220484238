// feeder_tryout: a meter to try settings with, or what the meters of some settings say. Until
// Ctrl-C.
//
//   feeder_tryout modbus 1502 12.5 8 31                        prints the [[feeder]] that reads it
//   feeder_tryout mqtt localhost 1883 shop/feeder 12.5 8 31    likewise
//   feeder_tryout watch busbar.toml                            prints what each feeder there says
#include <bit>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/quantity.hpp"
#include "feeder/feeder.hpp"
#include "feeder/settings.hpp"
#include "feeder/simulator/meters.hpp"

namespace {

using namespace busbar;
using namespace busbar::feeder;

int usage() {
    std::fputs(
        "feeder_tryout modbus PORT A1 A2 A3\n"
        "feeder_tryout mqtt HOST PORT TOPIC A1 A2 A3\n",
        stderr);
    return 2;
}

std::optional<std::uint16_t> port_of(const std::string& text) {
    std::uint16_t port = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (failed != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
    return port;
}

std::optional<std::vector<std::int64_t>> amperes_of(const std::vector<std::string>& words,
                                                    std::size_t from) {
    std::vector<std::int64_t> milli;
    for (auto i = from; i < words.size(); ++i) {
        const auto one = parse_milli(words[i]);
        if (!one) return std::nullopt;
        milli.push_back(*one);
    }
    return milli;
}

// Until Ctrl-C, or one second.
bool interrupted() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    const timespec second{1, 0};
    return sigtimedwait(&signals, nullptr, &second) > 0;
}

int serve_modbus(std::uint16_t port, const std::vector<std::int64_t>& milli) {
    simulator::ModbusMeter meter(port);
    std::vector<std::uint16_t> registers;
    for (const auto each : milli) {
        const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(each) / 1000.0F);
        registers.push_back(static_cast<std::uint16_t>(bits >> 16U));
        registers.push_back(static_cast<std::uint16_t>(bits & 0xffffU));
    }
    meter.set(modbus::Table::kHolding, 13, registers);
    std::printf(
        "[[feeder]]\nmeter = \"tryout\"\nprotocol = \"modbus\"\nhost = \"127.0.0.1\"\n"
        "port = %d\npreset = \"siemens-pac\"\n",
        static_cast<int>(port));
    std::fflush(stdout);
    while (!interrupted()) continue;
    return 0;
}

int publish_mqtt(const std::string& host, std::uint16_t port, const std::string& topic,
                 const std::vector<std::int64_t>& milli) {
    simulator::MqttPublisher publisher(host, port, std::nullopt);
    std::printf(
        "[[feeder]]\nmeter = \"tryout\"\nprotocol = \"mqtt\"\nhost = \"%s\"\nport = %d\n"
        "topic = \"%s\"\nl1 = \"/l1\"\nl2 = \"/l2\"\nl3 = \"/l3\"\n",
        host.c_str(), static_cast<int>(port), topic.c_str());
    std::fflush(stdout);
    const auto message = "{\"l1\":" + decimal(milli[0]) + ",\"l2\":" + decimal(milli[1]) +
                         ",\"l3\":" + decimal(milli[2]) + "}";
    do {
        if (auto status = publisher.publish(topic, message); !status) {
            std::fprintf(stderr, "feeder_tryout: %s\n", status.error().message.c_str());
            return 1;
        }
    } while (!interrupted());
    return 0;
}

int watch(const std::string& path) {
    toml::table file;
    try {
        file = toml::parse_file(path);
    } catch (const toml::parse_error& error) {
        std::fprintf(stderr, "feeder_tryout: %s: %s\n", path.c_str(),
                     std::string(error.description()).c_str());
        return 2;
    }
    auto sources = read_sources(file);
    if (!sources) {
        std::fprintf(stderr, "feeder_tryout: %s: %s: %s\n", path.c_str(),
                     sources.error().field.c_str(), sources.error().message.c_str());
        return 2;
    }
    const auto seed = real_clock().wall().time_since_epoch().count();
    FeederMeters meters(real_clock(), static_cast<std::uint64_t>(seed));
    const auto show = [](const Sample& sample) {
        const auto amperes = [&](Phase phase) { return decimal(sample.current[phase].in_milli()); };
        std::printf("%s  %s  %s  %s A%s\n", sample.meter.str().c_str(), amperes(Phase::kL1).c_str(),
                    amperes(Phase::kL2).c_str(), amperes(Phase::kL3).c_str(),
                    sample.exporting.count() > 0 ? "  out" : "");
        std::fflush(stdout);
    };
    if (auto status = meters.start(std::move(*sources), show); !status) return 1;
    while (!interrupted()) continue;
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    const std::vector<std::string> words(arguments + 1, arguments + count);
    // For all threads, before there is any: Ctrl-C is waited for.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    if (words.size() == 5 && words[0] == "modbus") {
        const auto port = port_of(words[1]);
        const auto milli = amperes_of(words, 2);
        if (port && milli) return serve_modbus(*port, *milli);
    }
    if (words.size() == 7 && words[0] == "mqtt") {
        const auto port = port_of(words[2]);
        const auto milli = amperes_of(words, 4);
        if (port && milli) return publish_mqtt(words[1], *port, words[3], *milli);
    }
    if (words.size() == 2 && words[0] == "watch") return watch(words[1]);
    return usage();
}
