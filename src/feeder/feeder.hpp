// Takes in what the meters of feeders measure: the current on each line of a circuit, by Modbus TCP
// (asked for) or MQTT (listened to).
//
// One thread a source: a meter that is slow, silent or gone costs its own thread and nobody else's.
// Whatever a meter sends, a sample is a current that a feeder can carry; the rest is dropped,
// counted, and logged at most once a minute a source.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "domain/phase.hpp"
#include "feeder/modbus.hpp"
#include "feeder/values.hpp"
#include "feeder/wire.hpp"

namespace busbar::feeder {

struct Sample {
    MeterId meter{""};
    PerPhase current = {};    // 0 on lines that the source does not measure, and where it exports.
    PhaseSet exporting = {};  // The lines on which current flowed out.
    // Not after it was measured, as far as can be told: when a Modbus meter was asked, when the
    // oldest of the messages came that it was put together from. Never goes back.
    SteadyPoint at = {};
};

// From which registers, and how. Lines without an address are not measured.
struct RegisterMap {
    modbus::Table table = modbus::Table::kHolding;
    Encoding encoding = {};
    std::array<std::optional<std::uint16_t>, 3> addresses =
        {};  // By Phase; from 0, as on the wire.

    bool operator==(const RegisterMap&) const = default;
};

// The maps of some meters, by name; nothing for another. feeder/presets.cpp says which document
// each is taken from.
std::optional<RegisterMap> find_preset(std::string_view name);
std::span<const std::string_view> preset_names();

struct Modbus {
    std::string host = {};
    std::uint16_t port = 502;
    std::uint8_t unit = 1;
    RegisterMap registers = {};
    Duration interval = std::chrono::seconds{1};  // 200 ms to 60 s.
    // For each answer, and for connecting; 10 ms to 10 s.
    Duration timeout = std::chrono::seconds{1};

    bool operator==(const Modbus&) const = default;
};

// Where one line's current is published.
struct MqttLine {
    std::string topic = {};    // No wildcards.
    std::string pointer = {};  // See PayloadField.

    bool operator==(const MqttLine&) const = default;
};

// Lines of one topic come as one sample. Lines of several topics are put together from the latest
// of each: a sample is as old as the oldest of them, and comes at most every 200 ms. What the
// broker kept from before we came ("retained") is of unknown age, and is dropped.
struct Mqtt {
    std::string host = {};
    std::uint16_t port = 1883;
    std::optional<std::string> username = {};
    std::optional<std::string> password = {};
    std::optional<Tls> tls = {};
    Amperes scale = 1_A;  // What 1 in a payload is. 0.001 A to 1000 A.
    std::array<std::optional<MqttLine>, 3> lines = {};  // By Phase.
    // A broker that is silent for so long, though we ping it at half that, is gone; 1 s to 10 min.
    Duration keep_alive = std::chrono::seconds{15};
    // For connecting, and for the broker's welcome; 10 ms to 60 s.
    Duration timeout = std::chrono::seconds{5};

    bool operator==(const Mqtt&) const = default;
};

struct Source {
    MeterId meter{""};
    std::variant<Modbus, Mqtt> link = {};

    bool operator==(const Source&) const = default;
};

inline constexpr std::size_t kMostSources = 256;

// Everything in its range, and at least one line. Fails with kInvalid; the field is the setting's
// name in the file ("timeout_ms").
Status check_source(const Source& source);

// Called from the sources' threads: one call at a time for each source, several at once for
// several. Must be thread-safe, return soon (the next reading waits), not throw, and not call
// stop() or start().
using Sink = std::function<void(const Sample&)>;

// What one source is doing, for people and alarms.
struct SourceStatus {
    MeterId meter{""};
    bool connected = false;
    std::optional<Duration> age = {};  // Of the last sample; empty: there was none.
    std::string error = {};            // What went wrong last, if no sample came since.
    std::int64_t samples = 0;
    std::int64_t exporting = 0;  // Samples with a line on which current flowed out.
    std::int64_t dropped = 0;    // Values and messages that could not be meant, or were retained.
    std::int64_t failures = 0;   // Connections refused or lost, answers refused or late.
};

// Waits before another connection is tried: drawn from a span that doubles, shortest again after a
// sample has come.
struct Reconnect {
    Duration least = std::chrono::seconds{1};
    Duration most = std::chrono::seconds{60};
};

class FeederMeters {
public:
    // `clock` is a real one, and outlives this. `seed` is where all chance comes from: waits, and
    // the identifiers that brokers know us by. Two servers must not share it.
    FeederMeters(const Clock& clock, std::uint64_t seed, Reconnect reconnect = {});
    ~FeederMeters();  // Stops.
    FeederMeters(const FeederMeters&) = delete;
    FeederMeters& operator=(const FeederMeters&) = delete;

    // Once. Fails with kInvalid, and nothing runs, if a source is not as it must be (the field says
    // which: "feeder[1].host"), two are of one meter, or there are more than kMostSources; with
    // kUnavailable if the system has no threads left. A meter that does not answer is no failure of
    // this: status() says so.
    Status start(std::vector<Source> sources, Sink sink);

    // Ends all waits and joins the threads, within milliseconds and the time of a running sink.
    // From then on the sink is not called. Thread-safe; a second call does nothing.
    void stop();

    // In the order of the sources. Thread-safe.
    std::vector<SourceStatus> status() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace busbar::feeder
