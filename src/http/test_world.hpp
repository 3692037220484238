// For the tests of this module: a garage on a manual clock, with stores and chargers in memory,
// and the API in front of it.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/strand.hpp"
#include "control/control.hpp"
#include "http/api.hpp"

namespace busbar::http {

// Keeps everything, commits in order, and calls back on the strand.
class FakeStore final : public control::Store {
public:
    explicit FakeStore(Strand& strand, const Clock& clock) : strand_(strand), clock_(clock) {}

    Result<control::Stored> load() override { return control::Stored{}; }
    void on_commit(std::function<void(const control::Committed&)> hook) override {
        hook_ = std::move(hook);
    }
    void write(control::Write write, control::Callback<std::int64_t> done) override {
        strand_.post([this, write = std::move(write), done = std::move(done)] {
            if (failing) return done(*failing);
            if (silent) return;
            const auto revision = ++revision_;
            rows.push_back({revision, clock_.wall(), write.author,
                            "change " + std::to_string(write.change.index()), write.site.str(),
                            write.before, write.after});
            accepted_at.push_back(write.accepted_at);
            hook_({revision, write.site, write.change, write.accepted_at});
            done(revision);
        });
    }
    void save_potentials(std::vector<control::PotentialRow>,
                         control::Callback<Done> done) override {
        strand_.post([done = std::move(done)] { done(Done{}); });
    }
    void save_transaction(Transaction, control::Callback<Done> done) override {
        strand_.post([done = std::move(done)] { done(Done{}); });
    }
    void save_signed(TransactionId, std::vector<SignedReading>,
                     control::Callback<Done> done) override {
        strand_.post([done = std::move(done)] { done(Done{}); });
    }
    void transactions(control::TransactionQuery query,
                      control::Callback<std::vector<Transaction>> done) override {
        strand_.post([this, query, done = std::move(done)] {
            if (failing) return done(*failing);
            asked = query;
            std::vector<Transaction> found;
            for (const auto& record : records)
                if (std::ssize(found) < query.limit) found.push_back(record.transaction);
            done(std::move(found));
        });
    }
    void transaction(TransactionId id,
                     control::Callback<control::TransactionRecord> done) override {
        strand_.post([this, id, done = std::move(done)] {
            for (const auto& record : records)
                if (record.transaction.id == id) return done(record);
            done(Error{Errc::kNotFound, "transaction " + std::to_string(id) + " is not known"});
        });
    }
    void save_boundaries(std::vector<control::Boundary>, control::Callback<Done> done) override {
        strand_.post([done = std::move(done)] { done(Done{}); });
    }
    void claim_boundaries(TimePoint,
                          control::Callback<std::vector<control::Boundary>> done) override {
        strand_.post([done = std::move(done)] { done(std::vector<control::Boundary>{}); });
    }
    void audit(std::int64_t before, int limit,
               control::Callback<std::vector<control::AuditRow>> done) override {
        strand_.post([this, before, limit, done = std::move(done)] {
            if (failing) return done(*failing);
            if (silent) return;
            std::vector<control::AuditRow> found;
            for (auto row = rows.rbegin(); row != rows.rend() && std::ssize(found) < limit; ++row)
                if (before == 0 || row->revision < before) found.push_back(*row);
            done(std::move(found));
        });
    }

    std::optional<Error> failing;
    bool silent = false;  // Never calls back.
    std::vector<control::AuditRow> rows;
    std::vector<control::TransactionRecord> records;  // In the order of answers.
    control::TransactionQuery asked;                  // The last one.
    std::vector<SteadyPoint> accepted_at;

private:
    Strand& strand_;
    const Clock& clock_;
    std::function<void(const control::Committed&)> hook_;
    std::int64_t revision_ = 0;
};

class FakeTelemetry final : public telemetry::TelemetryStore {
public:
    explicit FakeTelemetry(Strand& strand) : strand_(strand) {}

    void append(std::vector<telemetry::Reading> readings, telemetry::Callback<Done> done) override {
        strand_.post([this, readings = std::move(readings), done = std::move(done)] {
            if (failing) return done(*failing);
            for (const auto& reading : readings) {
                if (const auto* meter = std::get_if<telemetry::MeterReading>(&reading))
                    meters.insert_or_assign(meter->meter, *meter);
                if (const auto* vehicle = std::get_if<telemetry::VehicleReading>(&reading))
                    vehicles.insert_or_assign(vehicle->vehicle, *vehicle);
            }
            done(Done{});
        });
    }
    void meter_status(telemetry::Callback<std::vector<telemetry::MeterReading>> done) override {
        strand_.post([this, done = std::move(done)] { done(values(meters)); });
    }
    void vehicle_status(telemetry::Callback<std::vector<telemetry::VehicleReading>> done) override {
        strand_.post([this, done = std::move(done)] { done(values(vehicles)); });
    }
    void map_vehicle(VehicleId vehicle, std::vector<MeterId> of,
                     telemetry::Callback<Done> done) override {
        strand_.post([this, vehicle, of = std::move(of), done = std::move(done)] {
            mapped.insert_or_assign(vehicle, of);
            done(Done{});
        });
    }
    void performance(VehicleId vehicle, TimePoint from, TimePoint to,
                     telemetry::Callback<telemetry::Performance> done) override {
        strand_.post([this, vehicle, from, to, done = std::move(done)] {
            if (!vehicles.contains(vehicle))
                return done(Error{Errc::kNotFound, "vehicle '" + vehicle.str() + "' is not known"});
            auto answer = found;
            answer.vehicle = vehicle;
            answer.window_start = from;
            answer.window_end = to;
            done(std::move(answer));
        });
    }

    std::optional<Error> failing;
    std::map<MeterId, telemetry::MeterReading> meters;
    std::map<VehicleId, telemetry::VehicleReading> vehicles;
    std::map<VehicleId, std::vector<MeterId>> mapped;
    telemetry::Performance found{.vehicle = VehicleId("")};

private:
    template <class Map>
    static std::vector<typename Map::mapped_type> values(const Map& map) {
        std::vector<typename Map::mapped_type> all;
        for (const auto& [id, value] : map) all.push_back(value);
        return all;
    }

    Strand& strand_;
};

// Chargers that do as they are told, at once.
class FakeGateway final : public control::Gateway {
public:
    FakeGateway(Strand& strand, const Clock& clock) : strand_(strand), clock_(clock) {}

    void call(const ChargerId&, Command, std::function<void(SteadyPoint)> sent,
              std::function<void(CallResult)> done) override {
        strand_.post([this, sent = std::move(sent), done = std::move(done)] {
            sent(clock_.steady());
            done({.outcome = CallOutcome::kAccepted, .answered_at = clock_.steady()});
        });
    }
    void disconnect(const ChargerId&) override {}
    void refuse(const ChargerId&, SteadyPoint) override {}

private:
    Strand& strand_;
    const Clock& clock_;
};

// Hands the tasks of control's strands to the one that the test runs.
class SharedStrand final : public Strand {
public:
    explicit SharedStrand(Strand& strand) : strand_(strand) {}
    void post(Task task) override { strand_.post(std::move(task)); }
    void at(SteadyPoint when, Task task) override { strand_.at(when, std::move(task)); }

private:
    Strand& strand_;
};

// One site, "garage": circuits "feeder" (63 A) and "level-1" (32 A) below it, chargers "CP-7" and
// "CP-8" (partner "acme", two EVSEs) on "level-1". Both are connected.
class ApiTest : public testing::Test {
protected:
    ApiTest();
    ~ApiTest() override { control.stop(); }

    // What the API answers once everything that this caused has happened.
    Response ask(Request request);
    Response ask(Method method, const std::string& target, std::string body = {});
    // The same, as the JSON it holds, with its status checked.
    boost::json::value json(int status, Method method, const std::string& target,
                            std::string body = {});

    // A car that charges at an EVSE of a charger.
    void plug_in(const std::string& charger, int connector = 1);

    ManualClock clock{*parse_time("2026-02-10T12:00:00Z")};
    ManualStrand strand{clock};
    FakeStore store{strand, clock};
    FakeTelemetry telemetry{strand};
    FakeGateway gateway{strand, clock};
    control::Feed feed;
    std::uint32_t chance = 0;
    const access::Keysmith smith{"secret"};
    access::Onboarding onboarding;
    control::Control control;
    Api api;
};

// A rule that suits this garage.
inline const std::string kCap = R"({"kind":"cap","select":{"charger":"CP-7"},"limitA":10.5,)"
                                R"("reason":"peak"})";

// The value of a header of an answer, "" if it is not there.
std::string header(const Response& response, std::string_view name);

}  // namespace busbar::http
