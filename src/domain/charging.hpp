// What chargers tell us and what we tell them, in one vocabulary for every OCPP version and every
// other gateway. Nothing here knows a wire format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/id.hpp"
#include "base/quantity.hpp"
#include "base/time.hpp"
#include "domain/phase.hpp"
#include "domain/site.hpp"

namespace busbar {

// OCPP 1.6 ChargePointStatus, section 7.7, and what only 2.x says.
enum class ConnectorStatus : std::uint8_t {
    kUnknown,
    kAvailable,
    kPreparing,
    kCharging,
    kSuspendedEvse,
    kSuspendedEv,
    kFinishing,
    kReserved,
    kUnavailable,
    kFaulted,
    kOccupied,  // 2.x: a car is plugged in; whether it charges is told otherwise, and later.
};
std::string_view to_string(ConnectorStatus status);  // "SuspendedEV": OCPP's spelling.
std::optional<ConnectorStatus> parse_connector_status(std::string_view text);

// A positive 31-bit number that we hand out, unique on this server: in 1.6 the charger uses it,
// too.
using TransactionId = std::int64_t;

struct Transaction {
    TransactionId id = 0;
    EvseId evse;
    std::string id_tag;
    TimePoint started_at = {};
    WattHours meter_start = {};
    // Set together, when it is over.
    std::optional<TimePoint> stopped_at = {};
    WattHours meter_stop = {};
    std::string stop_reason = {};
    // What its driver asked for, if anybody said: energy from the start, and when the car leaves.
    std::optional<WattHours> requested = {};
    std::optional<TimePoint> depart_by = {};
    // What the station itself calls it: 2.x, at most 36 characters. Empty with 1.6.
    std::string own_id = {};

    bool operator==(const Transaction&) const = default;
};

// One value of one measurand, as the charger sent it, in our units.
enum class Measurand : std::uint8_t {
    kEnergyRegister,  // Energy.Active.Import.Register, Wh
    kEnergyInterval,  // Energy.Active.Import.Interval, Wh
    kPower,           // Power.Active.Import, W
    kCurrent,         // Current.Import, A
    kVoltage,         // V
    kSoc,             // percent
    kTemperature,     // degrees Celsius
};
struct MeterSample {
    Measurand measurand = Measurand::kEnergyRegister;
    std::optional<Phase> phase = {};  // Empty: all together, or the only one.
    std::int64_t milli = 0;           // Thousandths of the unit above.
    TimePoint at = {};

    bool operator==(const MeterSample&) const = default;
};

// What a meter has signed, so that a driver can check his bill: kept as the charger sent it.
struct SignedReading {
    TimePoint at = {};
    std::string sampled;  // The sampled value that it came in, as JSON.

    bool operator==(const SignedReading&) const = default;
};

struct BootInfo {
    std::string vendor;
    std::string model;
    std::string serial;
    std::string firmware;
};

// `at` is a time that can be right: ours where the charger's cannot. `stamped` is what the
// charger's own clock said, if it said anything: see ChargerClock.
struct StartRequest {
    int connector = 0;
    std::string id_tag;
    WattHours meter_start = {};
    TimePoint at = {};
    std::optional<TimePoint> stamped = {};
    std::string own_id = {};  // As in Transaction.
};
struct StopRequest {
    TransactionId transaction = 0;
    std::optional<WattHours> meter_stop = {};  // Empty: what was last heard.
    TimePoint at = {};
    std::string reason = {};
    std::optional<TimePoint> stamped = {};
    std::string own_id = {};  // As in Transaction: then this counts.
    std::vector<SignedReading> signed_readings = {};
};
struct StatusReport {
    int connector = 0;  // 0: the charger as a whole.
    ConnectorStatus status = ConnectorStatus::kUnknown;
    std::string error_code;
    std::string info;
    TimePoint at = {};
    std::optional<TimePoint> stamped = {};
};
struct MeterReport {
    int connector = 0;
    std::optional<TransactionId> transaction = {};
    std::vector<MeterSample> samples;
    std::optional<TimePoint> stamped = {};  // The latest.
    std::vector<SignedReading> signed_readings = {};
};
// What a 2.x station says of a transaction of its own: that it began, what became of it, that it
// ended; each may be the first that is heard of it.
struct TransactionEvent {
    enum class Kind : std::uint8_t { kStarted, kUpdated, kEnded };
    Kind kind = Kind::kStarted;
    std::string own_id;
    int evse = 0;                                   // 0: it does not say, as it said before.
    std::string id_tag;                             // Empty: nobody, or not known yet.
    std::optional<WattHours> energy_register = {};  // At `at`.
    std::vector<MeterSample> samples = {};
    std::optional<ConnectorStatus> status = {};
    std::string stop_reason = {};  // With kEnded.
    TimePoint at = {};
    std::optional<TimePoint> stamped = {};
    std::vector<SignedReading> signed_readings = {};
};

// What we answer.
enum class Registration : std::uint8_t { kAccepted, kPending, kRejected };
struct BootReply {
    Registration status = Registration::kPending;
    std::chrono::seconds interval{300};
};
enum class Authorization : std::uint8_t { kAccepted, kBlocked, kInvalid, kConcurrentTx };
struct StartReply {
    Authorization status = Authorization::kInvalid;
    TransactionId transaction = 0;
};

// What we ask. A charger has at most one of these open at a time.
enum class ProfilePurpose : std::uint8_t {
    kDefault,      // TxDefaultProfile: what any transaction starts with, and falls back to.
    kTransaction,  // TxProfile: this transaction's limit.
    kStationMax,   // ChargePointMaxProfile: what the whole charger may draw, whatever else holds.
};
std::string_view to_string(ProfilePurpose purpose);  // "default", "transaction", "station max"

// What a limit becomes later, by the charger's own doing.
struct LimitStep {
    std::chrono::seconds after;  // The start of the schedule.
    Amperes limit;

    bool operator==(const LimitStep&) const = default;
};
struct SetLimit {
    ProfilePurpose purpose = ProfilePurpose::kDefault;
    int connector = 0;                              // 0 with kDefault: every connector.
    std::optional<TransactionId> transaction = {};  // With kTransaction.
    Amperes limit = {};                             // Per line. A multiple of 0.1 A.
    // On the charger's clock, and in its past: the schedule is Absolute. Empty: Relative, one
    // period, no end.
    std::optional<TimePoint> start = {};
    std::vector<LimitStep> later = {};  // Ascending; the last is the lease's end. With `start`.
    // How long the lease is meant to last; for who counts it from losing us (OCPP 2.1).
    std::optional<std::chrono::seconds> lease = {};
    RateUnit unit = RateUnit::kAmperes;
    // With kWatts: which lines carry the limit, and at what voltage (watts_to_send).
    PhaseSet phases = PhaseSet::all();
    Supply supply = {};
    std::string own_id = {};  // With `transaction`: as there.

    bool operator==(const SetLimit&) const = default;
};
struct ClearLimit {
    ProfilePurpose purpose = ProfilePurpose::kDefault;
    int connector = 0;
};
struct GetCompositeLimit {
    int connector = 0;
    std::chrono::seconds duration{60};
};
struct GetConfiguration {
    std::vector<std::string> keys;  // Empty: all.
};
struct ChangeConfiguration {
    std::string key;
    std::string value;
};
// Ends a transaction, as a driver would.
struct RemoteStop {
    TransactionId transaction = 0;
    std::string own_id = {};  // As in Transaction.
};
// Whether a connector takes cars. 0: all of the charger.
struct ChangeAvailability {
    int connector = 0;
    bool operative = true;
};
struct Reset {
    bool hard = false;
};
struct TriggerMessage {
    std::string message;  // "StatusNotification", "MeterValues", ...
    std::optional<int> connector = {};
};
using Command =
    std::variant<SetLimit, ClearLimit, GetCompositeLimit, GetConfiguration, ChangeConfiguration,
                 TriggerMessage, RemoteStop, ChangeAvailability, Reset>;

// For how long an answer is awaited where `call_timeout` is the most: what only asks, and changes
// nothing at the charger, is given up within 5 s, since a limit may wait behind it.
Duration answer_within(const Command& command, Duration call_timeout);

enum class CallOutcome : std::uint8_t {
    kAccepted,      // It answered, and says it does as asked.
    kRejected,      // It answered, and does not (Rejected, or a CALLERROR).
    kNotSupported,  // It answered that it cannot do such a thing at all.
    kNotSent,       // Nothing left this machine: the charger is not connected.
    kUnanswered,    // It left, and no answer came in time, or the link broke: it may have happened.
};
std::string_view to_string(CallOutcome outcome);

// What a charger says it will enforce, from now on: the answer to GetCompositeLimit.
struct CompositePeriod {
    std::chrono::seconds after;  // From now.
    std::int64_t milli;          // Thousandths of the unit.

    bool operator==(const CompositePeriod&) const = default;
};
struct CompositeLimit {
    RateUnit unit = RateUnit::kAmperes;
    std::vector<CompositePeriod> periods = {};  // Ascending; never empty.

    bool operator==(const CompositeLimit&) const = default;
};

struct ConfigurationKey {
    std::string key;
    std::string value;

    bool operator==(const ConfigurationKey&) const = default;
};

struct CallResult {
    CallOutcome outcome = CallOutcome::kNotSent;
    SteadyPoint answered_at = {};
    std::string detail = {};  // Status or error text; the answer's JSON for the Get commands.
    std::optional<CompositeLimit> composite = {};  // Of GetCompositeLimit, if it can be read.
    std::vector<ConfigurationKey> keys = {};       // Of GetConfiguration.
};

}  // namespace busbar
