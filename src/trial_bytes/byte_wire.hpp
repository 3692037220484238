// A wire that carries real bytes: chargers' calls as OCPP in WebSocket frames, through a
// network in memory, to the gateway of the product. What a message-level wire cannot show is shown
// here: frames cut in the middle, writes that carry a part, handshakes that nobody answers, closing
// and reconnecting that overlap.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "base/strand.hpp"
#include "sim/byte_network.hpp"
#include "sim/link.hpp"
#include "sim/random.hpp"
#include "sim/setup.hpp"
#include "sim/wire.hpp"
#include "trial/wire.hpp"
#include "trial_bytes/charger_speech.hpp"

namespace busbar::ocpp {
class Gateway;
}

namespace busbar::trial {

struct ByteWireSettings {
    sim::NetworkWeather weather = {};
    int lost_pct = 5;   // Of all messages, questions and answers: dropped by a charger's software.
    int clogs_pct = 1;  // Of what a charger says: its connection stalls for up to clog_most.
    Duration clog_most = std::chrono::seconds{20};
    sim::Version version = sim::Version::k16;  // That chargers speak: 1.6 or 2.0.1.
};

class ByteWire : public Wire, public control::Gateway {
public:
    // Both outlive it. Of `strand` nothing is run after it.
    ByteWire(Strand& strand, const Clock& clock, ByteWireSettings settings, std::uint64_t seed);
    ~ByteWire() override;

    // Of all bytes that arrived so far, where and when; and how many those were.
    std::uint64_t digest() const { return network_.digest(); }
    std::uint64_t bytes() const { return network_.bytes(); }

    // --- Wire ---
    control::Gateway& gateway() override { return *this; }
    void server_up(control::ChargerEvents& events) override;
    void server_down() override;
    void add(const ChargerId& charger, ChargerEnd& end) override;
    void dial(const ChargerId& charger) override;
    void drop(const ChargerId& charger) override;
    void say(const ChargerId& charger, Said said,
             std::function<void(Result<Answer>)> answered) override;
    void cut(const ChargerId& charger, Cut how) override;

    // --- Gateway ---
    void call(const ChargerId& charger, Command command, std::function<void(SteadyPoint)> sent,
              std::function<void(CallResult)> done) override;
    void disconnect(const ChargerId& charger) override;
    void refuse(const ChargerId& charger, SteadyPoint until) override;

private:
    class Ear;
    class Server;
    struct OpenCall {
        std::string id;
        std::string action;
        std::optional<TransactionId> begins;
        std::function<void(Result<Answer>)> answered;
    };
    // A charger's side.
    struct Line {
        ChargerEnd* end = nullptr;
        std::unique_ptr<ChargerSpeech> speech = {};
        std::uint64_t dialled = 0;  // Its connection, counted over all chargers.
        bool up = false;
        std::shared_ptr<sim::Link> link = {};
        std::shared_ptr<sim::Cable> cable = {};
        std::vector<OpenCall> open = {};
    };

    bool lost() {
        return random_.between(std::int64_t{1}, std::int64_t{100}) <= settings_.lost_pct;
    }
    void leave(Line& line);
    boost::asio::awaitable<void> talk(ChargerId charger, std::uint64_t dialled,
                                      std::shared_ptr<sim::Link> link);
    void hear(const ChargerId& charger, std::string_view text);
    void asked(const ChargerId& charger, const sim::Call& call);
    void answered(Line& line, std::string_view id, Result<sim::json::object> payload);

    Strand& strand_;
    const Clock& clock_;
    const ByteWireSettings settings_;
    sim::Random random_;
    sim::ByteNetwork network_;
    std::map<ChargerId, Line> lines_;
    std::vector<std::shared_ptr<Server>> servers_;  // The last one may be alive.
    std::uint64_t dialled_ = 0;
    std::uint64_t said_ = 0;
};

}  // namespace busbar::trial
