// For tests: a Conversation between a charger of any version and a FakeChargers.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ocpp/conversation.hpp"
#include "ocpp/fake_chargers.hpp"
#include "ocpp/frame.hpp"
#include "ocpp/messages.hpp"

namespace busbar::ocpp {

class FakeOutlet final : public Outlet {
public:
    std::vector<std::string> sent;
    std::string closed;
    int made_room = 0;
    bool stuck = false;  // The socket takes nothing.

    void send(std::string frame, std::function<void()> started) override {
        if (stuck) return;
        sent.push_back(std::move(frame));
        if (started) started();
    }
    void close(std::string reason) override { closed = std::move(reason); }
    void has_room() override { ++made_room; }
};

// One charger at a table: what it says goes in, what it hears is in outlet.sent. Whatever is said
// to it has to follow the documents of its version.
struct Table {
    explicit Table(Version spoken = Version::k16) : version(spoken) {}

    const Version version;
    ManualClock clock{*parse_time("2026-02-10T12:00:00Z")};
    std::shared_ptr<ManualStrand> strand = std::make_shared<ManualStrand>(clock);
    FakeChargers chargers;
    FakeOutlet outlet;
    GatewayObserver observer;
    ConversationOptions options;
    std::shared_ptr<Conversation> talk = std::make_shared<Conversation>(
        ChargerId("CP-1"), version, "1-", options, chargers, strand, clock, outlet, observer);
    std::vector<CallResult> results;
    int frames_sent = 0;

    // What is heard in answer to one message, all frames joined.
    std::string hear(std::string_view text) {
        outlet.sent.clear();
        if (const auto asked = parse_frame(text); asked)
            if (const auto* call = std::get_if<CallFrame>(&*asked)) asked_[call->id] = call->action;
        talk->receive(text);
        strand->run();
        std::string heard;
        for (const auto& frame : outlet.sent) {
            must_follow(frame);
            heard += frame;
        }
        return heard;
    }
    void call(Command command) {
        strand->post([this, command = std::move(command)] {
            talk->call(
                command, [this](SteadyPoint) { ++frames_sent; },
                [this](CallResult result) { results.push_back(std::move(result)); });
        });
        strand->run();
    }

private:
    void must_follow(const std::string& text) {
        const auto frame = parse_frame(text);
        ASSERT_TRUE(frame) << text;
        std::optional<CallError> wrong;
        if (const auto* call = std::get_if<CallFrame>(&*frame)) {
            const auto* message = find_message(version, call->action);
            ASSERT_NE(message, nullptr) << text;
            wrong = check(call->payload, message->request, Extras::kRefuse);
        } else if (const auto* result = std::get_if<ResultFrame>(&*frame)) {
            const auto* message = find_message(version, asked_[result->id]);
            ASSERT_TRUE(message && result->payload) << text;
            wrong = check(*result->payload, message->response, Extras::kRefuse);
        }
        EXPECT_FALSE(wrong) << text << ": " << wrong->description;
    }

    std::map<std::string, std::string> asked_;  // Actions, by the ids of its calls.
};

}  // namespace busbar::ocpp
