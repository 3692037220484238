#include "trial/trace.hpp"

#include <array>
#include <cstdio>
#include <cstring>

namespace busbar::trial {
namespace {

constexpr std::size_t kKept = 160;

}  // namespace

// FNV-1a.
void Trace::mix(std::string_view bytes) {
    for (const char byte : bytes) {
        hash_ ^= static_cast<unsigned char>(byte);
        hash_ *= 0x100000001b3U;
    }
}

void Trace::mix(std::int64_t number) {
    hash_ = (hash_ ^ static_cast<std::uint64_t>(number)) * 0x9e3779b97f4a7c15U;
    hash_ ^= hash_ >> 29U;
}

void Trace::add(Event event) {
    mix(event.at.time_since_epoch().count());
    mix(event.who);
    mix(event.what);
    mix(event.detail);
    if (event.has_amount) mix(event.amount.in_milli());
    ++count_;
    events_.push_back(std::move(event));
    if (events_.size() > kKept) events_.pop_front();
}

void Trace::note(SteadyPoint at, int who, const char* what, std::string detail) {
    add({at, who, what, std::move(detail), {}, false});
}

void Trace::note(SteadyPoint at, int who, const char* what, Amperes amount) {
    add({at, who, what, {}, amount, true});
}

std::string since(SteadyPoint start, SteadyPoint at) {
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(at - start).count();
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "%dd %02d:%02d:%02d.%03d",
                  static_cast<int>(ms / 86'400'000), static_cast<int>(ms / 3'600'000 % 24),
                  static_cast<int>(ms / 60'000 % 60), static_cast<int>(ms / 1'000 % 60),
                  static_cast<int>(ms % 1'000));
    return text.data();
}

std::string Trace::last(SteadyPoint start) const {
    std::string text;
    for (const auto& event : events_) {
        text += since(start, event.at) + "  ";
        text += event.who == kSite ? "site" : names_[static_cast<std::size_t>(event.who)];
        text += std::string(" ") + event.what;
        if (event.has_amount) text += " " + decimal(event.amount.in_milli()) + " A";
        if (!event.detail.empty()) text += " " + event.detail;
        text += '\n';
    }
    return text;
}

}  // namespace busbar::trial
