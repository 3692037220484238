#include "base/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

#include "base/json_writer.hpp"

namespace busbar::log {
namespace {

std::atomic<Format> g_format{Format::kConsole};

spdlog::logger& logger() {
    static const auto instance = [] {
        auto made = std::make_shared<spdlog::logger>(
            "busbar", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
        made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v", spdlog::pattern_time_type::utc);
        return made;
    }();
    return *instance;
}

bool needs_quotes(std::string_view text) {
    if (text.empty()) return true;
    for (const char c : text)
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f) return true;
    return false;
}

void append_value(std::string& out, const Value& value, bool quote_always) {
    if (const auto* number = std::get_if<std::int64_t>(&value.get())) {
        out += std::to_string(*number);
        return;
    }
    const auto& text = std::get<std::string>(value.get());
    if (quote_always || needs_quotes(text))
        append_json_string(out, text);
    else
        out += text;
}

void write(spdlog::level::level_enum level, std::string_view event, Fields fields) {
    if (!logger().should_log(level)) return;
    std::string line;
    if (g_format == Format::kJson) {
        line = "{\"event\":";
        append_json_string(line, event);
        for (const auto& field : fields) {
            line += ",\"" + std::string(field.name) + "\":";
            append_value(line, field.value, true);
        }
        line += '}';
    } else {
        line = event;
        for (const auto& field : fields) {
            line += " " + std::string(field.name) + "=";
            append_value(line, field.value, false);
        }
    }
    logger().log(level, "{}", line);
}

}  // namespace

void configure(Level level, Format format) {
    constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info,
                                                     spdlog::level::warn, spdlog::level::err,
                                                     spdlog::level::off};
    logger().set_level(kLevels[static_cast<int>(level)]);
    g_format = format;
    if (format == Format::kJson)
        logger().set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","log":%v})",
                             spdlog::pattern_time_type::utc);
}

void debug(std::string_view event, Fields fields) {
    write(spdlog::level::debug, event, fields);
}
void info(std::string_view event, Fields fields) {
    write(spdlog::level::info, event, fields);
}
void warn(std::string_view event, Fields fields) {
    write(spdlog::level::warn, event, fields);
}
void error(std::string_view event, Fields fields) {
    write(spdlog::level::err, event, fields);
}

}  // namespace busbar::log
