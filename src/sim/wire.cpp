#include "sim/wire.hpp"

namespace busbar::sim {
namespace {

constexpr std::size_t kDeepest = 32;

}  // namespace

Result<Frame> read_frame(std::string_view text) {
    const Error malformed{Errc::kMalformed, "is not an OCPP-J frame"};
    if (text.size() > kMaxFrameBytes) return Error{Errc::kTooLarge, "frame is too large"};
    json::parse_options options;
    options.max_depth = kDeepest;
    json::error_code failed;
    const auto value =
        json::parse(json::string_view{text.data(), text.size()}, failed, {}, options);
    if (failed || !value.is_array()) return malformed;
    const auto& parts = value.get_array();
    const auto is_text = [&](std::size_t at) { return at < parts.size() && parts[at].is_string(); };
    const auto is_object = [&](std::size_t at) {
        return at < parts.size() && parts[at].is_object();
    };
    const auto text_at = [&](std::size_t at) {
        const auto& string = parts[at].get_string();
        return std::string(string.data(), string.size());
    };
    if (parts.empty() || !is_text(1)) return malformed;
    const auto type = integral(parts[0]).value_or(0);
    if (type == 2 && parts.size() == 4 && is_text(2) && is_object(3))
        return Frame{Call{text_at(1), text_at(2), parts[3].get_object()}};
    if (type == 3 && parts.size() == 3 && is_object(2))
        return Frame{CallAnswer{text_at(1), parts[2].get_object()}};
    if (type == 4 && parts.size() >= 4 && is_text(2) && is_text(3))
        return Frame{CallRefusal{text_at(1), text_at(2), text_at(3)}};
    return malformed;
}

std::string write_call(std::string_view id, std::string_view action, json::object payload) {
    json::array frame;
    frame.emplace_back(2);
    frame.emplace_back(id);
    frame.emplace_back(action);
    frame.emplace_back(std::move(payload));
    return json::serialize(frame);
}

std::string write_answer(std::string_view id, json::object payload) {
    json::array frame;
    frame.emplace_back(3);
    frame.emplace_back(id);
    frame.emplace_back(std::move(payload));
    return json::serialize(frame);
}

std::string write_refusal(std::string_view id, std::string_view code, std::string_view why) {
    json::array frame;
    frame.emplace_back(4);
    frame.emplace_back(id);
    frame.emplace_back(code);
    frame.emplace_back(why);
    frame.emplace_back(json::object{});
    return json::serialize(frame);
}

}  // namespace busbar::sim
