// What several bodies have in common: ids, moments, windows, shares... Each is taken out of the
// fields of an object; what is wrong with it is remembered there.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/id.hpp"
#include "domain/phase.hpp"
#include "domain/share.hpp"
#include "domain/window.hpp"
#include "http/body.hpp"
#include "http/json_text.hpp"

namespace busbar::http {

inline constexpr std::size_t kMostNameBytes = 128;
inline constexpr std::size_t kMostIdBytes = 48;
inline constexpr std::size_t kMostReasonBytes = 256;

// A field of a patch that null empties: nothing, or the value or emptiness that was asked for.
template <class T>
using Change = std::optional<std::optional<T>>;

// What `read` takes out, or emptiness for null.
template <class Read>
auto change_in(Fields& fields, std::string_view name, Read read)
    -> std::optional<decltype(read(fields, name))> {
    if (fields.take_null(name)) return std::make_optional(decltype(read(fields, name)){});
    auto value = read(fields, name);
    if (!value) return {};
    return std::make_optional(std::move(value));
}

template <class Id>
std::optional<Id> id_in(Fields& fields, std::string_view name) {
    auto text = fields.text(name, kMostIdBytes);
    if (!text) return {};
    if (!text->empty()) return Id(*std::move(text));
    fields.wrong(name, "must not be empty");
    return {};
}

// One of a few words; `known` names them for people.
template <class Parse>
auto word_in(Fields& fields, std::string_view name, Parse parse, std::string_view known)
    -> decltype(parse(std::string_view())) {
    const auto word = fields.text(name, kMostNameBytes);
    if (!word) return {};
    auto value = parse(*word);
    if (!value) fields.wrong(name, "must be " + std::string(known));
    return value;
}

// The site that a body names; null is as good as nothing.
std::optional<SiteId> site_in(Fields& fields);

std::optional<int> small_in(Fields& fields, std::string_view name);

// A time at most ten years after `now`.
std::optional<TimePoint> moment_in(Fields& fields, std::string_view name, TimePoint now);

// A number of seconds, with up to three decimals.
std::optional<Duration> seconds_in(Fields& fields, std::string_view name);

// {"L1":63,"L2":63,"L3":63}, or one number for all three.
std::optional<PerPhase> lines_in(Fields& fields, std::string_view name);

// {"days":["Mon","Tue"] or "Mon-Fri","from":"17:00","until":"21:00","zone":"Europe/Berlin"}, or
// all in one text: "Mon-Fri 17:00-21:00 Europe/Berlin".
std::optional<Window> window_in(Fields& fields, std::string_view name);

// {"policy","strictBands","minFirst","rotationMinutes","reclaim"}
std::optional<Share> share_in(Fields& fields, std::string_view name);

// Bodies that stand inside others; `prefix` is of the names in messages.
Result<CircuitRequest> read_circuit(std::vector<JsonMember> members, const std::string& prefix);
Result<ChargerRequest> read_charger(std::vector<JsonMember> members, const std::string& prefix);

}  // namespace busbar::http
