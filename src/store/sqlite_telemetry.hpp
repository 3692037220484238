// TelemetryStore in one SQLite file.
//
// One thread writes, with natural group commit: whatever queued while the last commit ran is the
// next transaction. A second thread answers questions, from what is committed. Callbacks run on
// these threads: keep them short. They may call this store.
//
// History is kept for 90 days behind the newest reading that is not from the future: our own
// clock, jumping ahead, deletes nothing. Old rows leave a few at a time, about once a second
// while readings come. Status keeps the newest reading of a device for good.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "store/file_lock.hpp"
#include "store/telemetry_rows.hpp"
#include "store/workers.hpp"
#include "telemetry/telemetry.hpp"

namespace busbar::store {

class SqliteTelemetry final : public telemetry::TelemetryStore {
public:
    // In readings. An append() of more than `queued` fails with kTooLarge.
    static constexpr WriterLimits kLimits{.queued = 200'000, .transaction = 20'000};

    // As SqliteStore::open().
    static Result<std::unique_ptr<SqliteTelemetry>> open(const std::filesystem::path& path,
                                                         const Clock& clock,
                                                         WriterLimits limits = kLimits);

    // Writes what is queued, and calls back everything.
    ~SqliteTelemetry() override;

    // A reading from more than 5 minutes ahead of this call is stored as suspect: see
    // telemetry_rows.hpp. Readings are taken as they are: check() them before.
    void append(std::vector<telemetry::Reading> readings, telemetry::Callback<Done> done) override;
    void meter_status(telemetry::Callback<std::vector<telemetry::MeterReading>> done) override;
    void vehicle_status(telemetry::Callback<std::vector<telemetry::VehicleReading>> done) override;
    void map_vehicle(VehicleId vehicle, std::vector<MeterId> meters,
                     telemetry::Callback<Done> done) override;
    void performance(VehicleId vehicle, TimePoint from, TimePoint to,
                     telemetry::Callback<telemetry::Performance> done) override;

    WriterStats stats() const { return writer_.stats(); }

private:
    struct Parts {
        FileLock lock;
        std::unique_ptr<Connection> writing;
        std::unique_ptr<Connection> reading;
    };
    SqliteTelemetry(Parts parts, const Clock& clock, WriterLimits limits);
    void sweep_if_due(TimePoint newest);

    FileLock lock_;
    const Clock& clock_;
    Sweep sweep_;  // The writer's thread only.
    std::atomic<SteadyPoint::rep> next_sweep_;
    Answers answers_;
    Reader reader_;
    Writer writer_;
};

}  // namespace busbar::store
