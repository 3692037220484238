// Measures from the instant at which a rule begins or ends to the moment the decrease that it
// makes is handed to the charger's socket.
#include <algorithm>

#include "app/bench.hpp"
#include "app/bench_rig.hpp"

namespace busbar::app {
namespace {

using namespace std::chrono_literals;

// A decrease that is to come, and when it is due.
struct Step {
    ChargerId charger;
    Amperes limit;
    TimePoint at;
};

constexpr auto kWritesDone = 1s;  // Before the first instant, beside what each write takes.
constexpr auto kPerWrite = 4ms;
constexpr auto kPatience = 10s;
constexpr int kMostLowerings = 200;  // Of one charger: each is 0.1 A lower than the one before.
constexpr const char* kRules = "/api/v1/rules";

class BoundaryRun {
public:
    BoundaryRun(const BoundaryBench& options, BenchRig& rig) : options_(options), rig_(rig) {}

    Result<std::vector<BenchRow>> run() {
        if (options_.rounds > options_.chargers * kMostLowerings)
            return Error{Errc::kInvalid,
                         "at most " + std::to_string(kMostLowerings) + " for each charger",
                         "--rounds"};
        BUSBAR_TRY(singly, one_charger_each());
        (void)singly;
        BUSBAR_TRY(all, all_at_once());
        (void)all;
        return std::move(rows_);
    }

private:
    // 50 to 100 ms apart, at every millisecond of the second.
    static Duration gap(int round) { return 50ms + std::chrono::milliseconds{round * 37 % 51}; }

    // By turns, caps that begin and suspensions of caps that end: each lowers one charger.
    Status one_charger_each() {
        TimePoint at = std::chrono::floor<std::chrono::milliseconds>(
            real_clock().wall() + kWritesDone + 2 * options_.rounds * kPerWrite);
        const auto caps_begin = at;
        std::vector<Step> begins, ends;
        for (int round = 0; round < options_.rounds; ++round) {
            at += gap(round);
            const auto number = round % rig_.chargers() + 1;
            const auto lowering = round / rig_.chargers() + 1;
            const Step step{ChargerId(BenchRig::charger(number)), 32_A - 0.1_A * lowering, at};
            const bool ending = (round + round / rig_.chargers()) % 2 == 1;
            BUSBAR_TRY(cap, write_cap(step, ending ? caps_begin : step.at));
            if (ending) {
                BUSBAR_TRY(held, write_suspension(step, cap));
                (void)held;
            }
            (ending ? ends : begins).push_back(step);
        }
        if (real_clock().wall() >= caps_begin) return slow_machine();
        rig_.recorder().forget();
        const auto expected = begins.size() + ends.size();
        const auto most = kPatience + (at - real_clock().wall());
        BUSBAR_TRY(seen, rig_.recorder().wait(
                             "the boundaries", expected, [](const auto&) { return true; }, most));
        BUSBAR_TRY(begun, add_row("cap-begins", begins, seen));
        (void)begun;
        return add_row("suspension-ends", ends, seen);
    }

    Result<std::string> write_cap(const Step& step, TimePoint begins) {
        return rig_.write("a cap that begins", "POST", kRules,
                          R"({"kind":"cap","select":{"charger":")" + step.charger.str() +
                              R"("},"limitA":)" + decimal(step.limit.in_milli()) +
                              R"(,"startsAt":")" + format_time(begins) + R"("})");
    }

    Result<std::string> write_suspension(const Step& step, const std::string& cap) {
        return rig_.write("a suspension that ends", "POST", kRules,
                          R"({"kind":"suspend","select":{"charger":")" + step.charger.str() +
                              R"("},"suspends":{"rule":")" + cap + R"("},"expiresAt":")" +
                              format_time(step.at) + R"("})");
    }

    Status add_row(const std::string& name, const std::vector<Step>& steps,
                   const Recorder::Seen& seen) {
        if (steps.empty()) return Done{};
        std::vector<double> to_socket, to_ack;
        for (const auto& step : steps) {
            const auto due = steady_at(step.at);
            const auto is_it = [&](const auto& event) {
                return event.charger == step.charger && event.limit.limit == step.limit;
            };
            const auto sent = std::ranges::find_if(seen.sent, is_it);
            const auto answered = std::ranges::find_if(seen.answered, is_it);
            if (sent == seen.sent.end() || answered == seen.answered.end())
                return Error{Errc::kTimeout, name + ": " + step.charger.str() +
                                                 " was not lowered to " +
                                                 decimal(step.limit.in_milli()) + " A"};
            to_socket.push_back(milliseconds(sent->at - due));
            to_ack.push_back(milliseconds(answered->at - due));
        }
        rows_.push_back({.name = name,
                         .store = kBenchStore,
                         .times = summarise(std::move(to_socket)),
                         .ack = summarise(std::move(to_ack)),
                         .note = "instant to the charger's socket; it is lowered"});
        return Done{};
    }

    // A cap on the feeder that begins: from the instant to the last charger's socket.
    Status all_at_once() {
        const auto all = static_cast<std::size_t>(rig_.chargers());
        const auto most = decimal((16_A * rig_.chargers()).in_milli());
        std::vector<double> to_socket, to_ack;
        for (int round = 0; round < std::max(options_.rounds / 10, 1); ++round) {
            const TimePoint at = std::chrono::floor<std::chrono::milliseconds>(real_clock().wall() +
                                                                               200ms + gap(round));
            BUSBAR_TRY(cap, rig_.write("a cap that begins", "POST", kRules,
                                       R"({"kind":"cap","select":{"circuit":"feeder"},)"
                                       R"("limitA":)" +
                                           most + R"(,"startsAt":")" + format_time(at) + R"("})"));
            if (real_clock().wall() >= at) return slow_machine();
            rig_.recorder().forget();
            BUSBAR_TRY(seen, rig_.recorder().wait("all chargers to be lowered", all,
                                                  [all](const Recorder::Seen& now) {
                                                      return now.accepted(16_A) >= all;
                                                  }));
            to_socket.push_back(milliseconds(seen.last_sent() - steady_at(at)));
            to_ack.push_back(milliseconds(seen.last_answered() - steady_at(at)));
            rig_.recorder().forget();
            BUSBAR_TRY(lifted, rig_.write("its end", "DELETE", kRules + ("/" + cap), ""));
            (void)lifted;
            BUSBAR_TRY(raised, rig_.recorder().wait("all chargers to be raised again", all,
                                                    [](const auto&) { return true; }));
            (void)raised;
        }
        rows_.push_back({.name = "root-cap-begins-" + std::to_string(rig_.chargers()),
                         .store = kBenchStore,
                         .times = summarise(std::move(to_socket)),
                         .ack = summarise(std::move(to_ack)),
                         .note = "instant to the last charger's socket; all chargers are lowered"});
        return Done{};
    }

    static Error slow_machine() {
        return {Errc::kTimeout, "the rules were not written before their instant"};
    }

    BoundaryBench options_;
    BenchRig& rig_;
    std::vector<BenchRow> rows_;
};

}  // namespace

Result<std::vector<BenchRow>> bench_boundary(const BoundaryBench& options) {
    BUSBAR_TRY(rig, BenchRig::start(options.chargers));
    return BoundaryRun(options, *rig).run();
}

}  // namespace busbar::app
