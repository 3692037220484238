#include <algorithm>
#include <deque>
#include <utility>

#include "ledger/model_check.hpp"

namespace busbar::model {
namespace {

// Which states were visited: open addressing, at most two thirds full.
class Visited {
public:
    Visited() : slots_(std::size_t{1} << 16) {}

    bool insert(std::uint64_t hash) {
        if (size_ * 3 >= slots_.size() * 2) grow();
        return put(hash);
    }

private:
    bool put(std::uint64_t hash) {
        auto i = hash & (slots_.size() - 1);
        for (; slots_[i] != 0; i = (i + 1) & (slots_.size() - 1))
            if (slots_[i] == hash) return false;
        slots_[i] = hash;
        ++size_;
        return true;
    }
    void grow() {
        auto old = std::exchange(slots_, std::vector<std::uint64_t>(slots_.size() * 2));
        size_ = 0;
        for (const auto hash : old)
            if (hash != 0) put(hash);
    }

    std::vector<std::uint64_t> slots_;
    std::size_t size_ = 0;
};

// How a state was come to: from which, and by what.
struct Step {
    std::uint32_t from;
    Action by;
};

std::vector<std::string> trace_to(const Scope& scope, const std::vector<Step>& steps,
                                  std::size_t last) {
    std::vector<Action> path;
    for (auto i = last; i != 0; i = steps[i].from) path.push_back(steps[i].by);
    std::ranges::reverse(path);
    World world(scope);
    std::vector<std::string> out;
    for (const auto& action : path) {
        auto line = std::to_string(out.size() + 1) + ". " + world.describe(action);
        world.take(action);
        line.resize(std::max(line.size() + 1, std::size_t{58}), ' ');
        out.push_back(line + world.standing());
    }
    return out;
}

}  // namespace

Outcome explore(const Scope& scope) {
    Outcome out;
    Visited visited;
    std::vector<Step> steps{{}};
    std::deque<World> waiting;
    waiting.emplace_back(scope);
    visited.insert(waiting.front().hash());
    std::vector<Action> actions;
    for (std::uint32_t at = 0; !waiting.empty(); ++at) {
        if (scope.most_states != 0 && steps.size() >= scope.most_states) break;
        const auto world = std::move(waiting.front());
        waiting.pop_front();
        world.list(actions);
        for (const auto& action : actions) {
            auto next = world;
            next.take(action);
            ++out.transitions;
            if (!visited.insert(next.hash())) continue;
            steps.push_back({at, action});
            if (auto wrong = next.wrong()) {
                out.wrong = std::move(wrong);
                out.states = steps.size();
                out.trace = trace_to(scope, steps, steps.size() - 1);
                return out;
            }
            waiting.push_back(std::move(next));
        }
    }
    out.states = steps.size();
    out.complete = waiting.empty();
    return out;
}

}  // namespace busbar::model
