#include "demand/minima.hpp"

#include <algorithm>
#include <cstdint>

namespace busbar {
namespace {

char lower_case(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

// FNV-1a.
std::size_t Minima::Hash::operator()(std::string_view id_tag) const noexcept {
    std::uint64_t hash = 14'695'981'039'346'656'037U;
    for (const char c : id_tag)
        hash = (hash ^ static_cast<unsigned char>(lower_case(c))) * 1'099'511'628'211U;
    return static_cast<std::size_t>(hash);
}

bool Minima::Equal::operator()(std::string_view a, std::string_view b) const noexcept {
    return std::ranges::equal(a, b, {}, lower_case, lower_case);
}

Minima::Minima(std::size_t most) : most_(most) {
    BUSBAR_CHECK(most > 0);
}

std::optional<Amperes> Minima::find(std::string_view id_tag) {
    const auto found = index_.find(id_tag);
    if (found == index_.end()) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->minimum;
}

void Minima::learn(std::string_view id_tag, Amperes minimum) {
    if (find(id_tag)) {
        entries_.front().minimum = minimum;
        return;
    }
    if (entries_.size() == most_) forget(entries_.back().id_tag);
    entries_.push_front({std::string(id_tag), minimum});
    index_.emplace(entries_.front().id_tag, entries_.begin());
}

void Minima::forget(std::string_view id_tag) {
    const auto found = index_.find(id_tag);
    if (found == index_.end()) return;
    const auto entry = found->second;
    index_.erase(found);
    entries_.erase(entry);
}

}  // namespace busbar
