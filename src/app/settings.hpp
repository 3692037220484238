// What an operator may set, and where it comes from: built-in values, then a TOML file, then the
// environment, then the command line; the later one wins.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "domain/access.hpp"
#include "feeder/feeder.hpp"

namespace busbar::app {

struct Settings {
    std::string host = "127.0.0.1";
    std::uint16_t port = 3000;  // 0: the system picks a free one.
    std::filesystem::path data_dir = "busbar-data";
    bool demo = false;
    // Without access tokens, whoever reaches the port can change limits: only by explicit choice.
    bool open_network = false;
    int threads = 2;
    log::Level log_level = log::Level::kInfo;
    log::Format log_format = log::Format::kConsole;
    Duration call_timeout = std::chrono::seconds{30};  // For a charger's answer.
    std::vector<feeder::Source> feeders = {};          // The meters that measure circuits.
    std::size_t max_message_kib = 1024;                // Of a charger.

    struct TlsDoor {
        std::string host = {};  // As `host`, if nothing else is said.
        std::uint16_t port = 3443;
        std::filesystem::path certificate = {};
        std::filesystem::path key = {};
        std::filesystem::path client_ca = {};  // Empty: no security profile 3.
        bool chargers_only = false;  // Beyond loopback, as long as there are no access tokens.
    };
    std::optional<TlsDoor> tls = {};
    // What a charger has to show of which nothing else was said.
    SecurityProfile charger_profile = SecurityProfile::kOpen;
};

// The values of the command line that were given.
struct Flags {
    std::optional<std::string> config = {};  // The TOML file; else busbar.toml if it is there.
    std::optional<std::string> host = {};
    std::optional<std::string> port = {};
    std::optional<std::string> data_dir = {};
    std::optional<std::string> threads = {};
    std::optional<std::string> log_level = {};
    std::optional<std::string> log_format = {};
    std::optional<std::string> call_timeout = {};
    std::optional<std::string> feeders = {};  // A TOML file of feeders, in place of the config's.
    std::optional<std::string> max_message_kib = {};
    std::optional<std::string> tls_host = {};
    std::optional<std::string> tls_port = {};
    std::optional<std::string> tls_certificate = {};
    std::optional<std::string> tls_key = {};
    std::optional<std::string> tls_client_ca = {};
    std::optional<std::string> charger_profile = {};
    bool demo = false;
    bool open_network = false;
};

// Looks up an environment variable; empty if it is not set.
using Environment = std::function<std::optional<std::string>(const char* name)>;

// Fails with kInvalid; the error's field is the setting as the operator wrote it ("--port",
// "PORT", "busbar.toml: port"), its message what would be right.
Result<Settings> read_settings(const Flags& flags, const Environment& environment);

// The process's own.
std::optional<std::string> process_environment(const char* name);

}  // namespace busbar::app
