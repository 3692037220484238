#include "ocpp/command.hpp"

#include "ocpp/call_error.hpp"
#include "ocpp/schema.hpp"

namespace busbar::ocpp {

Question question_for(const Command& command) {
    return std::visit([](const auto& kind) { return ask(kind); }, command);
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
