// What a charger has to show before it is let in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/id.hpp"
#include "base/time.hpp"

namespace busbar {

// OCPP's security profiles.
enum class SecurityProfile : std::uint8_t {
    kOpen = 0,             // Nothing: its word for who it is.
    kPassword = 1,         // Its key, in the clear.
    kPasswordOverTls = 2,  // Its key, over TLS.
    kCertificate = 3,      // A certificate of its own, over TLS.
};

// A key as it is kept: whoever reads this cannot connect with it (access/key.hpp).
struct SealedKey {
    std::string salt;    // Both as hexadecimal digits.
    std::string digest;

    bool operator==(const SealedKey&) const = default;
};

struct ChargerAccess {
    ChargerId charger;
    // Empty: its key if it has one, with or without TLS; else what the server asks of all.
    std::optional<SecurityProfile> profile = {};
    std::string certificate_name = {};  // What its certificate is made out to; empty: its identity.
    std::optional<SealedKey> key = {};
    // The key before it, which is good until the charger comes with the new one, or until then.
    std::optional<SealedKey> old_key = {};
    TimePoint old_key_until = {};

    bool operator==(const ChargerAccess&) const = default;
};

}  // namespace busbar
