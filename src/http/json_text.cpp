#include "http/json_text.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>

#include "http/amount.hpp"

namespace busbar::http {
namespace {

constexpr std::size_t kMostDepth = 32;
constexpr std::size_t kMostValues = 4'096;
constexpr std::size_t kMostTextBytes = 1024 * 1024;

// What Boost.JSON's parser tells, put together as a tree.
class TreeBuilder {
public:
    static constexpr std::size_t max_object_size = 64;
    static constexpr std::size_t max_array_size = 1'024;
    static constexpr std::size_t max_key_size = kMostTextBytes;
    static constexpr std::size_t max_string_size = kMostTextBytes;

    using Text = boost::json::string_view;
    using Code = boost::json::error_code;

    Json root;
    std::optional<Error> failure;

    bool on_document_begin(Code&) { return true; }
    bool on_document_end(Code&) { return true; }
    bool on_object_begin(Code& code) { return open({std::vector<JsonMember>{}}, code); }
    bool on_array_begin(Code& code) { return open({std::vector<Json>{}}, code); }
    bool on_object_end(std::size_t, Code& code) { return close(code); }
    bool on_array_end(std::size_t, Code& code) { return close(code); }
    bool on_key_part(Text part, std::size_t, Code&) { return keep(part); }
    bool on_key(Text part, std::size_t, Code& code) {
        keep(part);
        const auto& members = std::get<std::vector<JsonMember>>(open_.back().value);
        if (std::ranges::find(members, text_, &JsonMember::name) != members.end())
            return refuse({Errc::kMalformed, "is there twice", text_}, code);
        names_.push_back(std::exchange(text_, {}));
        return true;
    }
    bool on_string_part(Text part, std::size_t, Code&) { return keep(part); }
    bool on_string(Text part, std::size_t, Code& code) {
        keep(part);
        return add({std::exchange(text_, {})}, code);
    }
    bool on_number_part(Text part, Code&) { return keep(part); }
    bool on_int64(std::int64_t, Text part, Code& code) { return on_number(part, code); }
    bool on_uint64(std::uint64_t, Text part, Code& code) { return on_number(part, code); }
    bool on_double(double, Text part, Code& code) { return on_number(part, code); }
    bool on_bool(bool truth, Code& code) { return add({truth}, code); }
    bool on_null(Code& code) { return add({JsonNull{}}, code); }
    bool on_comment_part(Text, Code&) { return true; }
    bool on_comment(Text, Code&) { return true; }

private:
    bool keep(Text part) {
        text_.append(part.data(), part.size());
        return true;
    }
    bool on_number(Text part, Code& code) {
        keep(part);
        return add({JsonNumber{std::exchange(text_, {})}}, code);
    }
    bool refuse(Error error, Code& code) {
        failure = std::move(error);
        code = boost::json::error::syntax;
        return false;
    }
    bool count(Code& code) {
        if (++values_ <= kMostValues) return true;
        return refuse({Errc::kTooLarge, "more than 4096 values in one body"}, code);
    }
    bool open(Json container, Code& code) {
        open_.push_back(std::move(container));
        return count(code);
    }
    bool close(Code& code) {
        auto done = std::move(open_.back());
        open_.pop_back();
        --values_;  // It was counted when it was opened.
        return add(std::move(done), code);
    }
    bool add(Json value, Code& code) {
        if (!count(code)) return false;
        if (open_.empty()) {
            root = std::move(value);
        } else if (auto* list = std::get_if<std::vector<Json>>(&open_.back().value)) {
            list->push_back(std::move(value));
        } else {
            std::get<std::vector<JsonMember>>(open_.back().value)
                .push_back({std::move(names_.back()), std::move(value)});
            names_.pop_back();
        }
        return true;
    }

    std::vector<Json> open_;
    std::vector<std::string> names_;  // Of members whose value is still being read.
    std::string text_;                // A string, name or number that is still being read.
    std::size_t values_ = 0;
};

Error explain(const boost::json::error_code& code, std::size_t at) {
    using enum boost::json::error;
    if (code == object_too_large || code == array_too_large || code == string_too_large ||
        code == key_too_large)
        return {Errc::kTooLarge, "the body has too much in one " +
                                     std::string(code == object_too_large ? "object" : "value")};
    if (code == too_deep) return {Errc::kMalformed, "the body is nested more than 32 levels deep"};
    return {Errc::kMalformed,
            "the body is not JSON: " + code.message() + " at byte " + std::to_string(at)};
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
    boost::json::parse_options options;
    options.max_depth = kMostDepth;
    boost::json::basic_parser<TreeBuilder> parser(options);
    boost::json::error_code code;
    const auto read = parser.write_some(false, text.data(), text.size(), code);
    auto& builder = parser.handler();
    if (builder.failure) return std::move(*builder.failure);
    if (!code && read < text.size()) code = boost::json::error::extra_data;
    if (code) return explain(code, read);
    return std::move(builder.root);
}

Result<std::int64_t> milli_of(const Json& json) {
    const auto* number = std::get_if<JsonNumber>(&json.value);
    if (number == nullptr) return Error{Errc::kInvalid, "must be a number"};
    BUSBAR_TRY(milli, parse_milli(number->text));
    if (number->text.front() == '-') return Error{Errc::kInvalid, "must not be negative"};
    return milli;
}

Result<std::vector<JsonMember>> object_in(std::string_view body) {
    if (body.empty()) return Error{Errc::kMalformed, "the body must be a JSON object"};
    BUSBAR_TRY(json, parse_json(body));
    auto* members = std::get_if<std::vector<JsonMember>>(&json.value);
    if (members == nullptr) return Error{Errc::kMalformed, "the body must be a JSON object"};
    return std::move(*members);
}

Result<Fields> Fields::of(std::string_view body) {
    BUSBAR_TRY(members, object_in(body));
    return Fields(std::move(members));
}

Fields::Fields(std::vector<JsonMember> members, std::string prefix) : prefix_(std::move(prefix)) {
    for (auto& member : members) slots_.push_back({std::move(member)});
}

Fields::Slot* Fields::find(std::string_view name) {
    if (std::ranges::find(known_, name) == known_.end()) known_.emplace_back(name);
    const auto slot = std::ranges::find_if(slots_, [&](auto& s) { return s.member.name == name; });
    if (slot == slots_.end()) return nullptr;
    slot->asked = true;
    return &*slot;
}

bool Fields::has(std::string_view name) {
    const auto* slot = find(name);
    return slot != nullptr && !slot->member.value.is_null();
}

std::optional<Json> Fields::any(std::string_view name) {
    const auto* slot = find(name);
    if (slot == nullptr) return {};
    return slot->member.value;
}

bool Fields::take_null(std::string_view name) {
    const auto* slot = find(name);
    if (slot == nullptr || !slot->member.value.is_null()) return false;
    std::erase_if(slots_, [&](const Slot& s) { return s.member.name == name; });
    return true;
}

void Fields::wrong(std::string_view name, std::string message, Errc code) {
    if (!first_) first_ = Error{code, std::move(message), prefix_ + std::string(name)};
}

void Fields::wrong_in(Error error) {
    if (!first_) first_ = std::move(error);
}

std::optional<std::string> Fields::text(std::string_view name, std::size_t most_bytes) {
    auto* slot = find(name);
    if (slot == nullptr) return {};
    auto* text = std::get_if<std::string>(&slot->member.value.value);
    if (text == nullptr) {
        wrong(name, "must be a string");
    } else if (text->size() > most_bytes) {
        wrong(name, "must have at most " + std::to_string(most_bytes) + " bytes");
    } else if (std::ranges::any_of(*text, is_control)) {
        wrong(name, "must not hold control characters");
    } else {
        return std::move(*text);
    }
    return {};
}

std::optional<bool> Fields::truth(std::string_view name) {
    const auto* slot = find(name);
    if (slot == nullptr) return {};
    if (const auto* truth = std::get_if<bool>(&slot->member.value.value)) return *truth;
    wrong(name, "must be true or false");
    return {};
}

std::optional<std::int64_t> Fields::whole(std::string_view name) {
    const auto* slot = find(name);
    if (slot == nullptr) return {};
    const auto* number = std::get_if<JsonNumber>(&slot->member.value.value);
    const auto milli = number ? parse_milli(number->text) : Error{Errc::kInvalid, ""};
    if (milli && *milli % 1000 == 0) return *milli / 1000;
    wrong(name, "must be a whole number");
    return {};
}

std::optional<std::int64_t> Fields::milli(std::string_view name, std::int64_t most) {
    const auto* slot = find(name);
    if (slot == nullptr) return {};
    auto read = milli_of(slot->member.value);
    if (read && *read <= most) return *read;
    wrong(name, read ? "must be at most " + decimal(most) : read.error().message);
    return {};
}

std::optional<Fields> Fields::object(std::string_view name) {
    auto* slot = find(name);
    if (slot == nullptr) return {};
    if (auto* members = std::get_if<std::vector<JsonMember>>(&slot->member.value.value))
        return Fields(std::move(*members), full_name(name) + ".");
    wrong(name, "must be an object");
    return {};
}

std::optional<std::vector<Json>> Fields::list(std::string_view name, std::size_t most) {
    auto* slot = find(name);
    if (slot == nullptr) return {};
    auto* items = std::get_if<std::vector<Json>>(&slot->member.value.value);
    if (items != nullptr && items->size() <= most) return std::move(*items);
    wrong(name, "must be a list of at most " + std::to_string(most));
    return {};
}

std::optional<std::int64_t> Fields::measured(std::string_view name, int places) {
    const auto* slot = find(name);
    if (slot == nullptr) return {};
    const auto* number = std::get_if<JsonNumber>(&slot->member.value.value);
    if (number == nullptr) {
        wrong(name, "must be a number");
        return {};
    }
    const auto read = parse_rounded(number->text, places);
    if (read) return *read;
    wrong(name, read.error().message);
    return {};
}

std::optional<TimePoint> Fields::time(std::string_view name) {
    const auto* slot = find(name);
    if (slot == nullptr) return {};
    const auto* text = std::get_if<std::string>(&slot->member.value.value);
    const auto read = parse_time(text == nullptr ? std::string_view() : std::string_view(*text));
    if (read) return *read;
    wrong(name, read.error().message);
    return {};
}

Status Fields::finish() {
    for (const auto& slot : slots_) {
        if (slot.asked) continue;
        std::string known;
        for (const auto& name : known_) known += (known.empty() ? "" : ", ") + name;
        return Error{Errc::kMalformed, "is not known here; known are " + known,
                     prefix_ + slot.member.name};
    }
    if (first_) return *first_;
    return Done{};
}

}  // namespace busbar::http
