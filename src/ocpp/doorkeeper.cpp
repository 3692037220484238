#include "ocpp/doorkeeper.hpp"

#include <openssl/evp.h>

#include <algorithm>

#include "base/log.hpp"

namespace busbar::ocpp {
namespace {

constexpr std::size_t kMaxAuthorizationBytes = 512;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Of an IPv6 address its network: one host has as many addresses there as it likes.
std::string neighbourhood(const boost::asio::ip::address& address) {
    if (address.is_v4()) return address.to_string();
    const auto v6 = address.to_v6();
    if (v6.is_v4_mapped())
        return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, v6).to_string();
    const auto bytes = v6.to_bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size() / 2};
}

std::string pair_of(const ChargerId& charger, const std::string& address) {
    return charger.str() + '\n' + address;  // An identity holds no line break.
}

}  // namespace

std::optional<std::string> basic_credentials(std::string_view authorization) {
    constexpr std::string_view kScheme = "basic ";
    if (authorization.size() > kMaxAuthorizationBytes || authorization.size() < kScheme.size() ||
        !std::equal(kScheme.begin(), kScheme.end(), authorization.begin(),
                    [](char ours, char theirs) { return ours == lower(theirs); }))
        return {};
    authorization.remove_prefix(kScheme.size());
    authorization.remove_prefix(
        std::min(authorization.find_first_not_of(' '), authorization.size()));
    const auto padding = authorization.size() -
                         std::min(authorization.find_last_not_of('=') + 1, authorization.size());
    std::string bytes(authorization.size(), '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(authorization.data()),
                                     static_cast<int>(authorization.size()));
    if (size < 0 || padding > 2 || static_cast<std::size_t>(size) < padding) return {};
    bytes.resize(static_cast<std::size_t>(size) - padding);
    return bytes;
}

Doorkeeper::Doorkeeper(control::AccessList& list, const access::Keysmith& smith,
                       const access::Onboarding& onboarding, const Clock& clock,
                       DoorkeeperOptions options)
    : list_(list),
      smith_(smith),
      onboarding_(onboarding),
      clock_(clock),
      options_(options),
      nobodys_(smith.seal(access::make_key())),
      of_chargers_(options.most_of_a_charger, options.most_remembered),
      of_addresses_(options.most_of_an_address, options.most_remembered) {}

Doorkeeper::Verdict Doorkeeper::judge(const ChargerId& charger, std::string_view authorization,
                                      const net::Peer& peer) {
    const auto address = neighbourhood(peer.address);
    if (!may_try(charger, address)) return Verdict::kTooOften;
    const Shown shown{charger, basic_credentials(authorization), peer};
    const auto access = list_.access_of(charger);
    const auto* known = access ? &*access : nullptr;
    const auto fit = fit_of(shown, known);
    const auto verdict = admits(shown, known, fit != Fit::kNone);
    if (!verdict) {
        const bool other_profile = fit != Fit::kNone || !peer.names.empty();
        log::warn("charger refused", {{"charger", charger},
                                      {"reason", other_profile ? "another security profile"
                                                 : shown.basic ? "not known, or a wrong key"
                                                               : "it shows no key"}});
        failed(charger, address);
        return Verdict::kOut;
    }
    if (fit == Fit::kKey && known->old_key) list_.came_with_new_key(charger);
    if (*verdict == Verdict::kProven && known != nullptr) {
        const std::lock_guard lock(mutex_);
        came_from_.insert_or_assign(charger, address);
    }
    return *verdict;
}

// The work is the same whatever there is to compare with: three keys. The identity may hold a
// colon, and so may the key.
Doorkeeper::Fit Doorkeeper::fit_of(const Shown& shown, const ChargerAccess* access) const {
    const auto user = shown.charger.str() + ':';
    const bool its_own = shown.basic && shown.basic->starts_with(user);
    const auto password = its_own ? shown.basic->substr(user.size()) : std::string();
    const auto window = onboarding_.key(clock_.steady());
    const bool has_key = access != nullptr && access->key;
    const bool has_old =
        access != nullptr && access->old_key && clock_.wall() < access->old_key_until;
    const auto fits = [&](bool there, const std::optional<SealedKey>& key) {
        return smith_.fits(there ? *key : nobodys_, password) && there && its_own;
    };
    const bool fits_key = fits(has_key, has_key ? access->key : std::nullopt);
    const bool fits_old = fits(has_old, has_old ? access->old_key : std::nullopt);
    // Of one that is known, but was given no key yet, too: it has to be given one.
    const bool fits_window = fits(!has_key && window, window);
    if (fits_key) return Fit::kKey;
    if (fits_old) return Fit::kOldKey;
    return fits_window ? Fit::kOnboardingKey : Fit::kNone;
}

// Empty: it is not let in. `fits`: it has shown a key that fits.
std::optional<Doorkeeper::Verdict> Doorkeeper::admits(const Shown& shown,
                                                      const ChargerAccess* access,
                                                      bool fits) const {
    const auto proven = [](bool how) {
        return how ? std::optional(Verdict::kProven) : std::nullopt;
    };
    const auto said = access != nullptr ? access->profile : std::nullopt;
    const auto profile = said.value_or(options_.otherwise);
    if (!said && profile <= SecurityProfile::kPassword) {
        // Nobody has said whether with TLS or without.
        const bool has_to = profile == SecurityProfile::kPassword || (access && access->key);
        return fits || has_to ? proven(fits) : std::optional(Verdict::kIn);
    }
    switch (profile) {
        case SecurityProfile::kOpen:
            return shown.peer.tls ? std::nullopt : std::optional(Verdict::kIn);
        case SecurityProfile::kPassword:
            return proven(fits && !shown.peer.tls);
        case SecurityProfile::kPasswordOverTls:
            return proven(fits && shown.peer.tls);
        case SecurityProfile::kCertificate:
            break;
    }
    // In the onboarding window a charger has no certificate yet.
    if (access == nullptr) return proven(fits && shown.peer.tls);
    const auto& name =
        access->certificate_name.empty() ? shown.charger.str() : access->certificate_name;
    return proven(std::ranges::find(shown.peer.names, name) != shown.peer.names.end());
}

bool Doorkeeper::may_try(const ChargerId& charger, const std::string& address) {
    const auto now = clock_.steady();
    const std::lock_guard lock(mutex_);
    if (of_chargers_.spent(pair_of(charger, address), now)) return false;
    if (!of_addresses_.spent(address, now)) return true;
    const auto came = came_from_.find(charger);
    return came != came_from_.end() && came->second == address;
}

void Doorkeeper::failed(const ChargerId& charger, const std::string& address) {
    const auto now = clock_.steady();
    const std::lock_guard lock(mutex_);
    of_chargers_.count(pair_of(charger, address), now);
    of_addresses_.count(address, now);
}

}  // namespace busbar::ocpp
