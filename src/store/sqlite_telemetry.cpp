#include "store/sqlite_telemetry.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.hpp"
#include "store/migrations.hpp"

namespace busbar::store {
namespace {

constexpr Duration kRetention = std::chrono::hours{90 * 24};
constexpr std::chrono::seconds kBetweenSweeps{1};

class AppendJob final : public WriteJob {
public:
    AppendJob(std::vector<telemetry::Reading> readings, TimePoint received_at,
              telemetry::Callback<Done> done)
        : readings_(std::move(readings)), received_at_(received_at), done_(std::move(done)) {}

    Status apply(Connection& db) override {
        for (const auto& reading : readings_)
            if (auto status = put_reading(db, reading, received_at_); !status) return status;
        return Done{};
    }
    void finish(Status outcome) override { done_(std::move(outcome)); }
    std::size_t weight() const override { return std::max<std::size_t>(1, readings_.size()); }

private:
    const std::vector<telemetry::Reading> readings_;
    const TimePoint received_at_;
    telemetry::Callback<Done> done_;
};

class MapJob final : public WriteJob {
public:
    MapJob(VehicleId vehicle, std::vector<MeterId> meters, telemetry::Callback<Done> done)
        : vehicle_(std::move(vehicle)), meters_(std::move(meters)), done_(std::move(done)) {}

    Status apply(Connection& db) override { return put_vehicle_map(db, vehicle_, meters_); }
    void finish(Status outcome) override { done_(std::move(outcome)); }

private:
    const VehicleId vehicle_;
    const std::vector<MeterId> meters_;
    telemetry::Callback<Done> done_;
};

class SweepJob final : public WriteJob {
public:
    SweepJob(Sweep& sweep, TimePoint limit) : sweep_(sweep), limit_(limit) {}

    Status apply(Connection& db) override { return sweep_.step(db, limit_); }
    void finish(Status outcome) override {
        // With a full queue there is better to do; the next one comes in a second.
        if (!outcome && outcome.error().code != Errc::kBusy)
            log::warn("sweep_failed", {{"error", outcome.error().message}});
    }

private:
    Sweep& sweep_;
    const TimePoint limit_;
};

// The newest time that is not ahead of `now`.
TimePoint newest_of(const std::vector<telemetry::Reading>& readings, TimePoint now) {
    TimePoint newest{};
    for (const auto& reading : readings) {
        const auto at = std::visit([](const auto& r) { return r.at; }, reading);
        if (at <= now) newest = std::max(newest, at);
    }
    return newest;
}

}  // namespace

Result<std::unique_ptr<SqliteTelemetry>> SqliteTelemetry::open(const std::filesystem::path& path,
                                                               const Clock& clock,
                                                               WriterLimits limits) {
    auto lock = FileLock::take(path.string() + ".lock");
    if (!lock) return std::move(lock).error().in(path.string());
    BUSBAR_TRY(writing, Connection::open(path, Access::kReadWrite));
    if (auto status = migrate(*writing, "telemetry", telemetry_migrations()); !status)
        return std::move(status).error().in(path.string());
    BUSBAR_TRY(reading, Connection::open(path, Access::kReadOnly));
    return std::unique_ptr<SqliteTelemetry>(new SqliteTelemetry(
        {std::move(*lock), std::move(writing), std::move(reading)}, clock, limits));
}

SqliteTelemetry::SqliteTelemetry(Parts parts, const Clock& clock, WriterLimits limits)
    : lock_(std::move(parts.lock)),
      clock_(clock),
      next_sweep_(clock.steady().time_since_epoch().count()),
      reader_(std::move(parts.reading), answers_),
      writer_(std::move(parts.writing), answers_, limits) {}

SqliteTelemetry::~SqliteTelemetry() {
    writer_.stop();
    reader_.stop();
    answers_.stop();
}

void SqliteTelemetry::append(std::vector<telemetry::Reading> readings,
                             telemetry::Callback<Done> done) {
    const auto now = clock_.wall();
    const auto newest = newest_of(readings, now);
    writer_.submit(std::make_unique<AppendJob>(std::move(readings), now, std::move(done)));
    sweep_if_due(newest);
}

void SqliteTelemetry::sweep_if_due(TimePoint newest) {
    const auto now = clock_.steady();
    auto due = next_sweep_.load();
    const auto next = (now + kBetweenSweeps).time_since_epoch().count();
    if (newest == TimePoint{} || now.time_since_epoch().count() < due) return;
    if (!next_sweep_.compare_exchange_strong(due, next)) return;
    writer_.submit(std::make_unique<SweepJob>(sweep_, newest - kRetention));
}

void SqliteTelemetry::meter_status(telemetry::Callback<std::vector<telemetry::MeterReading>> done) {
    reader_.ask<std::vector<telemetry::MeterReading>>(load_meter_status, std::move(done));
}

void SqliteTelemetry::vehicle_status(
    telemetry::Callback<std::vector<telemetry::VehicleReading>> done) {
    reader_.ask<std::vector<telemetry::VehicleReading>>(load_vehicle_status, std::move(done));
}

void SqliteTelemetry::map_vehicle(VehicleId vehicle, std::vector<MeterId> meters,
                                  telemetry::Callback<Done> done) {
    writer_.submit(
        std::make_unique<MapJob>(std::move(vehicle), std::move(meters), std::move(done)));
}

void SqliteTelemetry::performance(VehicleId vehicle, TimePoint from, TimePoint to,
                                  telemetry::Callback<telemetry::Performance> done) {
    reader_.ask<telemetry::Performance>(
        [vehicle = std::move(vehicle), from, to](Connection& db) {
            return load_performance(db, vehicle, {from, to});
        },
        std::move(done));
}

}  // namespace busbar::store
