// Which drivers' cars need more than the usual minimum to charge, as learned from them (Car).
//
// Bounded: when it is full, the driver not seen for longest is forgotten; that car is then
// learned again. Pure, one owner at a time.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/quantity.hpp"

namespace busbar {

class Minima {
public:
    static constexpr std::size_t kMost = 10'000;

    // Requires: most > 0.
    explicit Minima(std::size_t most = kMost);
    Minima(const Minima&) = delete;  // The index points into the list.
    Minima& operator=(const Minima&) = delete;
    Minima(Minima&&) noexcept = default;
    Minima& operator=(Minima&&) noexcept = default;

    // idTags are compared without regard to case (OCPP: CiString). Looking one up counts as
    // having seen the driver. Cost: O(1); only learn() allocates.
    std::optional<Amperes> find(std::string_view id_tag);
    void learn(std::string_view id_tag, Amperes minimum);
    // The car needs no more than any other, or the driver wants to be forgotten.
    void forget(std::string_view id_tag);

    std::size_t size() const { return entries_.size(); }

    struct Entry {
        std::string id_tag;
        Amperes minimum;
    };
    // Seen last first: to be kept over a restart (learn them in the reverse order).
    const std::list<Entry>& entries() const { return entries_; }

private:
    struct Hash {
        std::size_t operator()(std::string_view id_tag) const noexcept;
    };
    struct Equal {
        bool operator()(std::string_view a, std::string_view b) const noexcept;
    };
    std::size_t most_;
    std::list<Entry> entries_;
    std::unordered_map<std::string_view, std::list<Entry>::iterator, Hash, Equal> index_;
};

}  // namespace busbar
