// What the thread of one source works with: its waits, its status, and where samples go.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/guarded.hpp"
#include "feeder/backoff.hpp"
#include "feeder/feeder.hpp"
#include "feeder/values.hpp"
#include "feeder/wire.hpp"

namespace busbar::feeder {

// The one place where a source says what happens to it. For the source's thread, but for status().
class Journal {
public:
    Journal(MeterId meter, const Clock& clock, const Sink& sink)
        : clock_(clock), sink_(sink), meter_(std::move(meter)) {}

    const MeterId& meter() const { return meter_; }

    void connected();
    // The connection is lost, or there was none to be had.
    void disconnected(const Error& error);
    // The connection is good, but the meter did not give what it was asked for.
    void refused(const Error& error);
    // What came could not be meant.
    void dropped(const Error& error);
    // Hands it to the sink. Lines without a value count as 0.
    void sample(const Currents& currents, SteadyPoint at);

    SourceStatus status() const;  // Thread-safe.

private:
    struct State {
        SourceStatus status = {};
        std::optional<SteadyPoint> last = {};
    };
    // At most one line a minute of each kind; says how many were left out.
    struct Complaint {
        std::optional<SteadyPoint> quiet_until = {};
        std::int64_t unsaid = 0;
    };
    // Whether it was said.
    bool complain(Complaint& complaint, std::string_view event, const Error& error);

    const Clock& clock_;
    const Sink& sink_;
    const MeterId meter_;
    Complaint lost_;
    Complaint odd_;
    bool silent_ = true;  // So the log has it: the next sample is worth a line.
    Guarded<State> state_;
};

// Each runs until the waiter is stopping. The thread must have SIGPIPE blocked.
void run_modbus(const Modbus& modbus, const Waiter& waiter, Backoff backoff, Journal& journal);
// `client` is what the broker knows us by.
void run_mqtt(const Mqtt& mqtt, const std::string& client, const Waiter& waiter, Backoff backoff,
              Journal& journal);

}  // namespace busbar::feeder
