// Whether a charger that answers late or never costs its neighbours anything: the same writes,
// measured by turns on two like servers in one process, so that whatever else the machine does
// meets both alike.
#include <array>

#include "app/bench.hpp"
#include "app/bench_rig.hpp"

namespace busbar::app {
namespace {

using namespace std::chrono_literals;

constexpr int kOdd = 2;           // Chargers beside the well-behaved ones.
constexpr int kWritesATurn = 51;  // A multiple of the three operations.
constexpr auto kLateBy = 29s;     // A second short of what a charger is given.

class Neighbourhood {
public:
    Neighbourhood(std::unique_ptr<BenchRig> rig, int well_behaved)
        : rig_(std::move(rig)), well_behaved_(well_behaved) {}

    // One never answers, one late; both do as they are asked.
    Status make_odd() {
        const sim::Behaviour never{.answering = sim::Answering::kNever};
        const sim::Behaviour late{.answering = sim::Answering::kLate, .late_by = kLateBy};
        BUSBAR_TRY(silenced, rig_->fleet().set_behaviour(odd(0), never));
        (void)silenced;
        return rig_->fleet().set_behaviour(odd(1), late);
    }

    // Caps on the two, so that there is something for them to answer.
    Status cap_the_two() {
        for (auto i = 0; i < kOdd; ++i) {
            BUSBAR_TRY(id, rig_->write("a cap on the odd", "POST", "/api/v1/rules",
                                       R"({"kind":"cap","limitA":20,"select":{"charger":")" +
                                           odd(i) + R"("}})"));
            caps_[static_cast<std::size_t>(i)] = id;
        }
        return Done{};
    }

    // A turn of writes about the others. The two get a new value before, and one write, which is
    // not counted, lets what that causes pass.
    Status measure(int turn, int writes) {
        for (const auto& cap : caps_) {
            BUSBAR_TRY(changed,
                       rig_->write("a new value for the odd", "PATCH", "/api/v1/rules/" + cap,
                                   R"({"limitA":)" + std::to_string(10 + turn % 20) + "}"));
            (void)changed;
        }
        for (int i = 0; i < writes; ++i) {
            BUSBAR_TRY(done, next_write());
            if (i == 0) continue;
            to_socket_.push_back(done.to_socket_ms);
            to_ack_.push_back(done.to_ack_ms);
        }
        return Done{};
    }

    BenchRow row(std::string name, std::string note) const {
        return {.name = std::move(name),
                .store = kBenchStore,
                .times = summarise(to_socket_),
                .ack = summarise(to_ack_),
                .note = std::move(note)};
    }

private:
    std::string odd(int which) const { return BenchRig::charger(well_behaved_ + 1 + which); }

    // Adds a cap, changes it, deletes it; then the same with the next charger.
    Result<BenchRig::Timed> next_write() {
        const auto charger = BenchRig::charger(done_ / 3 % well_behaved_ + 1);
        const auto step = done_++ % 3;
        if (step == 0) {
            BUSBAR_TRY(added, rig_->timed("add-cap", charger, "POST", "/api/v1/rules",
                                          R"({"kind":"cap","limitA":10,"select":{"charger":")" +
                                              charger + R"("}})"));
            rule_ = "/api/v1/rules/" + added.id;
            return std::move(added);
        }
        if (step == 1)
            return rig_->timed("patch-value", charger, "PATCH", rule_, R"({"limitA":12})");
        return rig_->timed("delete-cap", charger, "DELETE", rule_, "");
    }

    std::unique_ptr<BenchRig> rig_;
    int well_behaved_;
    int done_ = 0;
    std::string rule_;  // Of the cap that is being added, changed and deleted.
    std::array<std::string, kOdd> caps_;
    std::vector<double> to_socket_, to_ack_;
};

}  // namespace

Result<std::vector<BenchRow>> bench_neighbours(const NeighboursBench& options) {
    BUSBAR_TRY(quiet_rig, BenchRig::start(options.chargers + kOdd));
    Neighbourhood quiet(std::move(quiet_rig), options.chargers);
    BUSBAR_TRY(odd_rig, BenchRig::start(options.chargers + kOdd));
    Neighbourhood odd(std::move(odd_rig), options.chargers);
    BUSBAR_TRY(odd_now, odd.make_odd());
    (void)odd_now;
    for (auto* side : {&quiet, &odd}) {
        BUSBAR_TRY(capped, side->cap_the_two());
        (void)capped;
    }
    for (int turn = 0, left = options.rounds; left > 0; ++turn, left -= kWritesATurn) {
        // Now one goes first, now the other.
        const std::array sides{turn % 2 == 0 ? &quiet : &odd, turn % 2 == 0 ? &odd : &quiet};
        for (auto* side : sides) {
            BUSBAR_TRY(measured, side->measure(turn, std::min(left, kWritesATurn) + 1));
            (void)measured;
        }
    }
    std::vector<BenchRow> rows{
        quiet.row("neighbours-quiet", "all chargers of the site answer at once"),
        odd.row("neighbours-odd", "one of the site never answers, one after 29 s")};
    rows[1].p99_ratio = rows[1].times.p99 / rows[0].times.p99;
    return rows;
}

}  // namespace busbar::app
