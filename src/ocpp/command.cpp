#include "ocpp/command.hpp"

#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>

#include "ocpp/call_error.hpp"
#include "ocpp/messages.hpp"
#include "ocpp/schema.hpp"

namespace busbar::ocpp {

Question question_for(const Command& command) {
    return std::visit([](const auto& kind) { return ask(kind); }, command);
}

std::optional<CallError> defect_of(const Question& question, Version version) {
    const auto* message = find_message(version, question.action);
    if (message == nullptr) return CallError{ErrorCode::kNotImplemented, "no such action"};
    // On the stack: this stands between a decision and the socket.
    std::array<unsigned char, 8 * 1024> memory;
    boost::json::monotonic_resource resource(memory.data(), memory.size());
    boost::system::error_code failed;
    const auto payload = boost::json::parse(question.payload, failed, &resource);
    if (failed || !payload.is_object())
        return CallError{ErrorCode::kFormationViolation, "the payload is no object"};
    return check(payload.get_object(), message->request, Extras::kRefuse);
}

CallResult meaning_of(const Command& command, const boost::json::object& payload,
                      std::string_view text) {
    return std::visit([&](const auto& kind) { return understand(kind, payload, text); }, command);
}

CallResult meaning_of_error(std::string_view code, std::string_view description) {
    const auto known = parse_error_code(code);
    const bool unable = known == ErrorCode::kNotImplemented || known == ErrorCode::kNotSupported;
    CallResult result;
    result.outcome = unable ? CallOutcome::kNotSupported : CallOutcome::kRejected;
    result.detail = std::string(code);
    if (!description.empty()) result.detail += ": " + std::string(description);
    return result;
}

CallResult by_status(const boost::json::object& payload, std::initializer_list<StatusWord> words) {
    CallResult result;
    const auto status = text_at(payload, "status");
    for (const auto& [word, outcome] : words)
        if (word == status) {
            result.outcome = outcome;
            result.detail = std::string(status);
            return result;
        }
    result.outcome = CallOutcome::kUnanswered;
    result.detail = "the answer has no status that OCPP knows";
    return result;
}

}  // namespace busbar::ocpp
