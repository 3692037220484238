#include "app/settings.hpp"

#include <toml++/toml.h>

#include <charconv>
#include <cstdlib>
#include <map>

#include "feeder/settings.hpp"

namespace busbar::app {
namespace {

// One value and where it was written.
struct Given {
    std::string text;
    std::string where;
};
using Values = std::map<std::string, Given>;  // By the name of the setting.

// The settings by their names in the file, in the environment and on the command line.
struct Name {
    const char* key;
    const char* variable;
    const char* flag;
    std::optional<std::string> Flags::*value;
};
constexpr Name kNames[] = {
    {"host", "HOST", "--host", &Flags::host},
    {"port", "PORT", "--port", &Flags::port},
    {"data_dir", "BUSBAR_DATA_DIR", "--data-dir", &Flags::data_dir},
    {"threads", "BUSBAR_THREADS", "--threads", &Flags::threads},
    {"log_level", "LOG_LEVEL", "--log-level", &Flags::log_level},
    {"log_format", "LOG_FORMAT", "--log-format", &Flags::log_format},
    {"call_timeout_ms", "BUSBAR_CALL_TIMEOUT_MS", "--call-timeout-ms", &Flags::call_timeout},
    {"feeders", "BUSBAR_FEEDERS", "--feeders", &Flags::feeders},
    {"max_message_kib", "BUSBAR_MAX_MESSAGE_KIB", "--max-message-kib", &Flags::max_message_kib},
    {"tls_host", "BUSBAR_TLS_HOST", "--tls-host", &Flags::tls_host},
    {"tls_port", "BUSBAR_TLS_PORT", "--tls-port", &Flags::tls_port},
    {"tls_certificate", "BUSBAR_TLS_CERTIFICATE", "--tls-certificate", &Flags::tls_certificate},
    {"tls_key", "BUSBAR_TLS_KEY", "--tls-key", &Flags::tls_key},
    {"tls_client_ca", "BUSBAR_TLS_CLIENT_CA", "--tls-client-ca", &Flags::tls_client_ca},
    {"charger_profile", "BUSBAR_CHARGER_PROFILE", "--charger-profile", &Flags::charger_profile},
};

Error wrong(const Given& given, std::string message) {
    return {Errc::kInvalid, std::move(message) + " (it is '" + given.text + "')", given.where};
}

Result<toml::table> parse_toml(const std::string& path) {
    try {
        return toml::parse_file(path);
    } catch (const toml::parse_error& error) {
        return Error{Errc::kInvalid,
                     std::string(error.description()) + ", line " +
                         std::to_string(error.source().begin.line),
                     path};
    }
}

Result<std::vector<feeder::Source>> feeders_in(const toml::table& table, const std::string& path) {
    auto sources = feeder::read_sources(table);
    if (sources) return sources;
    auto error = std::move(sources).error();
    error.field = path + ": " + error.field;
    return error;
}

// Reading a folder yields nothing and no error: it would pass for a file without settings.
constexpr const char* kFolder = "is a folder: name the TOML file in it";

// A file of nothing but feeders.
Result<std::vector<feeder::Source>> read_feeders(const Given& given) {
    std::error_code ignored;
    if (std::filesystem::is_directory(given.text, ignored)) return wrong(given, kFolder);
    if (!std::filesystem::exists(given.text, ignored)) return wrong(given, "there is no such file");
    BUSBAR_TRY(table, parse_toml(given.text));
    for (const auto& [key, node] : table)
        if (key.str() != "feeder")
            return Error{Errc::kInvalid, "there is no such setting: [[feeder]] is all there can be",
                         given.text + ": " + std::string(key.str())};
    return feeders_in(table, given.text);
}

Status read_file(const Flags& flags, Values& values, std::vector<feeder::Source>& feeders) {
    const bool asked = flags.config.has_value();
    const std::filesystem::path path = flags.config.value_or("busbar.toml");
    std::error_code ignored;
    if (!asked && !std::filesystem::exists(path, ignored)) return Done{};
    if (std::filesystem::is_directory(path, ignored))
        return Error{Errc::kInvalid, kFolder, path.string()};
    BUSBAR_TRY(table, parse_toml(path.string()));
    BUSBAR_TRY(sources, feeders_in(table, path.string()));
    feeders = std::move(sources);
    for (const auto& [key, node] : table) {
        const std::string name(key.str());
        if (name == "feeder") continue;
        const auto where = path.string() + ": " + name;
        bool known = false;
        for (const auto& each : kNames) known = known || name == each.key;
        if (!known) return Error{Errc::kInvalid, "there is no such setting", where};
        if (const auto text = node.value<std::string>())
            values[name] = {*text, where};
        else if (const auto number = node.value<std::int64_t>())
            values[name] = {std::to_string(*number), where};
        else
            return Error{Errc::kInvalid, "must be a text or a number", where};
    }
    return Done{};
}

Result<std::int64_t> whole(const Given& given, std::int64_t least, std::int64_t most) {
    std::int64_t value = 0;
    const auto* end = given.text.data() + given.text.size();
    const auto [stop, failed] = std::from_chars(given.text.data(), end, value);
    if (failed != std::errc{} || stop != end || value < least || value > most)
        return wrong(given, "must be a whole number from " + std::to_string(least) + " to " +
                                std::to_string(most));
    return value;
}

Result<log::Level> level(const Given& given) {
    constexpr const char* kWords[] = {"debug", "info", "warn", "error", "off"};
    for (std::size_t i = 0; i < std::size(kWords); ++i)
        if (given.text == kWords[i]) return static_cast<log::Level>(i);
    return wrong(given, "must be debug, info, warn, error or off");
}

Status take_values(const Values& values, Settings& settings) {
    for (const auto& [key, given] : values) {
        if (key == "host") {
            if (given.text.empty()) return wrong(given, "must be an address of this machine");
            settings.host = given.text;
        } else if (key == "port") {
            BUSBAR_TRY(port, whole(given, 0, 65'535));
            settings.port = static_cast<std::uint16_t>(port);
        } else if (key == "data_dir") {
            if (given.text.empty()) return wrong(given, "must be a folder");
            settings.data_dir = given.text;
        } else if (key == "threads") {
            BUSBAR_TRY(threads, whole(given, 1, 256));
            settings.threads = static_cast<int>(threads);
        } else if (key == "log_level") {
            BUSBAR_TRY(read, level(given));
            settings.log_level = read;
        } else if (key == "log_format") {
            if (given.text != "console" && given.text != "json")
                return wrong(given, "must be console or json");
            settings.log_format = given.text == "json" ? log::Format::kJson : log::Format::kConsole;
        } else if (key == "call_timeout_ms") {
            BUSBAR_TRY(wait_ms, whole(given, 10, 600'000));
            settings.call_timeout = std::chrono::milliseconds{wait_ms};
        } else if (key == "feeders") {
            BUSBAR_TRY(feeders, read_feeders(given));
            settings.feeders = std::move(feeders);
        } else if (key == "max_message_kib") {
            BUSBAR_TRY(kib, whole(given, 64, 65'536));
            settings.max_message_kib = static_cast<std::size_t>(kib);
        }
    }
    return Done{};
}

bool is_loopback(const std::string& host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

// The TLS port is open if a certificate is named; the other settings of it need that one.
Status take_tls(const Values& values, Settings& settings) {
    const auto certificate = values.find("tls_certificate");
    for (const auto* key : {"tls_host", "tls_port", "tls_key", "tls_client_ca"})
        if (const auto found = values.find(key);
            found != values.end() && certificate == values.end())
            return wrong(found->second, "needs tls_certificate, too");
    if (certificate == values.end()) return Done{};
    Settings::TlsDoor tls{.host = settings.host, .certificate = certificate->second.text};
    for (const auto& [key, given] : values) {
        if (key == "tls_host") tls.host = given.text;
        if (key == "tls_key") tls.key = given.text;
        if (key == "tls_client_ca") tls.client_ca = given.text;
        if (key != "tls_port") continue;
        BUSBAR_TRY(port, whole(given, 0, 65'535));
        tls.port = static_cast<std::uint16_t>(port);
    }
    if (tls.key.empty()) return wrong(certificate->second, "needs tls_key, too");
    tls.chargers_only = !is_loopback(tls.host) && !settings.open_network;
    settings.tls = std::move(tls);
    return Done{};
}

// Whoever reaches a port on a network has to prove who he is, unless the operator trusts it.
Status take_charger_profile(const Values& values, Settings& settings) {
    const bool on_network = settings.tls && settings.tls->chargers_only;
    if (on_network) settings.charger_profile = SecurityProfile::kPasswordOverTls;
    const auto found = values.find("charger_profile");
    if (found == values.end()) return Done{};
    BUSBAR_TRY(number, whole(found->second, 0, 3));
    settings.charger_profile = static_cast<SecurityProfile>(number);
    if (number == 0 && on_network)
        return wrong(found->second, "must be 1, 2 or 3 where chargers come over a network");
    if (number >= 2 && !settings.tls) return wrong(found->second, "needs tls_certificate, too");
    if (number == 3 && settings.tls->client_ca.empty())
        return wrong(found->second, "needs tls_client_ca, too");
    return Done{};
}

}  // namespace

std::optional<std::string> process_environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Result<Settings> read_settings(const Flags& flags, const Environment& environment) {
    Values values;
    Settings settings{.demo = flags.demo, .open_network = flags.open_network};
    BUSBAR_TRY(file, read_file(flags, values, settings.feeders));
    (void)file;
    for (const auto& name : kNames)
        if (auto text = environment(name.variable)) values[name.key] = {*text, name.variable};
    for (const auto& name : kNames)
        if (const auto& text = flags.*name.value) values[name.key] = {*text, name.flag};

    BUSBAR_TRY(applied, take_values(values, settings));
    (void)applied;
    BUSBAR_TRY(with_tls, take_tls(values, settings));
    (void)with_tls;
    BUSBAR_TRY(with_profile, take_charger_profile(values, settings));
    (void)with_profile;
    if (settings.demo && settings.charger_profile != SecurityProfile::kOpen)
        return Error{Errc::kInvalid,
                     "its chargers have no keys, and these settings ask for them: leave it out",
                     "--demo"};
    if (const auto url = environment("DATABASE_URL"); url && !url->empty())
        return Error{Errc::kInvalid,
                     "this version stores in SQLite only: unset it, and set --data-dir",
                     "DATABASE_URL"};
    if (!is_loopback(settings.host) && !settings.open_network) {
        const auto from = values.find("host");
        return Error{Errc::kInvalid,
                     settings.host +
                         " is not loopback, and this version has no access tokens: "
                         "anyone who reaches the port could change limits. If the network is yours "
                         "alone, say --open-network",
                     from == values.end() ? "--host" : from->second.where};
    }
    return settings;
}

}  // namespace busbar::app
