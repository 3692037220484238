// Whatever bytes a charger sends: they are read, taken and answered, or refused, and every answer
// is a frame that we can read ourselves, with the id that was asked under.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.hpp"
#include "base/strand.hpp"
#include "ocpp/action.hpp"
#include "ocpp/dialect.hpp"
#include "ocpp/frame.hpp"
#include "ocpp/frame_log.hpp"

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
    void transaction(const ChargerId&, TransactionEvent,
                     control::Callback<StartReply> reply) override {
        reply(StartReply{});
    }
};

const auto kVersions = {ocpp::Version::k16, ocpp::Version::k201, ocpp::Version::k21};

void check_answer(const std::string& id, const ocpp::Answer& answer, ocpp::Version version) {
    const auto* error = std::get_if<ocpp::CallError>(&answer);
    const auto frame = error != nullptr
                           ? ocpp::parse_frame(ocpp::error_frame(id, *error, version))
                           : ocpp::parse_frame(ocpp::result_frame(id, std::get<0>(answer)));
    BUSBAR_CHECK(frame);
    if (error != nullptr) {
        BUSBAR_CHECK(std::get<ocpp::ErrorFrame>(*frame).id == id);
    } else {
        BUSBAR_CHECK(std::get<ocpp::ResultFrame>(*frame).id == id);
        BUSBAR_CHECK(std::get<ocpp::ResultFrame>(*frame).payload);
    }
}

void take(const ocpp::CallFrame& call, ocpp::Version version) {
    static const ChargerId charger("CP-1");
    static Agreeable events;
    static const ManualClock clock{*parse_time("2026-02-10T12:00:00Z")};
    static ocpp::Memory memory;  // Goes on from frame to frame, as a connection's does.
    const auto* message = ocpp::find_message(version, call.action);
    const auto* action = ocpp::dialect_of(version).find_action(call.action);
    if (message == nullptr) return;
    for (const auto extras : {ocpp::Extras::kRefuse, ocpp::Extras::kIgnore}) {
        if (const auto wrong = ocpp::check(call.payload, message->request, extras)) {
            check_answer(call.id, *wrong, version);
            continue;
        }
        if (action == nullptr) continue;
        const std::function<std::function<void(ocpp::Answer)>()> later = [&] {
            return [&](const ocpp::Answer& answer) { check_answer(call.id, answer, version); };
        };
        const std::function<std::function<void(Registration)>()> registered = [] {
            return [](Registration status) { memory.registration = status; };
        };
        const auto answer =
            action->take(call.payload, {charger, events, clock, later, memory, registered});
        if (answer) check_answer(call.id, *answer, version);
    }
}

void understand(const ocpp::ResultFrame& result, ocpp::Version version) {
    if (!result.payload) return;
    for (const auto& command :
         {Command{SetLimit{}}, Command{ClearLimit{}}, Command{GetCompositeLimit{}},
          Command{GetConfiguration{}}, Command{ChangeConfiguration{}}, Command{TriggerMessage{}},
          Command{RemoteStop{}}, Command{ChangeAvailability{}}, Command{Reset{}}})
        (void)ocpp::dialect_of(version).meaning_of(command, *result.payload, result.payload_text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)ocpp::without_secrets(text);
    const auto frame = ocpp::parse_frame(text);
    if (!frame) {
        BUSBAR_CHECK(ocpp::parse_frame(ocpp::malformed_frame(frame.error().message)));
        return 0;
    }
    for (const auto version : kVersions) {
        if (const auto* call = std::get_if<ocpp::CallFrame>(&*frame)) take(*call, version);
        if (const auto* bad = std::get_if<ocpp::BadCallFrame>(&*frame))
            check_answer(bad->id, bad->error, version);
        if (const auto* result = std::get_if<ocpp::ResultFrame>(&*frame))
            understand(*result, version);
    }
    if (const auto* error = std::get_if<ocpp::ErrorFrame>(&*frame))
        (void)ocpp::meaning_of_error(error->code, error->description);
    return 0;
}
