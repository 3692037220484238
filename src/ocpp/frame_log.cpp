#include "ocpp/frame_log.hpp"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cctype>
#include <ranges>

#include "ocpp/schema.hpp"
#include "ocpp/text.hpp"

namespace busbar::ocpp {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 2> kSecrets{"AuthorizationKey", "BasicAuthPassword"};
constexpr std::string_view kMask = "***";
constexpr std::string_view kNotShown = "[a frame with a secret that cannot be read]";

bool is_secret(std::string_view name) {
    // Case does not matter in OCPP.
    return std::ranges::any_of(kSecrets, [&](std::string_view secret) {
        return std::ranges::equal(name, secret, [](unsigned char a, unsigned char b) {
            return std::tolower(a) == std::tolower(b);
        });
    });
}

bool may_hold_secret(std::string_view text) {
    // What both have in common, in any spelling that a charger would understand.
    return std::ranges::any_of(std::array<std::string_view, 4>{"uthorizationKey", "uthorizationkey",
                                                               "uthPassword", "uthpassword"},
                               [&](auto part) { return text.find(part) != text.npos; }) ||
           text.find("\\u") != text.npos;
}

// 1.6 names a key, 2.x a variable; the value stands beside it.
std::string_view named_in(const json::object& object) {
    if (const auto key = text_at(object, "key"); !key.empty()) return key;
    const auto* variable = object.if_contains("variable");
    if (variable == nullptr || !variable->is_object()) return {};
    return text_at(variable->get_object(), "name");
}

void mask(json::value& value) {
    if (auto* array = value.if_array())
        for (auto& each : *array) mask(each);
    auto* object = value.if_object();
    if (object == nullptr) return;
    if (is_secret(named_in(*object)))
        for (const auto* name : {"value", "attributeValue"})
            if (auto* secret = object->if_contains(name)) *secret = kMask;
    for (auto& member : *object) mask(member.value());
}

}  // namespace

std::string without_secrets(std::string_view text) {
    if (!may_hold_secret(text)) return std::string(text);
    boost::system::error_code failed;
    auto value = json::parse(text, failed);
    if (failed) return std::string(kNotShown);
    mask(value);
    return json::serialize(value);
}

FrameRing::FrameRing(const Clock& clock, FrameLogOptions options)
    : clock_(clock), options_(options) {}

void FrameRing::add(const ChargerId& charger, Direction direction, std::string_view text) {
    control::LoggedFrame frame{.at = clock_.wall(),
                               .charger = charger,
                               .from_charger = direction == Direction::kFromCharger,
                               .text = without_secrets(text)};
    if (frame.text.size() > options_.max_frame_bytes) {
        frame.text.resize(first_bytes(frame.text, options_.max_frame_bytes).size());
        frame.cut = true;
    }
    std::vector<std::shared_ptr<Follower>> followers;
    {
        const std::lock_guard lock(shared_->mutex);
        for (const auto& [number, follower] : shared_->followers)
            if (!follower->charger || *follower->charger == charger) followers.push_back(follower);
    }
    std::optional<control::LoggedFrame> to_tell;
    {
        const std::lock_guard lock(mutex_);
        frame.number = next_++;
        if (!followers.empty()) to_tell = frame;
        bytes_ += frame.text.size();
        frames_.push_back(std::move(frame));
        while (frames_.size() > options_.max_frames || bytes_ > options_.max_bytes) {
            bytes_ -= frames_.front().text.size();
            frames_.pop_front();
        }
    }
    for (const auto& follower : followers) follower->heard(*to_tell);
}

std::vector<control::LoggedFrame> FrameRing::frames(const control::FrameQuery& query) const {
    std::vector<control::LoggedFrame> out;
    const std::lock_guard lock(mutex_);
    for (const auto& frame : frames_ | std::views::reverse) {
        if (frame.number <= query.after || out.size() == query.limit) break;
        if (!query.charger || *query.charger == frame.charger) out.push_back(frame);
    }
    std::ranges::reverse(out);
    return out;
}

std::shared_ptr<void> FrameRing::follow(std::optional<ChargerId> charger, Heard heard) {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->followers.size() >= options_.max_followers) return {};
    const auto number = shared_->next++;
    shared_->followers.emplace(
        number, std::make_shared<Follower>(Follower{std::move(charger), std::move(heard)}));
    return {this, [shared = shared_, number](void*) {
                const std::lock_guard leaving(shared->mutex);
                shared->followers.erase(number);
            }};
}

}  // namespace busbar::ocpp
