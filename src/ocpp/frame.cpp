#include "ocpp/frame.hpp"

#include <boost/json/parse.hpp>
#include <cmath>
#include <vector>

#include "base/json_writer.hpp"
#include "ocpp/text.hpp"

namespace busbar::ocpp {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDescription = 255;

// What Boost.JSON's tree no longer shows: where the elements of the outermost array stand in the
// text, and how many members all objects were written with.
struct Outline {
    std::vector<std::string_view> elements;
    std::size_t members = 0;
};

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const auto first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// Requires: `text` is valid JSON, an array outermost.
Outline outline_of(std::string_view text) {
    Outline outline;
    std::size_t depth = 0, begin = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"') {
            while (text[++i] != '"')
                if (text[i] == '\\') ++i;
        } else if (c == ':') {
            ++outline.members;
        } else if (c == '[' || c == '{') {
            if (++depth == 1) begin = i + 1;
        } else if (c == ']' || c == '}' || (c == ',' && depth == 1)) {
            if (depth == 1) {
                const auto element = trimmed(text.substr(begin, i - begin));
                if (!element.empty()) outline.elements.push_back(element);
                begin = i + 1;
            }
            if (c != ',') --depth;
        }
    }
    return outline;
}

// What the tree holds: members that survived, and whether every number is one.
struct Contents {
    std::size_t members = 0;
    bool finite = true;
};

void count(const json::value& value, Contents& contents) {
    if (const auto* object = value.if_object()) {
        contents.members += object->size();
        for (const auto& member : *object) count(member.value(), contents);
    } else if (const auto* array = value.if_array()) {
        for (const auto& element : *array) count(element, contents);
    } else if (const auto* number = value.if_double()) {
        contents.finite = contents.finite && std::isfinite(*number);
    }
}

// Why the payload cannot be used, if so.
std::optional<CallError> defect_of(const json::array& frame, const Outline& outline) {
    Contents contents;
    for (const auto& element : frame) count(element, contents);
    if (contents.members != outline.members)
        return CallError{ErrorCode::kFormationViolation, "an object has the same key twice"};
    if (!contents.finite)
        return CallError{ErrorCode::kPropertyConstraintViolation, "a number is too large"};
    return {};
}

Frame parse_call(json::array& frame, std::string id, std::optional<CallError> defect) {
    if (frame.size() != 4)
        defect = {ErrorCode::kFormationViolation, "a call is [2, id, action, payload]"};
    else if (!frame[2].is_string())
        defect = {ErrorCode::kFormationViolation, "the action is not a string"};
    else if (!frame[3].is_object())
        defect = {ErrorCode::kFormationViolation, "the payload is not an object"};
    if (defect) return BadCallFrame{std::move(id), *std::move(defect)};
    return CallFrame{std::move(id), std::string(frame[2].get_string()),
                     std::move(frame[3].get_object())};
}

Frame parse_result(json::array& frame, std::string id, bool usable, const Outline& outline) {
    ResultFrame result{std::move(id), {}, {}};
    if (usable && frame.size() == 3 && frame[2].is_object()) {
        result.payload = std::move(frame[2].get_object());
        result.payload_text = std::string(outline.elements[2]);
    }
    return result;
}

Frame parse_error(const json::array& frame, std::string id) {
    const auto text_at = [&](std::size_t index) {
        const bool there = index < frame.size() && frame[index].is_string();
        return there ? std::string(frame[index].get_string()) : std::string();
    };
    return ErrorFrame{std::move(id), text_at(2), text_at(3)};
}

Error malformed(std::string why) {
    return {Errc::kMalformed, std::move(why)};
}

std::string joined(std::initializer_list<std::string_view> parts) {
    std::size_t size = 0;
    for (const auto part : parts) size += part.size();
    std::string out;
    out.reserve(size);
    for (const auto part : parts) out += part;
    return out;
}

}  // namespace

Result<Frame> parse_frame(std::string_view text) {
    json::parse_options options;
    options.max_depth = kMaxDepth;
    boost::system::error_code failed;
    auto value = json::parse(text, failed, {}, options);
    if (failed) return malformed("not JSON: " + failed.message());
    auto* frame = value.if_array();
    if (frame == nullptr || frame->size() < 2) return malformed("not an array of type, id, ...");
    const auto outline = outline_of(text);
    const auto& id = (*frame)[1];
    if (!id.is_string() && !id.is_number()) return malformed("the id is no string");
    if (outline.elements[1].size() > kMaxIdBytes) return malformed("the id is too long");
    if (!(*frame)[0].is_int64()) return malformed("the message type is no number");
    const auto type = (*frame)[0].get_int64();
    auto defect = defect_of(*frame, outline);
    const bool usable = !defect.has_value();
    std::string token(outline.elements[1]);
    if (type == 2) return parse_call(*frame, std::move(token), std::move(defect));
    if (type == 3) return parse_result(*frame, std::move(token), usable, outline);
    if (type == 4) return parse_error(*frame, std::move(token));
    if (type == 5) {
        auto error = std::get<ErrorFrame>(parse_error(*frame, std::move(token)));
        return Frame(UselessResultFrame{std::move(error.id), std::move(error.code)});
    }
    if (type == 6) {
        auto call = parse_call(*frame, std::move(token), std::move(defect));
        if (auto* good = std::get_if<CallFrame>(&call))
            return Frame(SendFrame{std::move(good->action), std::move(good->payload)});
        return malformed("a message without an answer that cannot be read");
    }
    return malformed("no message type of OCPP");
}

std::string call_frame(std::string_view id, std::string_view action, std::string_view payload) {
    return joined({"[2,", id, ",\"", action, "\",", payload, "]"});
}

std::string result_frame(std::string_view id, std::string_view payload) {
    return joined({"[3,", id, ",", payload, "]"});
}

std::string error_frame(std::string_view id, const CallError& error, Version version) {
    return joined({"[4,", id, ",\"", spelled(error.code, version), "\",",
                   json_string(first_characters(error.description, kMaxDescription)), ",{}]"});
}

std::string malformed_frame(std::string_view why) {
    return joined({R"([4,"-1","RpcFrameworkError",)",
                   json_string(first_characters(why, kMaxDescription)), ",{}]"});
}

}  // namespace busbar::ocpp
