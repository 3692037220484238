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
        }
    }
    return Done{};
}

bool is_loopback(const std::string& host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
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
