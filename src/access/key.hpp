// Keys of chargers: made, sealed for keeping, and compared with what a charger shows.
//
// A key is 16 to 40 bytes. One of 40 hexadecimal digits means the 20 bytes they spell: some
// chargers send those, others the digits, and both fit.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "domain/access.hpp"

namespace busbar::access {

inline constexpr std::size_t kLeastKeyBytes = 16;
inline constexpr std::size_t kMostKeyBytes = 40;

// kInvalid: too short, or too long.
Status check_key(std::string_view key);

// A new key of 160 random bits, as 40 hexadecimal digits.
std::string make_key();

// Seals and compares, with a secret of the server. Thread-safe.
class Keysmith {
public:
    explicit Keysmith(std::string secret) : secret_(std::move(secret)) {}

    // With the secret in a file, which is made, for our eyes only, if it is not there.
    static Result<Keysmith> open(const std::filesystem::path& file);

    SealedKey seal(std::string_view key) const;

    // Takes as long for one that fits as for one that does not.
    bool fits(const SealedKey& sealed, std::string_view shown) const;

private:
    std::string digest(std::string_view salt, std::string_view key) const;

    std::string secret_;
};

}  // namespace busbar::access
