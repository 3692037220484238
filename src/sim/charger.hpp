// What a simulated charger does with charging profiles: which it holds, and how much
// current it lets each car have now.
//
// Pure: time, in the charger's own clock, is handed in. It knows nothing of connections, which is
// how a real one behaves offline: a TxProfile goes on for its transaction, and periods that were
// sent in advance begin when their time comes.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "base/quantity.hpp"
#include "base/time.hpp"

namespace busbar::sim {

// What CSMS and charger call a transaction: the number that the CSMS gave it (1.6), in text, or the
// charger's own name of it (2.x).
using TransactionName = std::string;

// OCPP 1.6 section 7.10 to 7.13 and 3.13, OCPP 2.0.1 block K; by 1.6's names.
enum class Purpose : std::uint8_t { kChargePointMax, kTxDefault, kTx };
enum class ScheduleKind : std::uint8_t { kAbsolute, kRecurringDaily, kRecurringWeekly, kRelative };

struct SchedulePeriod {
    std::chrono::seconds start{0};  // After the start of the schedule.
    Amperes limit;                  // Per line.

    bool operator==(const SchedulePeriod&) const = default;
};

struct Profile {
    int id = 0;
    int stack_level = 0;
    Purpose purpose = Purpose::kTxDefault;
    ScheduleKind kind = ScheduleKind::kRelative;
    std::optional<TransactionName> transaction = {};
    std::optional<TimePoint> valid_from = {};
    std::optional<TimePoint> valid_to = {};
    std::optional<TimePoint> start = {};                // Needed unless relative.
    std::optional<std::chrono::seconds> duration = {};  // Empty: the last period has no end.
    std::vector<SchedulePeriod> periods;                // The first starts at 0.
    // 2.1: how long it holds without a link, and whether it is gone for good after that.
    std::optional<std::chrono::seconds> max_offline = {};
    bool gone_after_offline = false;

    bool operator==(const Profile&) const = default;
};

struct ChargerSpec {
    Amperes maximum = 32_A;   // Hardware maximum per line: what holds where no profile does.
    Amperes quantum = 0.1_A;  // Limits are rounded down to a multiple of this,
    bool rounds_up = false;   // or up to a whole ampere.
    int connectors = 1;
    int max_profiles = 10;
    int max_stack_level = 8;
    int max_periods = 24;
};

// What becomes of the profiles that no transaction owns when the power was off.
enum class Memory : std::uint8_t { kKeeps, kForgets };

enum class ProfileAnswer : std::uint8_t { kAccepted, kRejected };

// Whether the later periods of a schedule begin when their time comes, as they should.
enum class Steps : std::uint8_t { kTaken, kIgnored };

// Which profiles to clear: all that match every field that is set.
struct ClearFilter {
    std::optional<int> id = {};
    std::optional<int> connector = {};
    std::optional<Purpose> purpose = {};
    std::optional<int> stack_level = {};
};

class ChargerModel {
public:
    explicit ChargerModel(ChargerSpec spec) : spec_(spec) {}

    // Replaces the profile with the same id, and the one with the same purpose and stack level
    // on the same connector. Rejected: a TxProfile without (or not of) a running transaction, a
    // ChargePointMaxProfile anywhere but on connector 0 or relative, a schedule that is empty,
    // out of order or too long, no room.
    [[nodiscard]] ProfileAnswer install(int connector, Profile profile);

    // How many went.
    int clear(const ClearFilter& filter);

    // A transaction begins; its number may come later from the CSMS.
    // Requires: connector 1..connectors, no transaction there.
    void begin_transaction(int connector, TimePoint now);
    void name_transaction(int connector, TransactionName name);
    // Its profiles go with it. Does nothing if there is none.
    void end_transaction(int connector);

    // Ends all transactions; their profiles go.
    void reboot(Memory memory);
    void forget_profiles() { installed_.clear(); }

    // The way to the CSMS is lost, or there again. Lost twice, it counts from the first time.
    void link_lost(TimePoint now);
    void link_back(TimePoint now);

    // What it enforces per line: the least over the purposes, in each of them the profile with
    // the highest stack level that is valid now; TxProfile before TxDefaultProfile (of the
    // connector before that of connector 0, at one stack level). The hardware maximum where
    // nothing applies. ChargePointMax is divided among running transactions.
    // For connector 0: all connectors together.
    Amperes limit(int connector, TimePoint now, Steps steps = Steps::kTaken) const;

    // limit() from `now` on, as a schedule: the first period starts at 0, and each differs from
    // the one before. At most kMaxCompositePeriods periods.
    static constexpr std::size_t kMaxCompositePeriods = 100;
    std::vector<SchedulePeriod> composite(int connector, TimePoint now,
                                          std::chrono::seconds duration) const;

    std::size_t profile_count() const { return installed_.size(); }
    const ChargerSpec& spec() const { return spec_; }

private:
    struct Installed {
        int connector;
        Profile profile;
    };
    struct Running {
        TimePoint since;
        std::optional<TransactionName> name;
    };

    bool acceptable(int connector, const Profile& profile) const;
    bool offline_too_long(const Profile& profile, TimePoint now) const;
    bool belongs_to_running(int connector, const Profile& profile) const;
    std::optional<TimePoint> schedule_start(const Profile& profile, int connector,
                                            TimePoint now) const;
    std::optional<Amperes> limit_of(const Profile& profile, int connector, TimePoint now,
                                    Steps steps) const;
    std::optional<Amperes> prevailing(Purpose purpose, int connector, TimePoint now,
                                      Steps steps) const;
    Amperes connector_limit(int connector, TimePoint now, Steps steps) const;
    std::vector<TimePoint> edges(TimePoint from, TimePoint to) const;

    ChargerSpec spec_;
    std::vector<Installed> installed_;  // At most max_profiles.
    std::map<int, Running> running_;    // By connector.
    std::optional<TimePoint> offline_since_;
};

}  // namespace busbar::sim
