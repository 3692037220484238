#include "app/trial_check.hpp"

#include <charconv>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>

#include "app/complaint.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "trial/run.hpp"
#include "trial_bytes/over_bytes.hpp"

namespace busbar::app {
namespace {

using Seeds = std::pair<std::uint64_t, std::uint64_t>;

std::optional<Seeds> parse_seeds(std::string_view text) {
    const auto dots = text.find("..");
    if (dots == std::string_view::npos) return {};
    const auto from = parse_seed(text.substr(0, dots)), to = parse_seed(text.substr(dots + 2));
    if (!from || !to || *from > *to) return {};
    return Seeds{*from, *to};
}

// Several trials together.
struct Sum {
    std::uint64_t trials = 0;
    double hours = 0;
    std::uint64_t events = 0;
    std::uint64_t calls = 0;
    std::uint64_t kills = 0;
    std::uint64_t reboots = 0;
    std::uint64_t writes = 0;
    int most_calls_an_hour = 0;

    void add(const trial::Outcome& outcome) {
        ++trials;
        hours += std::chrono::duration<double, std::ratio<3600>>(outcome.simulated).count();
        events += outcome.events;
        calls += outcome.calls;
        kills += outcome.kills;
        reboots += outcome.reboots;
        writes += outcome.writes;
        most_calls_an_hour = std::max(most_calls_an_hour, outcome.most_calls_an_hour);
    }
};

void show(const Sum& sum, double seconds, int violations) {
    std::printf(
        "%llu trials, %.1f simulated hours in %.2f s: %.0f hours a second\n"
        "limits sent %llu, at most %d an hour to one charger; server killed %llu times, "
        "chargers rebooted %llu times, %llu writes acknowledged\n"
        "violations %d\n",
        static_cast<unsigned long long>(sum.trials), sum.hours, seconds, sum.hours / seconds,
        static_cast<unsigned long long>(sum.calls), sum.most_calls_an_hour,
        static_cast<unsigned long long>(sum.kills), static_cast<unsigned long long>(sum.reboots),
        static_cast<unsigned long long>(sum.writes), violations);
}

// At most a hundred lines while many seeds run: hours of silence look like a program that hangs.
void show_progress(std::uint64_t seed, const Seeds& seeds) {
    constexpr std::uint64_t kLines = 100;
    const auto every = (seeds.second - seeds.first) / kLines + 1;
    if ((seed - seeds.first + 1) % every != 0) return;
    std::fprintf(stderr, "seed %llu of %llu..%llu held\n", static_cast<unsigned long long>(seed),
                 static_cast<unsigned long long>(seeds.first),
                 static_cast<unsigned long long>(seeds.second));
}

}  // namespace

std::optional<std::uint64_t> parse_seed(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return {};
    return value;
}

int check_trials(const TrialCheck& options) {
    const auto seeds = options.seeds.empty() ? Seeds{options.seed, options.seed}
                                             : parse_seeds(options.seeds).value_or(Seeds{1, 0});
    if (seeds.first > seeds.second) {
        complain({Errc::kInvalid,
                  "must be two whole numbers below 2^64 such as 1..100, the smaller first",
                  "--seeds"});
        return kWrongUse;
    }
    if (options.ocpp != "1.6" && (options.wire != "bytes" || options.ocpp != "2.0.1"))
        return complain(
            {Errc::kInvalid, "with --check must be 1.6, or 2.0.1 with --wire bytes", "--ocpp"});
    log::configure(log::Level::kOff, log::Format::kConsole);
    const auto begun = real_clock().steady();
    Sum sum;
    int violations = 0;
    for (auto seed = seeds.first;; ++seed) {
        trial::Trial trial{
            .seed = seed, .chargers = options.chargers, .span = std::chrono::hours{options.hours}};
        if (options.wire == "bytes")
            trial.wire = trial::over_bytes(
                seed, options.ocpp == "2.0.1" ? sim::Version::k201 : sim::Version::k16);
        const auto outcome = trial::run_trial(trial);
        sum.add(outcome);
        if (outcome.violation) {
            ++violations;
            std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed),
                        outcome.violation->c_str());
            break;
        }
        if (options.seeds.empty())
            std::printf("seed %llu: trace %016llx\n", static_cast<unsigned long long>(seed),
                        static_cast<unsigned long long>(outcome.hash));
        if (seed == seeds.second) break;
        show_progress(seed, seeds);
    }
    const std::chrono::duration<double> took = real_clock().steady() - begun;
    show(sum, took.count(), violations);
    return violations == 0 ? 0 : kRefused;
}

}  // namespace busbar::app
