// What a trial's charger says and hears, in OCPP 1.6J or 2.0.1: the charger's half of the language,
// written apart from the server's.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "sim/profile_messages.hpp"
#include "sim/setup.hpp"
#include "sim/wire.hpp"
#include "trial/wire.hpp"

namespace busbar::trial {

struct Spoken {
    std::string_view action;
    sim::json::object payload;
    // With 2.0.1, of what begins a transaction: its number, which the charger gives itself.
    std::optional<TransactionId> begins = {};
};

// Of one charger, in the order in which it speaks. Knows no time and no network.
class ChargerSpeech {
public:
    virtual ~ChargerSpeech() = default;

    virtual Spoken in_words(const Said& said) = 0;

    // What the server's answer to this means. Fails with kMalformed if it is none.
    virtual Result<Answer> answer_in(std::string_view action, std::optional<TransactionId> begins,
                                     const sim::json::object& payload) const = 0;

    // What the server asks. Fails with kUnsupported for what no Command is, with kInvalid, naming
    // the field, for one that is not as OCPP wants it.
    virtual Result<Command> command_in(const sim::Call& call) const = 0;
};

// Requires: 1.6 or 2.0.1.
std::unique_ptr<ChargerSpeech> new_speech(sim::Version version);
std::unique_ptr<ChargerSpeech> new_speech_201();

// What the versions have in common.
Result<Answer> boot_answer(const sim::json::object& payload);
Result<Authorization> authorization_in(const sim::json::object& payload, std::string_view field);
Result<Command> set_limit(Result<sim::SetProfileRequest> request);
struct Unit {
    std::string_view measurand;
    std::string_view unit;
};
Unit unit_of(Measurand measurand);

// The charger's answer as a frame; empty where it gives none.
std::optional<std::string> reply_to(const sim::Call& call, const CallResult& result);

}  // namespace busbar::trial
