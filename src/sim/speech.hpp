// What a simulated charger says and hears, in each version of OCPP: one file a version. What it
// does, and when, is the Station's business.
//
// Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "domain/charging.hpp"
#include "sim/profile_messages.hpp"
#include "sim/setup.hpp"
#include "sim/wire.hpp"

namespace busbar::sim {

struct Spoken {
    std::string_view action;
    json::object payload;
};

// What the meter and the car show.
struct Reading {
    TimePoint at;
    std::string_view context;  // "Sample.Periodic", "Trigger", ...
    PhaseSet wired;
    PerPhase drawn;
    WattHours energy;  // Of the register.
    std::optional<double> soc_pct = {};
};

// A transaction as it is told.
struct Told {
    TransactionName name;  // Empty with 1.6, which has none before the CSMS gives a number.
    std::string card;
    int event = 0;  // How many were told of it before: 2.x's seqNo.
    bool offline = false;
    ConnectorStatus status = ConnectorStatus::kUnknown;
    Reading reading;
    std::optional<std::int64_t> remote_start = {};  // 2.x: the number of the request for it.
};

// An answer to a call of the CSMS, and what is done once that is out.
struct Reply {
    std::string frame;
    std::function<void()> then = {};
};

enum class Interval : std::uint8_t { kHeartbeat, kMeter };

// What can be read of a charger's settings.
struct Settings {
    Duration heartbeat;
    Duration meter;
    bool starts_offline;
    bool watts;
    int max_stack_level;
    int max_profiles;
    int max_periods;
    Phase first_line;
};

// What a CSMS can have a charger do. Those that give a function back do it when that is called:
// once the answer is out. Empty: it does not do that.
class Deeds {
public:
    virtual ~Deeds() = default;
    using Later = std::optional<std::function<void()>>;

    virtual Rates rates() const = 0;
    virtual TimePoint own_time() const = 0;
    virtual Settings settings() const = 0;
    virtual bool set_interval(Interval interval, std::chrono::seconds every) = 0;

    virtual ProfileAnswer set_profile(SetProfileRequest request) = 0;
    virtual int clear_profiles(const ClearFilter& filter) = 0;
    // Empty: no such outlet. 0: all together.
    virtual std::optional<std::vector<SchedulePeriod>> limits(std::int64_t outlet,
                                                              std::chrono::seconds ahead) = 0;

    enum class Said : std::uint8_t { kBoot, kHeartbeat, kStatus, kReading };
    virtual std::function<void()> say(Said what) = 0;
    virtual Later start(std::string card, std::optional<Profile> profile,
                        std::optional<std::int64_t> number) = 0;
    virtual Later stop(const TransactionName& transaction) = 0;
    virtual bool charges() const = 0;  // Whether a transaction runs.
    virtual std::function<void()> set_operative(bool operative) = 0;
    enum class Reset : std::uint8_t { kAtOnce, kOnceIdle };
    virtual std::function<void()> reset(Reset when) = 0;
};

class Speech {
public:
    virtual ~Speech() = default;

    virtual std::string_view subprotocol() const = 0;
    // Whether a charger names its transactions by itself, or waits for the CSMS's number.
    virtual bool names_transactions() const = 0;

    // --- What it says ---
    virtual Spoken boot(const ChargerSetup& setup) const = 0;
    // Empty where there is nothing to say of this connector; 0 is the whole charger.
    virtual std::optional<Spoken> status(int connector, ConnectorStatus status,
                                         TimePoint at) const = 0;
    // Whether the CSMS can tell these apart by status().
    virtual bool differ(ConnectorStatus before, ConnectorStatus after) const = 0;
    virtual Spoken authorize(const std::string& card) const = 0;
    virtual Spoken began(const Told& told) const = 0;
    // That a transaction's status is another; only where status() does not tell it.
    virtual bool tells_changes() const = 0;
    virtual Spoken changed(const Told& told) const = 0;
    virtual Spoken ended(const Told& told, std::string_view reason) const = 0;
    // In a transaction, or out of one.
    virtual Spoken reading(const Reading& reading, const Told* told) const = 0;
    // Fills in what was not known when it was said. Only where it does not name transactions.
    virtual void name(json::object& payload, const TransactionName& name) const = 0;

    // --- What it hears ---
    // To authorize(): whether this card may charge.
    virtual bool authorized(const json::object& answer) const = 0;
    // To began(): whether it may go on.
    virtual bool welcome(const json::object& answer) const = 0;
    // To began(), where it does not name transactions. Empty: the answer is none.
    virtual std::optional<TransactionName> name_in(const json::object& answer) const = 0;
    virtual Result<SetProfileRequest> read_set_profile(const json::object& payload,
                                                       Rates rates) const = 0;
    virtual Reply reply_to(const Call& call, Deeds& deeds) const = 0;
};

// For ever.
const Speech& speech_of(Version version);

namespace v16 {
const Speech& speech();
}
namespace v2 {
const Speech& speech(Version version);
// What StatusNotification says of a connector, which is less than 1.6 does.
std::string_view connector_status(ConnectorStatus status);
}  // namespace v2

// --- What the versions have in common -------------------------------------------------------

// A setting of whole seconds; empty if the text is none.
std::optional<std::chrono::seconds> read_seconds(std::string_view text);

// Replies to ClearChargingProfile, and to GetCompositeSchedule, which names its connector or EVSE
// in the member `place`.
Reply clear_profiles(const Call& call, const Result<ClearFilter>& filter, Deeds& deeds);
using WriteComposite = json::object (*)(int, TimePoint, std::chrono::seconds,
                                        const std::vector<SchedulePeriod>&, Rates);
Reply composite_of(const Call& call, std::string_view place, WriteComposite write, Deeds& deeds);

json::object status_only(std::string_view status);
// A reply that is a status and no more.
Reply by_status(const Call& call, std::string_view status, std::function<void()> then = {});
// A call that is not as OCPP wants it.
Reply refused(const Call& call, const Error& error);
Reply not_known(const Call& call);
// One that it did, or would not do.
Reply accepted_if(const Call& call, Deeds::Later later);

}  // namespace busbar::sim
