// The two ends of the product's own code, face to face over bytes: gateway connections, and the
// stations that `busbar sim` runs. No control between them: whoever hears here says yes to all, and
// sends limits at random.
#include <gtest/gtest.h>

#include <map>

#include "base/log.hpp"
#include "ocpp/gateway.hpp"
#include "sim/byte_network.hpp"
#include "sim/setup.hpp"
#include "sim/station.hpp"
#include "sim/uplink.hpp"
#include "trial_bytes/usher.hpp"

namespace busbar::trial {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTick = 1s;
constexpr Duration kFaultsEvery = 15min;  // Of each charger, on the mean.

const std::vector<sim::Version> kAllVersions{sim::Version::k16, sim::Version::k201,
                                             sim::Version::k21};

// Says yes, and keeps the books.
class Host final : public control::ChargerEvents {
public:
    Host(ManualStrand& strand, const Clock& clock, std::uint64_t seed)
        : strand_(strand), clock_(clock), random_(seed) {}

    struct Known {
        bool connected = false;
        std::int64_t generation = 0;
        std::optional<TransactionId> transaction = {};
        std::string own_id = {};              // Of that transaction, with 2.x.
        std::optional<Amperes> applied = {};  // Of that transaction, as last accepted.
        bool asking = false;

        // What its charger calls the transaction.
        std::optional<sim::TransactionName> name() const {
            if (!transaction) return {};
            return own_id.empty() ? std::to_string(*transaction) : own_id;
        }
    };
    std::map<ChargerId, Known> chargers;
    std::int64_t accepted = 0;
    std::int64_t lost_calls = 0;
    std::int64_t readings = 0;

    // A limit for everyone who charges and is not being asked.
    void send_limits(control::Gateway& gateway) {
        for (auto& [id, known] : chargers) {
            if (!known.connected || !known.transaction || known.asking) continue;
            known.asking = true;
            const SetLimit limit{.purpose = ProfilePurpose::kTransaction,
                                 .connector = 1,
                                 .transaction = known.transaction,
                                 .limit = 1_A * random_.between(std::int64_t{6}, std::int64_t{32}),
                                 .own_id = known.own_id};
            gateway.call(id, limit, {}, [this, &known, limit](const CallResult& result) {
                known.asking = false;
                if (result.outcome == CallOutcome::kUnanswered) ++lost_calls;
                if (result.outcome != CallOutcome::kAccepted) return;
                ++accepted;
                if (known.transaction == limit.transaction) known.applied = limit.limit;
            });
        }
    }

    void connected(const ChargerId& charger, std::int64_t generation) override {
        auto& known = chargers[charger];
        EXPECT_FALSE(known.connected) << charger.str() << " is connected twice";
        EXPECT_GT(generation, known.generation);
        known.connected = true;
        known.generation = generation;
    }
    void disconnected(const ChargerId& charger, std::int64_t generation) override {
        auto& known = chargers[charger];
        EXPECT_EQ(generation, known.generation);
        known.connected = false;
    }
    void boot(const ChargerId&, BootInfo, std::function<void(BootReply)> reply) override {
        later([reply = std::move(reply)] { reply({Registration::kAccepted, 60s}); });
    }
    void status(const ChargerId&, StatusReport) override {}
    void authorize(const ChargerId&, std::string,
                   std::function<void(Authorization)> reply) override {
        later([reply = std::move(reply)] { reply(Authorization::kAccepted); });
    }
    void start(const ChargerId& charger, StartRequest,
               control::Callback<StartReply> reply) override {
        auto& known = chargers[charger];
        known.transaction = ++transactions_;
        known.applied.reset();
        later([reply = std::move(reply), id = transactions_] {
            reply(StartReply{Authorization::kAccepted, id});
        });
    }
    void stop(const ChargerId& charger, StopRequest request,
              control::Callback<Done> reply) override {
        auto& known = chargers[charger];
        if (known.transaction == request.transaction) known.transaction.reset();
        later([reply = std::move(reply)] { reply(Done{}); });
    }
    void meter(const ChargerId&, MeterReport) override { ++readings; }
    void transaction(const ChargerId& charger, TransactionEvent event,
                     control::Callback<StartReply> reply) override {
        auto& known = chargers[charger];
        readings += static_cast<std::int64_t>(event.samples.size());
        if (event.kind == TransactionEvent::Kind::kEnded) {
            if (known.own_id == event.own_id) known.transaction.reset();
        } else if (known.own_id != event.own_id) {
            known.transaction = ++transactions_;
            known.own_id = event.own_id;
            known.applied.reset();
        }
        later([reply = std::move(reply), id = transactions_] {
            reply(StartReply{Authorization::kAccepted, id});
        });
    }
    void told_time(const ChargerId&, TimePoint) override {}

private:
    void later(Task task) {
        strand_.at(clock_.steady() + random_.between(Duration{0}, Duration{20ms}), std::move(task));
    }

    ManualStrand& strand_;
    const Clock& clock_;
    sim::Random random_;
    TransactionId transactions_ = 0;
};

class StrictObserver final : public ocpp::GatewayObserver {
public:
    std::int64_t open = 0;
    std::int64_t bad = 0;

    void opened() override { ++open; }
    void closed() override { --open; }
    void malformed() override { ++bad; }
};

// Chargers with cars, their links, and what befalls them.
class Row {
public:
    Row(int count, std::uint64_t seed, const std::vector<sim::Version>& versions)
        : random_(seed),
          host(strand, clock, random_.next()),
          network(strand, clock, random_.next()),
          gateway(std::make_shared<ocpp::Gateway>(network.executor(), host, clock,
                                                  ocpp::GatewayOptions{}, &observer)) {
        log::configure(log::Level::kOff, log::Format::kConsole);
        network.listen([this](net::ByteStream stream) { bring_in(std::move(stream), gateway); });
        auto setups = sim::row_of_chargers("CP-", count, {.id = ChargerId("any")});
        for (std::size_t i = 0; i < setups.size(); ++i) {
            setups[i].version = versions[i % versions.size()];
            add(setups[i]);
        }
        repeat(kTick, [this] {
            for (auto& seat : seats) seat.station->tick();
        });
        repeat(20s, [this] { host.send_limits(*gateway); });
        for (std::size_t i = 0; i < seats.size(); ++i) befall(i);
    }
    ~Row() { gateway->begin_stop(); }

    void run_for(Duration time) { strand.run_for(time); }
    void end_of_faults() { faults_ = false; }

    struct Seat {
        std::unique_ptr<sim::Station> station;
        std::shared_ptr<sim::Uplink> uplink;
        std::shared_ptr<sim::Cable> cable;
    };

private:
    void add(const sim::ChargerSetup& setup) {
        const auto index = seats.size();
        sim::StationHooks hooks;
        hooks.send = [this, index](std::string frame) {
            seats[index].uplink->send(std::move(frame));
        };
        hooks.hang_up = [this, index] { seats[index].uplink->hang_up(); };
        hooks.changed = [] {};
        auto station = std::make_unique<sim::Station>(setup, sim::StationOptions{}, clock, strand,
                                                      std::move(hooks));
        sim::UplinkHooks uplink_hooks;
        uplink_hooks.dial = [this, index] {
            auto dialed = network.dial();
            seats[index].cable = std::move(dialed.cable);
            return std::move(dialed.stream);
        };
        uplink_hooks.wait = [this](int) { return random_.between(Duration{1s}, Duration{10s}); };
        uplink_hooks.changed = [] {};
        auto uplink =
            std::make_shared<sim::Uplink>(sim::Address{"server", "80", "/ocpp/"}, *station, strand,
                                          clock, std::move(uplink_hooks));
        uplink->start();
        auto car = sim::random_vehicle(random_.next());
        car.capacity = WattHours::of(100'000'000);  // Charges all day.
        EXPECT_TRUE(station->plug(std::move(car)));
        seats.push_back({std::move(station), std::move(uplink), {}});
    }

    void repeat(Duration every, std::function<void()> task) {
        strand.at(clock.steady() + every, [this, every, task = std::move(task)] {
            task();
            repeat(every, task);
        });
    }

    void befall(std::size_t index) {
        strand.at(clock.steady() + random_.exponential(kFaultsEvery), [this, index] {
            if (!faults_) return;
            auto& seat = seats[index];
            switch (random_.between(std::int64_t{0}, std::int64_t{4})) {
                case 0:
                    seat.cable->cut();
                    break;
                case 1:
                    seat.cable->cut_after(static_cast<std::size_t>(
                        random_.between(std::int64_t{1}, std::int64_t{900})));
                    break;
                case 2:
                    seat.cable->silence();
                    break;
                case 3:
                    seat.cable->clog(random_.between(Duration{0}, Duration{2min}));
                    break;
                default:
                    seat.station->reboot();
            }
            befall(index);
        });
    }

    sim::Random random_;
    bool faults_ = true;

public:
    ManualClock clock{*parse_time("2026-02-10T12:00:00Z")};
    ManualStrand strand{clock};
    Host host;
    StrictObserver observer;
    sim::ByteNetwork network;
    std::shared_ptr<ocpp::Gateway> gateway;
    std::vector<Seat> seats;
};

void talk_for_hours_and_agree(const std::vector<sim::Version>& versions) {
    Row row(20, 1, versions);
    row.run_for(3h);
    row.end_of_faults();
    row.run_for(10min);
    EXPECT_EQ(row.gateway->connections(), 20U);
    EXPECT_EQ(row.observer.open, 20);
    EXPECT_EQ(row.observer.bad, 0);
    EXPECT_GT(row.host.accepted, 5'000);
    EXPECT_GT(row.host.lost_calls, 50);  // The faults were real ones.
    EXPECT_GT(row.host.readings, 10'000);
    for (const auto& seat : row.seats) {
        const auto seen = seat.station->snapshot();
        SCOPED_TRACE(seen.id.str());
        EXPECT_TRUE(seen.connected);
        EXPECT_GT(seen.connects, 1);
        EXPECT_EQ(seen.bad_frames_received, 0);
        EXPECT_EQ(seen.call_errors_received, 0);
        EXPECT_EQ(seen.calls_given_up, 0);
        const auto& known = row.host.chargers.at(seen.id);
        EXPECT_EQ(seen.transaction, known.name());
        EXPECT_EQ(seen.limit, known.applied);
    }
}

TEST(Stations, TalkForHoursOverABadNetworkAndAgreeInTheEnd) {
    talk_for_hours_and_agree({sim::Version::k16});
}

TEST(Stations, Of201TalkForHoursOverABadNetworkAndAgreeInTheEnd) {
    talk_for_hours_and_agree({sim::Version::k201});
}

TEST(Stations, Of21TalkForHoursOverABadNetworkAndAgreeInTheEnd) {
    talk_for_hours_and_agree({sim::Version::k21});
}

TEST(Stations, AreToldGoodbyeByAServerThatStops) {
    Row row(5, 2, kAllVersions);
    row.end_of_faults();
    row.run_for(2min);
    ASSERT_EQ(row.gateway->connections(), 5U);
    row.network.listen({});
    row.gateway->begin_stop();
    row.run_for(10s);
    EXPECT_EQ(row.gateway->connections(), 0U);
    for (const auto& seat : row.seats) EXPECT_FALSE(seat.station->snapshot().connected);
}

TEST(Stations, SaySameBytesAtSameMomentsForOneSeed) {
    const auto digest_of = [](std::uint64_t seed) {
        Row row(8, seed, kAllVersions);
        row.run_for(40min);
        return std::pair(row.network.digest(), row.network.bytes());
    };
    const auto first = digest_of(3);
    EXPECT_EQ(first, digest_of(3));
    EXPECT_NE(first.first, digest_of(4).first);
}

}  // namespace
}  // namespace busbar::trial
