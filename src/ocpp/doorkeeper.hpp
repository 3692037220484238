// Whether a charger is who it says it is: asked before anything of it is believed.
//
// OCPP's security profiles, with what control knows of each charger. Whoever is refused learns
// nothing by it: a charger that is not known, one that shows nothing, and one with a wrong key get
// the same answer, after the same work.
//
// Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "access/attempts.hpp"
#include "access/key.hpp"
#include "access/onboarding.hpp"
#include "base/clock.hpp"
#include "control/ports.hpp"
#include "net/byte_stream.hpp"

namespace busbar::ocpp {

struct DoorkeeperOptions {
    // What a charger has to show of which nothing was said, and that has no key. Where that is
    // nothing, chargers that are not known are let in, too: control keeps them waiting.
    SecurityProfile otherwise = SecurityProfile::kOpen;
    // Failures in a minute; then there is no more looking.
    std::size_t most_of_a_charger = 5;  // Of one identity from one address.
    std::size_t most_of_an_address = 100;
    std::size_t most_remembered = 10'000;  // Of each.
};

// What "Basic <base64>" says: the bytes of "user:password". Empty if it is nothing of that kind.
std::optional<std::string> basic_credentials(std::string_view authorization);

class Doorkeeper {
public:
    enum class Verdict {
        kIn,
        kProven,   // In, and it has shown that it is who it says.
        kOut,      // 401
        kTooOften  // 429: not even looked at.
    };

    // What is referred to outlives it. The functions may be called from any thread.
    Doorkeeper(control::AccessList& list, const access::Keysmith& smith,
               const access::Onboarding& onboarding, const Clock& clock,
               DoorkeeperOptions options = {});

    // `authorization`: the header's value, "" if there is none.
    Verdict judge(const ChargerId& charger, std::string_view authorization, const net::Peer& peer);

private:
    enum class Fit { kNone, kOldKey, kKey, kOnboardingKey };
    struct Shown {
        const ChargerId& charger;
        std::optional<std::string> basic;
        const net::Peer& peer;
    };
    Fit fit_of(const Shown& shown, const ChargerAccess* access) const;
    std::optional<Verdict> admits(const Shown& shown, const ChargerAccess* access, bool fits) const;
    bool may_try(const ChargerId& charger, const std::string& address);
    void failed(const ChargerId& charger, const std::string& address);

    control::AccessList& list_;
    const access::Keysmith& smith_;
    const access::Onboarding& onboarding_;
    const Clock& clock_;
    const DoorkeeperOptions options_;
    const SealedKey nobodys_;  // For the same work where there is no key.

    std::mutex mutex_;
    access::Attempts of_chargers_;
    access::Attempts of_addresses_;
    // From where a charger last came in: there its neighbours' failures are not held against it.
    std::map<ChargerId, std::string> came_from_;
};

}  // namespace busbar::ocpp
