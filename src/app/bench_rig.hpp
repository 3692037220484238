// What the benches of the control path stand on: a server on a fresh SQLite store, simulated
// chargers with cars, and a client. One process holds them all, so that one clock times all; they
// talk over real sockets on the loopback interface.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/http_client.hpp"
#include "app/server.hpp"
#include "control/feed.hpp"
#include "sim/fleet.hpp"

namespace busbar::app {

double milliseconds(std::chrono::nanoseconds time);
// Where on the steady clock the calendar shows `instant`, as the two stand to each other now.
SteadyPoint steady_at(TimePoint instant);

// Collects what the server dispatched, and lets a thread wait for it. Thread-safe.
class Recorder {
public:
    struct Seen {
        std::vector<control::Dispatched> sent;
        std::vector<control::Answered> answered;

        // Chargers' acceptances of `limit` for their transactions.
        std::size_t accepted(Amperes limit) const;
        SteadyPoint last_sent() const;      // Requires: something was.
        SteadyPoint last_answered() const;  // Requires: something was.
    };

    void note(const control::FeedEvent& event);
    void forget();
    // What was seen when so many answers, and `enough`, were there. Until there are so many nobody
    // is woken, so that looking takes no time from what is looked at. Fails with kTimeout, naming
    // `what`, after `most` in vain.
    Result<Seen> wait(const std::string& what, std::size_t answers,
                      const std::function<bool(const Seen&)>& enough,
                      Duration most = std::chrono::seconds{10});

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    Seen seen_;
    std::size_t awaited_ = 0;  // Answers.
};

class BenchRig {
public:
    // Chargers "B-1", "B-2"... with a car at each that takes 32 A and gets it: the feeder carries
    // them all, so that what is measured is our path, not the wait for amperes that others have
    // to give back first. Turns the log off.
    static Result<std::unique_ptr<BenchRig>> start(int chargers);
    ~BenchRig();

    int chargers() const { return chargers_; }
    static std::string charger(int number) { return "B-" + std::to_string(number); }
    Recorder& recorder() { return recorder_; }
    sim::Fleet& fleet() { return *fleet_; }

    // The id of what was written. Fails with kConflict, naming `what`, where the answer is not 2xx.
    Result<std::string> write(const std::string& what, const char* method,
                              const std::string& target, const std::string& body);

    struct Timed {
        std::string id;  // Of what was written.
        double to_socket_ms = 0;
        double to_ack_ms = 0;
    };
    // Does one write and waits for what it makes `charger` do. Times count from before the
    // request's first byte.
    Result<Timed> timed(const std::string& what, const std::string& charger, const char* method,
                        const std::string& target, const std::string& body);

private:
    class Folder;
    explicit BenchRig(int chargers);
    Status serve();
    Status plug_all();

    int chargers_;
    std::unique_ptr<Folder> folder_;
    Recorder recorder_;
    std::unique_ptr<Server> server_;
    std::unique_ptr<sim::Fleet> fleet_;
    std::optional<HttpClient> client_;
};

}  // namespace busbar::app
