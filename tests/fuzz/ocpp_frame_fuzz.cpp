// Whatever bytes a charger sends: they are read, taken and answered, or refused, and every answer
// is a frame that we can read ourselves, with the id that was asked under.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.hpp"
#include "base/strand.hpp"
#include "ocpp/action.hpp"
#include "ocpp/command.hpp"
#include "ocpp/frame.hpp"
#include "ocpp/messages.hpp"

namespace {

using namespace busbar;

// Answers at once, which is enough to see every answer being written.
class Agreeable final : public control::ChargerEvents {
public:
    void connected(const ChargerId&, std::int64_t) override {}
    void disconnected(const ChargerId&, std::int64_t) override {}
    void boot(const ChargerId&, BootInfo, std::function<void(BootReply)> reply) override {
        reply({});
    }
    void status(const ChargerId&, StatusReport) override {}
    void authorize(const ChargerId&, std::string,
                   std::function<void(Authorization)> reply) override {
        reply(Authorization::kInvalid);
    }
    void start(const ChargerId&, StartRequest, control::Callback<StartReply> reply) override {
        reply(StartReply{});
    }
    void stop(const ChargerId&, StopRequest, control::Callback<Done> reply) override {
        reply(Done{});
    }
    void meter(const ChargerId&, MeterReport) override {}
    void told_time(const ChargerId&, TimePoint) override {}
};

void check_answer(const std::string& id, const ocpp::Answer& answer) {
    const auto* error = std::get_if<ocpp::CallError>(&answer);
    const auto frame = error != nullptr
                           ? ocpp::parse_frame(ocpp::error_frame(id, *error))
                           : ocpp::parse_frame(ocpp::result_frame(id, std::get<0>(answer)));
    BUSBAR_CHECK(frame);
    if (error != nullptr) {
        BUSBAR_CHECK(std::get<ocpp::ErrorFrame>(*frame).id == id);
    } else {
        BUSBAR_CHECK(std::get<ocpp::ResultFrame>(*frame).id == id);
        BUSBAR_CHECK(std::get<ocpp::ResultFrame>(*frame).payload);
    }
}

void take(const ocpp::CallFrame& call) {
    static const ChargerId charger("CP-1");
    static Agreeable events;
    static const ManualClock clock{*parse_time("2026-02-10T12:00:00Z")};
    for (const auto version : {ocpp::Version::k16, ocpp::Version::k201, ocpp::Version::k21})
        if (const auto* message = ocpp::find_message(version, call.action))
            if (const auto wrong =
                    ocpp::check(call.payload, message->request, ocpp::Extras::kRefuse))
                check_answer(call.id, *wrong);
    const auto* message = ocpp::find_message(ocpp::Version::k16, call.action);
    const auto* action = ocpp::find_action(call.action);
    if (message == nullptr || action == nullptr) return;
    for (const auto extras : {ocpp::Extras::kRefuse, ocpp::Extras::kIgnore}) {
        if (const auto wrong = ocpp::check(call.payload, message->request, extras)) {
            check_answer(call.id, *wrong);
            continue;
        }
        const std::function<std::function<void(ocpp::Answer)>()> later = [&] {
            return [&](const ocpp::Answer& answer) { check_answer(call.id, answer); };
        };
        const auto answer = action->take(call.payload, {charger, events, clock, later});
        if (answer) check_answer(call.id, *answer);
    }
}

void understand(const ocpp::ResultFrame& result) {
    if (!result.payload) return;
    for (const auto& command :
         {Command{SetLimit{}}, Command{ClearLimit{}}, Command{GetCompositeLimit{}},
          Command{GetConfiguration{}}, Command{ChangeConfiguration{}}, Command{TriggerMessage{}}})
        (void)ocpp::meaning_of(command, *result.payload, result.payload_text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto frame = ocpp::parse_frame({reinterpret_cast<const char*>(data), size});
    if (!frame) return 0;
    if (const auto* call = std::get_if<ocpp::CallFrame>(&*frame)) take(*call);
    if (const auto* bad = std::get_if<ocpp::BadCallFrame>(&*frame))
        check_answer(bad->id, bad->error);
    if (const auto* result = std::get_if<ocpp::ResultFrame>(&*frame)) understand(*result);
    if (const auto* error = std::get_if<ocpp::ErrorFrame>(&*frame))
        (void)ocpp::meaning_of_error(error->code, error->description);
    return 0;
}
