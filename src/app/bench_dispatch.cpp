// Measures from the moment before a request's first byte leaves the client to the moment the
// limit is handed to the charger's socket, and on to the charger's acceptance.
#include <algorithm>
#include <map>

#include "app/bench.hpp"
#include "app/bench_rig.hpp"

namespace busbar::app {
namespace {

class Bench {
public:
    Bench(const DispatchBench& options, BenchRig& rig) : options_(options), rig_(rig) {}

    Result<std::vector<BenchRow>> run() {
        BUSBAR_TRY(converged, cold_starts());
        (void)converged;
        BUSBAR_TRY(rules, rule_writes());
        (void)rules;
        BUSBAR_TRY(root, root_caps());
        (void)root;
        return std::move(rows_);
    }

private:
    // A restart of the whole fleet, all cars being there: from the first limit handed to any
    // charger to the last that was needed for all of them to charge at their full current:
    // connect, boot, default, transaction, limit.
    Status cold_starts() {
        std::vector<double> to_socket, to_ack;
        for (int round = 0; round < kColdStarts; ++round) {
            rig_.recorder().forget();
            for (int number = 1; number <= rig_.chargers(); ++number) {
                BUSBAR_TRY(rebooted, rig_.fleet().reboot(BenchRig::charger(number)));
                (void)rebooted;
            }
            BUSBAR_TRY(seen, all_at(32_A, "a cold start"));
            to_socket.push_back(milliseconds(seen.last_sent() - seen.sent.front().at));
            to_ack.push_back(milliseconds(seen.last_answered() - seen.sent.front().at));
        }
        rows_.push_back({.name = "cold-start-" + std::to_string(rig_.chargers()),
                         .store = kBenchStore,
                         .times = summarise(std::move(to_socket)),
                         .ack = summarise(std::move(to_ack)),
                         .note = "all power up at once: first limit at a socket to the last"});
        return Done{};
    }

    Result<Recorder::Seen> all_at(Amperes limit, const std::string& what) {
        const auto all = static_cast<std::size_t>(rig_.chargers());
        return rig_.recorder().wait(
            what, all, [=](const Recorder::Seen& seen) { return seen.accepted(limit) >= all; });
    }

    Status rule_writes() {
        for (int round = 0; round < options_.rounds; ++round) {
            const auto charger = BenchRig::charger(round % rig_.chargers() + 1);
            const auto select = R"("select":{"charger":")" + charger + R"("})";
            BUSBAR_TRY(cap, timed("add-cap", charger, "POST", "/api/v1/rules",
                                  R"({"kind":"cap","limitA":10,)" + select + "}"));
            const auto rule = "/api/v1/rules/" + cap;
            BUSBAR_TRY(patched, timed("patch-value", charger, "PATCH", rule, R"({"limitA":12})"));
            (void)patched;
            BUSBAR_TRY(deleted, timed("delete-cap", charger, "DELETE", rule, ""));
            (void)deleted;
            BUSBAR_TRY(pause, timed("pause", charger, "POST", "/api/v1/rules",
                                    R"({"kind":"pause",)" + select + "}"));
            BUSBAR_TRY(resumed, timed("resume", charger, "DELETE", "/api/v1/rules/" + pause, ""));
            (void)resumed;
            BUSBAR_TRY(exclude, timed("exclude", charger, "POST", "/api/v1/rules",
                                      R"({"kind":"exclude",)" + select + "}"));
            BUSBAR_TRY(included,
                       timed("include", charger, "DELETE", "/api/v1/rules/" + exclude, ""));
            (void)included;
        }
        for (const auto* name :
             {"add-cap", "patch-value", "delete-cap", "pause", "resume", "exclude", "include"})
            rows_.push_back({.name = name,
                             .store = kBenchStore,
                             .times = summarise(to_socket_[name]),
                             .ack = summarise(to_ack_[name])});
        return Done{};
    }

    // The id of the rule.
    Result<std::string> timed(const std::string& name, const std::string& charger,
                              const char* method, const std::string& target,
                              const std::string& body) {
        BUSBAR_TRY(done, rig_.timed(name, charger, method, target, body));
        to_socket_[name].push_back(done.to_socket_ms);
        to_ack_[name].push_back(done.to_ack_ms);
        return std::move(done.id);
    }

    // A cap on the feeder that lowers everybody: from the write to the last charger's socket.
    Status root_caps() {
        const auto half = decimal((16_A * rig_.chargers()).in_milli());
        std::vector<double> to_socket, to_ack;
        for (int round = 0; round < kRootCaps; ++round) {
            rig_.recorder().forget();
            const auto before = real_clock().steady();
            BUSBAR_TRY(cap, rig_.write("root-cap", "POST", "/api/v1/rules",
                                       R"({"kind":"cap","select":{"circuit":"feeder"},"limitA":)" +
                                           half + "}"));
            BUSBAR_TRY(seen, all_at(16_A, "a cap on the feeder to reach all chargers"));
            to_socket.push_back(milliseconds(seen.last_sent() - before));
            to_ack.push_back(milliseconds(seen.last_answered() - before));
            rig_.recorder().forget();
            BUSBAR_TRY(lifted, rig_.write("root-cap", "DELETE", "/api/v1/rules/" + cap, ""));
            (void)lifted;
            BUSBAR_TRY(full, all_at(32_A, "the lifted cap to reach all chargers"));
            (void)full;
        }
        rows_.push_back({.name = "root-cap-" + std::to_string(rig_.chargers()),
                         .store = kBenchStore,
                         .times = summarise(std::move(to_socket)),
                         .ack = summarise(std::move(to_ack)),
                         .note = "write to the last charger's socket; all chargers are lowered"});
        return Done{};
    }

    static constexpr int kColdStarts = 20;
    static constexpr int kRootCaps = 20;

    DispatchBench options_;
    BenchRig& rig_;
    std::map<std::string, std::vector<double>> to_socket_, to_ack_;
    std::vector<BenchRow> rows_;
};

}  // namespace

Result<std::vector<BenchRow>> bench_dispatch(const DispatchBench& options) {
    BUSBAR_TRY(rig, BenchRig::start(options.chargers));
    return Bench(options, *rig).run();
}

}  // namespace busbar::app
