#include "access/key.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/check.hpp"

namespace busbar::access {
namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kDigitsOfAKey = 40;

std::string hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 15U];
    }
    return out;
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// The bytes that all spellings of a key share.
std::string bytes_of(std::string_view key) {
    if (key.size() != kDigitsOfAKey) return std::string(key);
    std::string out;
    for (std::size_t i = 0; i < key.size(); i += 2) {
        const int high = hex_value(key[i]), low = hex_value(key[i + 1]);
        if (high < 0 || low < 0) return std::string(key);
        out += static_cast<char>(high * 16 + low);
    }
    return out;
}

std::string random_bytes(std::size_t count) {
    std::string out(count, '\0');
    BUSBAR_CHECK(
        RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) == 1);
    return out;
}

Error cannot(const char* what, const std::filesystem::path& file) {
    return {Errc::kUnavailable,
            std::string("cannot ") + what + " " + file.string() + ": " + std::strerror(errno)};
}

// Whole or not at all: a secret that was cut short would lock all chargers out.
Result<std::string> make_secret(const std::filesystem::path& file) {
    const auto secret = hex(random_bytes(kSecretBytes));
    const auto draft = file.string() + ".new";
    const int made = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (made < 0) return cannot("make", draft);
    const bool written =
        ::write(made, secret.data(), secret.size()) == static_cast<ssize_t>(secret.size()) &&
        ::fsync(made) == 0;
    ::close(made);
    if (!written || ::rename(draft.c_str(), file.c_str()) != 0) return cannot("write", file);
    return secret;
}

}  // namespace

Status check_key(std::string_view key) {
    if (key.size() >= kLeastKeyBytes && key.size() <= kMostKeyBytes) return Done{};
    return Error{Errc::kInvalid, "must have 16 to 40 bytes"};
}

std::string make_key() {
    return hex(random_bytes(kDigitsOfAKey / 2));
}

Result<Keysmith> Keysmith::open(const std::filesystem::path& file) {
    std::error_code unknown;
    if (!std::filesystem::exists(file, unknown)) {
        BUSBAR_TRY(made, make_secret(file));
        return Keysmith(std::move(made));
    }
    std::string secret(2 * kSecretBytes, '\0');
    std::ifstream in(file, std::ios::binary);
    in.read(secret.data(), static_cast<std::streamsize>(secret.size()));
    if (in.gcount() == static_cast<std::streamsize>(secret.size())) return Keysmith(secret);
    return Error{Errc::kInvalid, file.string() + " does not hold the 64 digits it was made with"};
}

std::string Keysmith::digest(std::string_view salt, std::string_view key) const {
    const auto message = std::string(salt) + bytes_of(key);
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = 0;
    BUSBAR_CHECK(HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
                      reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                      out.data(), &size) != nullptr);
    return hex({reinterpret_cast<const char*>(out.data()), size});
}

SealedKey Keysmith::seal(std::string_view key) const {
    auto salt = hex(random_bytes(kSaltBytes));
    auto digested = digest(salt, key);
    return {std::move(salt), std::move(digested)};
}

bool Keysmith::fits(const SealedKey& sealed, std::string_view shown) const {
    const auto found = digest(sealed.salt, shown);
    return found.size() == sealed.digest.size() &&
           CRYPTO_memcmp(found.data(), sealed.digest.data(), found.size()) == 0;
}

}  // namespace busbar::access
