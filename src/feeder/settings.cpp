#include "feeder/settings.hpp"

#include <algorithm>
#include <charconv>

namespace busbar::feeder {
namespace {

// One [[feeder]], and the keys of it that have been asked for: what is left over is a mistake.
class FeederTable {
public:
    FeederTable(const toml::table& table, std::size_t index)
        : table_(table), name_("feeder[" + std::to_string(index) + "]") {}

    Error wrong(std::string_view key, std::string message) const {
        const auto* node = table_.get(key);
        const auto line = (node != nullptr ? node->source() : table_.source()).begin.line;
        if (line > 0) message += " (line " + std::to_string(line) + ")";
        return {Errc::kInvalid, std::move(message), name_ + "." + std::string(key)};
    }

    Error wrong_table(std::string message) const {
        return {Errc::kInvalid, std::move(message), name_};
    }

    bool has(std::string_view key) {
        used_.emplace_back(key);
        return table_.contains(key);
    }

    Result<std::optional<std::string>> text(std::string_view key) {
        if (!has(key)) return std::optional<std::string>{};
        if (const auto* value = table_.get_as<std::string>(key)) return std::optional{value->get()};
        return wrong(key, "must be a text");
    }

    Result<std::string> required_text(std::string_view key) {
        BUSBAR_TRY(value, text(key));
        if (value && !value->empty()) return *value;
        return wrong(key, "must be given, as a text");
    }

    Result<std::optional<std::int64_t>> whole(std::string_view key, std::int64_t least,
                                              std::int64_t most) {
        if (!has(key)) return std::optional<std::int64_t>{};
        const auto* value = table_.get_as<std::int64_t>(key);
        if (value != nullptr && value->get() >= least && value->get() <= most)
            return std::optional{value->get()};
        return wrong(key, "must be a whole number from " + std::to_string(least) + " to " +
                              std::to_string(most));
    }

    Result<bool> yes(std::string_view key) {
        if (!has(key)) return false;
        if (const auto* value = table_.get_as<bool>(key)) return value->get();
        return wrong(key, "must be true or false");
    }

    // One of these words, as its place among them; `otherwise` if the key is not there.
    Result<std::size_t> word(std::string_view key, std::span<const std::string_view> words,
                             std::optional<std::size_t> otherwise) {
        if (!has(key) && otherwise) return *otherwise;
        std::string list;
        const auto* value = table_.get_as<std::string>(key);
        for (std::size_t i = 0; i < words.size(); ++i) {
            if (value != nullptr && value->get() == words[i]) return i;
            list += (list.empty() ? "\"" : ", \"") + std::string(words[i]) + "\"";
        }
        return wrong(key, "must be one of " + list);
    }

    Status milliseconds(std::string_view key, Duration& into) {
        BUSBAR_TRY(value, whole(key, 1, 600'000));
        if (value) into = std::chrono::milliseconds{*value};
        return Done{};
    }

    // A decimal, exactly: 0.1 is 100 mA, though no float is 0.1.
    Result<Amperes> scale() {
        if (!has("scale")) return 1_A;
        std::string written;
        if (const auto* number = table_.get_as<double>("scale")) {
            std::array<char, 64> digits{};
            const auto end =
                std::to_chars(digits.data(), digits.data() + digits.size(), number->get());
            written.assign(digits.data(), end.ptr);
        } else if (const auto* integer = table_.get_as<std::int64_t>("scale")) {
            written = std::to_string(integer->get());
        } else if (const auto* quoted = table_.get_as<std::string>("scale")) {
            written = quoted->get();
        }
        const auto milli = parse_milli(written);
        if (!milli || *milli <= 0 || *milli > kMostScale.in_milli())
            return wrong("scale", "must be from 0.001 to " + decimal(kMostScale.in_milli()) +
                                      ", with at most three decimals");
        return Amperes::milli(*milli);
    }

    // The lines that are measured, with the keys l1 to l3 for these and no others.
    Result<PhaseSet> phases() {
        BUSBAR_TRY(given, text("phases"));
        auto set = PhaseSet::all();
        if (given) {
            auto parsed = parse_phases(*given);
            if (!parsed || parsed->count() == 0)
                return wrong("phases", "must be lines with + between them: \"L1+L3\"");
            set = *parsed;
        }
        for (const auto phase : kPhases)
            if (!set.has(phase) && has(line_key(phase)))
                return wrong(line_key(phase), "is not among the phases that are measured");
        return set;
    }

    static std::string_view line_key(Phase phase) {
        constexpr std::array<std::string_view, 3> kKeys{"l1", "l2", "l3"};
        return kKeys[static_cast<std::size_t>(phase)];
    }

    Status no_others() const {
        for (const auto& [key, node] : table_)
            if (std::ranges::find(used_, key.str()) == used_.end())
                return wrong(key.str(), "there is no such setting for this protocol");
        return Done{};
    }

private:
    const toml::table& table_;
    const std::string name_;
    std::vector<std::string> used_;
};

constexpr std::string_view kProtocols[] = {"modbus", "mqtt"};
constexpr std::string_view kTables[] = {"holding", "input"};
constexpr std::string_view kNumbers[] = {"uint16", "int16", "uint32", "int32", "float32"};
constexpr std::string_view kWords[] = {"high_first", "low_first"};

Result<RegisterMap> read_preset(FeederTable& table, std::string_view name, PhaseSet phases) {
    auto map = find_preset(name);
    if (!map) {
        std::string names;
        for (const auto each : preset_names()) names += " " + std::string(each);
        return table.wrong("preset", "must be one of" + names);
    }
    for (const std::string_view key : {"registers", "number", "words", "scale", "l1", "l2", "l3"})
        if (table.has(key)) return table.wrong(key, "comes from the preset: leave out one of them");
    for (const auto phase : kPhases)
        if (!phases.has(phase)) map->addresses[static_cast<std::size_t>(phase)].reset();
    return *map;
}

Result<RegisterMap> read_registers(FeederTable& table) {
    BUSBAR_TRY(phases, table.phases());
    BUSBAR_TRY(preset, table.text("preset"));
    if (preset) return read_preset(table, *preset, phases);
    RegisterMap map;
    BUSBAR_TRY(kind, table.word("registers", kTables, std::nullopt));
    map.table = kind == 0 ? modbus::Table::kHolding : modbus::Table::kInput;
    BUSBAR_TRY(number, table.word("number", kNumbers, std::nullopt));
    map.encoding.number = static_cast<Number>(number);
    BUSBAR_TRY(words, table.word("words", kWords, 0));
    map.encoding.words = static_cast<Words>(words);
    BUSBAR_TRY(scale, table.scale());
    map.encoding.scale = scale;
    for (const auto phase : kPhases) {
        if (!phases.has(phase)) continue;
        const auto key = FeederTable::line_key(phase);
        BUSBAR_TRY(address, table.whole(key, 0, 65'535));
        if (!address) return table.wrong(key, "must be given: the address of its register");
        map.addresses[static_cast<std::size_t>(phase)] = static_cast<std::uint16_t>(*address);
    }
    return map;
}

Result<Modbus> read_modbus(FeederTable& table) {
    Modbus modbus;
    BUSBAR_TRY(host, table.required_text("host"));
    modbus.host = host;
    BUSBAR_TRY(port, table.whole("port", 1, 65'535));
    if (port) modbus.port = static_cast<std::uint16_t>(*port);
    BUSBAR_TRY(unit, table.whole("unit", 0, 255));
    if (unit) modbus.unit = static_cast<std::uint8_t>(*unit);
    BUSBAR_TRY(registers, read_registers(table));
    modbus.registers = registers;
    BUSBAR_TRY(interval, table.milliseconds("interval_ms", modbus.interval));
    (void)interval;
    BUSBAR_TRY(timeout, table.milliseconds("timeout_ms", modbus.timeout));
    (void)timeout;
    return modbus;
}

Status read_lines(FeederTable& table, Mqtt& mqtt) {
    BUSBAR_TRY(phases, table.phases());
    BUSBAR_TRY(topic, table.text("topic"));
    BUSBAR_TRY(pointer, table.text("pointer"));
    if (topic && pointer) return table.wrong("pointer", "is for lines with topics of their own");
    for (const auto phase : kPhases) {
        if (!phases.has(phase)) continue;
        const auto key = FeederTable::line_key(phase);
        BUSBAR_TRY(line, table.text(key));
        // One line, one topic: the whole message may be its number.
        if (!line && topic && phases.count() == 1) line = "";
        if (!line)
            return table.wrong(key, topic ? "must be given: where in the message its current stands"
                                          : "must be given: the topic of its current");
        if (topic && line->empty() && phases.count() > 1)
            return table.wrong(key, "must be a JSON pointer: /phases/0/current");
        mqtt.lines[static_cast<std::size_t>(phase)] =
            topic ? MqttLine{*topic, *line} : MqttLine{*line, pointer.value_or("")};
    }
    return Done{};
}

Result<Mqtt> read_mqtt(FeederTable& table) {
    Mqtt mqtt;
    BUSBAR_TRY(host, table.required_text("host"));
    mqtt.host = host;
    BUSBAR_TRY(tls, table.yes("tls"));
    BUSBAR_TRY(ca_file, table.text("ca_file"));
    if (ca_file && !tls) return table.wrong("ca_file", "goes with tls = true only");
    if (tls) mqtt.tls = Tls{ca_file.value_or("")};
    if (tls) mqtt.port = 8883;
    BUSBAR_TRY(port, table.whole("port", 1, 65'535));
    if (port) mqtt.port = static_cast<std::uint16_t>(*port);
    BUSBAR_TRY(username, table.text("username"));
    mqtt.username = username;
    BUSBAR_TRY(password, table.text("password"));
    mqtt.password = password;
    BUSBAR_TRY(scale, table.scale());
    mqtt.scale = scale;
    BUSBAR_TRY(lines, read_lines(table, mqtt));
    (void)lines;
    BUSBAR_TRY(alive, table.milliseconds("keep_alive_ms", mqtt.keep_alive));
    (void)alive;
    BUSBAR_TRY(timeout, table.milliseconds("timeout_ms", mqtt.timeout));
    (void)timeout;
    return mqtt;
}

Result<Source> read_source(FeederTable& table) {
    Source source;
    BUSBAR_TRY(meter, table.required_text("meter"));
    source.meter = MeterId(meter);
    BUSBAR_TRY(protocol, table.word("protocol", kProtocols, std::nullopt));
    if (protocol == 0) {
        BUSBAR_TRY(modbus, read_modbus(table));
        source.link = modbus;
    } else {
        BUSBAR_TRY(mqtt, read_mqtt(table));
        source.link = mqtt;
    }
    if (auto status = table.no_others(); !status) return std::move(status).error();
    if (auto status = check_source(source); !status)
        return table.wrong(status.error().field, status.error().message);
    return source;
}

}  // namespace

Result<std::vector<Source>> read_sources(const toml::table& file) {
    std::vector<Source> sources;
    const auto* node = file.get("feeder");
    if (node == nullptr) return sources;
    const auto* tables = node->as_array();
    if (tables == nullptr || !tables->is_array_of_tables())
        return Error{Errc::kInvalid, "must be tables, each headed [[feeder]]", "feeder"};
    if (tables->size() > kMostSources)
        return Error{Errc::kInvalid, "at most " + std::to_string(kMostSources) + " are taken",
                     "feeder"};
    for (const auto& each : *tables) {
        FeederTable table(*each.as_table(), sources.size());
        BUSBAR_TRY(source, read_source(table));
        if (std::ranges::find(sources, source.meter, &Source::meter) != sources.end())
            return table.wrong("meter", "another feeder is of this meter already");
        sources.push_back(std::move(source));
    }
    return sources;
}

}  // namespace busbar::feeder
