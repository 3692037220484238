// A station on a bench, for tests: virtual time, and the test in the place of the CSMS.
#pragma once

#include <gtest/gtest.h>

#include <deque>

#include "sim/station.hpp"

namespace busbar::sim {

using namespace std::chrono_literals;

inline ChargerSetup plain_charger() {
    return {.id = ChargerId{"CP-1"}};
}

inline VehicleSpec eager_car() {
    VehicleSpec car;
    car.id_tag = "CARD-9";
    car.maximum = 32_A;
    car.ramp_per_second = 100'000_A;
    car.lag_most = 0s;
    return car;
}

inline json::object parsed(std::string_view text) {
    return json::parse(json::string_view{text.data(), text.size()}).as_object();
}

class StationBench : public testing::Test {
protected:
    explicit StationBench(ChargerSetup setup = plain_charger(), StationOptions options = {})
        : station_(std::move(setup), options, clock_, strand_,
                   {.send = [this](std::string frame) { take(*read_frame(frame)); },
                    .hang_up = [this] { ++hang_ups_; },
                    .changed = [] {}}) {}

    void take(Frame frame) {
        if (auto* call = std::get_if<Call>(&frame))
            calls_.push_back(std::move(*call));
        else if (auto* answer = std::get_if<CallAnswer>(&frame))
            answers_.push_back(std::move(*answer));
        else
            refusals_.push_back(std::move(std::get<CallRefusal>(frame)));
    }

    void pass(Duration time) {
        for (; time > 0us; time -= 100ms) {
            strand_.run_for(100ms);
            station_.tick();
        }
    }

    // What the station asks next, reports of its status apart; it must be `action`.
    Call expect_call(std::string_view action) {
        if (action != "StatusNotification") drain("StatusNotification");
        if (calls_.empty()) {
            ADD_FAILURE() << "no call where " << action << " was expected";
            return {};
        }
        auto call = calls_.front();
        calls_.pop_front();
        EXPECT_EQ(call.action, action);
        return call;
    }

    void answer(const Call& call, std::string_view payload) {
        station_.receive(write_answer(call.id, parsed(payload)));
    }
    void serve(std::string_view action, std::string_view payload = "{}") {
        answer(expect_call(action), payload);
    }

    // Answers reports of one kind for as long as they come.
    void drain(std::string_view action) {
        while (!calls_.empty() && calls_.front().action == action) {
            const auto call = calls_.front();
            calls_.pop_front();
            answer(call, "{}");
        }
    }

    // Asks the station; empty if it does not answer.
    std::string ask(std::string_view action, std::string_view payload) {
        const auto before = answers_.size();
        station_.receive(write_call("ask", action, parsed(payload)));
        if (answers_.size() == before) return {};
        const auto* status = answers_.back().payload.if_contains("status");
        return status == nullptr ? json::serialize(answers_.back().payload)
                                 : std::string(status->as_string().c_str());
    }

    ManualClock clock_{*parse_time("2026-02-10T12:00:00Z")};
    ManualStrand strand_{clock_};
    std::deque<Call> calls_;
    std::vector<CallAnswer> answers_;
    std::vector<CallRefusal> refusals_;
    int hang_ups_ = 0;
    Station station_;
};

}  // namespace busbar::sim
