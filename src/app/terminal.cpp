#include "app/terminal.hpp"

#include <algorithm>
#include <cstdio>

#include "app/complaint.hpp"

namespace busbar::app {
namespace {

constexpr std::size_t kHappened = 6;
constexpr int kBarWidth = 24;
constexpr const char* kClear = "\x1b[H\x1b[2J";
constexpr const char* kBold = "\x1b[1m";
constexpr const char* kRed = "\x1b[31m";
constexpr const char* kGreen = "\x1b[32m";
constexpr const char* kPlain = "\x1b[0m";

std::string amps(Amperes amount) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f", static_cast<double>(amount.in_milli()) / 1000);
    return text;
}

std::string padded(std::string text, std::size_t width, bool right = false) {
    if (text.size() > width) text.resize(width);
    const std::string space(width - text.size(), ' ');
    return right ? space + text : text + space;
}

std::string bar(Amperes load, Amperes limit) {
    const auto full = std::max(limit, Amperes::milli(1)).in_milli();
    const auto filled = std::clamp<std::int64_t>(load.in_milli() * kBarWidth / full, 0, kBarWidth);
    std::string out;
    for (int i = 0; i < kBarWidth; ++i) out += i < filled ? "#" : ".";
    return (load > limit ? kRed : kGreen) + out + kPlain;
}

std::string ms(double time) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f ms", time);
    return text;
}

std::string clock_of(TimePoint now) {
    return format_time(now).substr(11, 8);
}

struct Counts {
    std::size_t online = 0, chargers = 0, charging = 0;
};

Counts count(const std::vector<control::SiteReport>& sites) {
    Counts out;
    for (const auto& site : sites) {
        out.chargers += site.chargers.size();
        for (const auto& charger : site.chargers) {
            out.online += charger.online;
            for (const auto& evse : charger.evses)
                out.charging += evse.status == ConnectorStatus::kCharging;
        }
    }
    return out;
}

void add_circuit(std::string& out, const control::CircuitReport& report) {
    for (const auto phase : kPhases) {
        out += "  " + padded(phase == Phase::kL1 ? report.circuit.id.str() : "", 12) + " " +
               std::string(to_string(phase)) + " " +
               bar(report.metered[phase], report.budget[phase]) + " " +
               padded(amps(report.metered[phase]), 6, true) + " A of " +
               padded(amps(report.budget[phase]), 6, true) + " A, may draw " +
               padded(amps(report.potential[phase]), 6, true) + " A\n";
    }
}

void add_charger(std::string& out, const control::ChargerReport& report, std::size_t columns) {
    for (const auto& evse : report.evses) {
        const auto applied = evse.applied ? amps(*evse.applied) : "?";
        const auto metered = evse.metered ? amps(*evse.metered) : "-";
        const auto reason = evse.reasons.empty() ? "" : to_sentence(evse.reasons.front());
        std::string line =
            "  " + padded(to_string(EvseId{report.charger.id, evse.number}), 10) + " " +
            padded(report.online ? std::string(to_string(evse.status)) : "offline", 13) + " " +
            padded(amps(evse.desired), 5, true) + " " + padded(applied, 5, true) + " " +
            padded(metered, 5, true) + "  " + reason;
        if (line.size() > columns) line.resize(columns);
        out += line + "\n";
    }
}

}  // namespace

void Terminal::watch(control::Feed& feed, const Clock& clock) {
    feed.subscribe([this, &clock](const control::FeedEvent& event) { note(event, clock.wall()); });
}

void Terminal::note(const control::FeedEvent& event, TimePoint now) {
    std::string text;
    if (const auto* sent = std::get_if<control::Dispatched>(&event)) {
        if (!sent->cause) return;
        const auto took =
            std::chrono::duration<double, std::milli>(sent->at - sent->cause->accepted_at);
        text = sent->charger.str() + " sent " + decimal(sent->limit.limit.in_milli()) + " A, " +
               ms(took.count()) + " after the write";
    } else if (const auto* link = std::get_if<control::ConnectionChanged>(&event)) {
        text = link->charger.str() + (link->online ? " connected" : " disconnected");
    } else if (const auto* car = std::get_if<control::TransactionChanged>(&event)) {
        text = car->transaction.evse.charger.str() +
               (car->transaction.stopped_at ? " finished charging" : " began to charge");
    } else if (const auto* raised = std::get_if<control::Alarm>(&event)) {
        text = "ALARM " + raised->subject + " " + raised->text;
    } else {
        return;
    }
    happened_.with([&](std::deque<std::string>& list) {
        list.push_back(clock_of(now) + " " + printable(text));
        if (list.size() > kHappened) list.pop_front();
    });
}

std::string Terminal::screen(const std::vector<control::SiteReport>& sites,
                             const DispatchTimes& times, TimePoint now, std::size_t columns) const {
    const auto counts = count(sites);
    std::string out = kClear;
    out += std::string(kBold) + "Busbar " + kPlain + address_ + "   " + clock_of(now) + "Z   " +
           std::to_string(counts.online) + " of " + std::to_string(counts.chargers) +
           " chargers connected, " + std::to_string(counts.charging) + " charging\n";
    out += "rule to socket: " + std::to_string(times.count) + " limits, p50 " + ms(times.p50_ms) +
           ", p99 " + ms(times.p99_ms) + ", max " + ms(times.max_ms) + "\n\n";
    for (const auto& site : sites) {
        for (const auto& circuit : site.circuits) add_circuit(out, circuit);
        out += std::string("\n") + kBold + "  charger    state         wish   has  draws  why" +
               kPlain + "\n";
        for (const auto& charger : site.chargers) add_charger(out, charger, columns);
    }
    out += "\n";
    happened_.with([&](const std::deque<std::string>& list) {
        for (const auto& text : list) out += "  " + text.substr(0, columns) + "\n";
    });
    return out + "\nCtrl-C stops.\n";
}

std::string Terminal::line(const std::vector<control::SiteReport>& sites,
                           const DispatchTimes& times) {
    const auto counts = count(sites);
    std::string out = std::to_string(counts.online) + "/" + std::to_string(counts.chargers) +
                      " chargers, " + std::to_string(counts.charging) + " charging";
    for (const auto& site : sites) {
        for (const auto& circuit : site.circuits) {
            if (circuit.circuit.parent) continue;
            out += "; " + circuit.circuit.id.str();
            for (const auto phase : kPhases)
                out += " " + std::string(to_string(phase)) + " " + amps(circuit.metered[phase]) +
                       "/" + amps(circuit.budget[phase]) + " A";
        }
    }
    return out + "; dispatch p99 " + ms(times.p99_ms);
}

}  // namespace busbar::app
