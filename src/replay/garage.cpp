#include "replay/garage.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <set>
#include <sstream>

namespace busbar::replay {
namespace {

constexpr std::size_t kMaxRows = 100;
constexpr std::size_t kMaxEvses = 10'000;
constexpr std::uintmax_t kMaxGarageBytes = 1 << 20;

// Reads one file; every complaint names its line.
class GarageReader {
public:
    GarageReader(const toml::table& root, std::string_view where) : root_(root), where_(where) {}

    Result<Garage> read() {
        if (auto known = only(root_, {"name", "voltage_v", "row", "evse"}); !known)
            return std::move(known).error();
        BUSBAR_TRY(name, text(root_, "name"));
        garage_.name = name;
        BUSBAR_TRY(voltage, amount(root_, "voltage_v", 1, 1'000));
        garage_.network.supply = {.wiring = Wiring::kDeltaLinear, .nominal = Volts::milli(voltage)};
        BUSBAR_TRY(rows, tables(root_, "row"));
        for (const auto* row : rows)
            if (auto read = read_row(*row); !read) return std::move(read).error();
        BUSBAR_TRY(evses, tables(root_, "evse"));
        for (const auto* evse : evses)
            if (auto read = read_evses(*evse); !read) return std::move(read).error();
        std::ranges::sort(garage_.network.leaves, {}, &Leaf::evse);
        return std::move(garage_);
    }

private:
    Error wrong(const toml::node& at, std::string message) const {
        return {Errc::kInvalid, where_ + ", line " + std::to_string(at.source().begin.line) + ": " +
                                    std::move(message)};
    }

    Status only(const toml::table& table, std::initializer_list<std::string_view> known) const {
        for (const auto& [key, node] : table)
            if (std::ranges::find(known, key.str()) == known.end())
                return wrong(node, "there is no '" + std::string(key.str()) + "' here");
        return Done{};
    }

    Result<std::string> text(const toml::table& table, std::string_view key) const {
        const auto* node = table.get(key);
        if (node == nullptr) return wrong(table, "'" + std::string(key) + "' is missing");
        const auto value = node->value_exact<std::string>();
        if (!value || value->empty() || value->size() > 48)
            return wrong(*node, "'" + std::string(key) + "' must be a text of 1 to 48 bytes");
        return *value;
    }

    // In thousandths.
    Result<std::int64_t> amount(const toml::table& table, std::string_view key, double least,
                                double most) const {
        const auto* node = table.get(key);
        if (node == nullptr) return wrong(table, "'" + std::string(key) + "' is missing");
        const auto value = node->is_number() ? node->value<double>() : std::nullopt;
        if (!value || !(*value >= least && *value <= most))
            return wrong(*node, "'" + std::string(key) + "' must be a number from " +
                                    decimal(std::llround(least * 1000)) + " to " +
                                    decimal(std::llround(most * 1000)));
        return std::llround(*value * 1000);
    }

    Result<std::vector<const toml::table*>> tables(const toml::table& table,
                                                   std::string_view key) const {
        std::vector<const toml::table*> found;
        const auto* node = table.get(key);
        if (node == nullptr) return wrong(table, "there is no [[" + std::string(key) + "]]");
        if (!node->is_array_of_tables())
            return wrong(*node, "must be written as [[" + std::string(key) + "]]");
        for (const auto& each : *node->as_array()) found.push_back(each.as_table());
        return found;
    }

    Result<RowIndex> row_behind(const toml::table& table) const {
        BUSBAR_TRY(name, text(table, "behind"));
        const auto& rows = garage_.network.rows;
        const auto found = std::ranges::find(rows, name, &Row::name);
        if (found == rows.end())
            return wrong(*table.get("behind"), "there is no row '" + name + "' above");
        return static_cast<RowIndex>(found - rows.begin());
    }

    Result<LineModel> model_of(const toml::table& table) const {
        BUSBAR_TRY(word, text(table, "model"));
        if (word == "sum") return LineModel::kSum;
        if (word == "delta") return LineModel::kDelta;
        if (word == "delta_primary") return LineModel::kDeltaPrimary;
        return wrong(*table.get("model"), "'model' must be sum, delta or delta_primary");
    }

    Status read_row(const toml::table& table) {
        auto& rows = garage_.network.rows;
        if (auto known =
                only(table, {"name", "behind", "model", "limit_a", "line_voltage_v", "ratio"});
            !known)
            return known;
        if (rows.size() == kMaxRows) return wrong(table, "at most 100 rows");
        BUSBAR_TRY(name, text(table, "name"));
        if (std::ranges::find(rows, name, &Row::name) != rows.end())
            return wrong(*table.get("name"), "there is a row '" + name + "' already");
        BUSBAR_TRY(model, model_of(table));
        Row row{.name = name,
                .circuit = CircuitId{name},
                .parent = std::nullopt,
                .budget = {},
                .model = model};
        if (table.contains("behind")) {
            BUSBAR_TRY(above, row_behind(table));
            row.parent = above;
        }
        if (table.contains("line_voltage_v") == table.contains("limit_a"))
            return wrong(table, "a row has either 'limit_a' or 'line_voltage_v'");
        if (table.contains("limit_a")) {
            if (table.contains("ratio"))
                return wrong(*table.get("ratio"), "'ratio' is of rows with 'line_voltage_v'");
            BUSBAR_TRY(limit, amount(table, "limit_a", 0, 100'000));
            row.budget = PerPhase::each(Amperes::milli(limit));
        } else {
            BUSBAR_TRY(voltage, amount(table, "line_voltage_v", 1, 100'000));
            std::int64_t ratio = 1;
            if (const auto* node = table.get("ratio")) {
                const auto given = node->value_exact<std::int64_t>();
                if (!given || *given < 1 || *given > 1000)
                    return wrong(*node, "'ratio' must be a whole number from 1 to 1000");
                ratio = *given;
            }
            garage_.feeds.push_back(
                {.row = rows.size(), .line_voltage = Volts::milli(voltage), .ratio = ratio});
        }
        rows.push_back(std::move(row));
        return Done{};
    }

    Result<PhaseSet> lines_of(const toml::table& table, const std::vector<RowIndex>& rows) const {
        BUSBAR_TRY(word, text(table, "lines"));
        using enum Phase;
        PhaseSet lines;
        if (word == "A") lines = {kL1};
        if (word == "B") lines = {kL2};
        if (word == "C") lines = {kL3};
        if (word == "AB") lines = {kL1, kL2};
        if (word == "BC") lines = {kL2, kL3};
        if (word == "CA" || word == "AC") lines = {kL1, kL3};
        if (lines.count() == 0)
            return wrong(*table.get("lines"), "'lines' must be AB, BC, CA, A, B or C");
        for (const auto row : rows)
            if (garage_.network.rows[row].model != LineModel::kSum && lines.count() != 2)
                return wrong(*table.get("lines"), "behind '" + garage_.network.rows[row].name +
                                                      "' an EVSE is between two lines");
        return lines;
    }

    Status read_evses(const toml::table& table) {
        auto& network = garage_.network;
        if (auto known = only(table, {"behind", "lines", "maximum_a", "quantum_a", "stations"});
            !known)
            return known;
        BUSBAR_TRY(nearest, row_behind(table));
        std::vector<RowIndex> rows{nearest};
        while (const auto above = network.rows[rows.back()].parent) rows.push_back(*above);
        BUSBAR_TRY(lines, lines_of(table, rows));
        BUSBAR_TRY(maximum, amount(table, "maximum_a", 1, 1'000));
        std::int64_t quantum = 1;
        if (table.contains("quantum_a")) {
            BUSBAR_TRY(given, amount(table, "quantum_a", 0.001, 10));
            quantum = given;
        }
        const auto* stations = table.get_as<toml::array>("stations");
        if (stations == nullptr || stations->empty())
            return wrong(table, "'stations' must be a list of at least one name");
        for (const auto& station : *stations) {
            const auto name = station.value_exact<std::string>();
            if (!name || name->empty() || name->size() > 48)
                return wrong(station, "a station is a text of 1 to 48 bytes");
            if (!stations_.insert(*name).second)
                return wrong(station, "there is a station '" + *name + "' already");
            if (network.leaves.size() == kMaxEvses) return wrong(station, "at most 10,000 EVSEs");
            network.leaves.push_back({.evse = {ChargerId{*name}, 1},
                                      .rows = rows,
                                      .phases = lines,
                                      .maximum = Amperes::milli(maximum),
                                      .minimum = {},
                                      .floor = {},
                                      .quantum = Amperes::milli(quantum),
                                      .settle = {},
                                      .partner = {},
                                      .keeps_profiles = true});
        }
        return Done{};
    }

    const toml::table& root_;
    std::string where_;
    Garage garage_;
    std::set<std::string, std::less<>> stations_;
};

}  // namespace

std::vector<PerPhase> Garage::budgets(Watts capacity) const {
    BUSBAR_CHECK(capacity >= Watts{} && capacity <= Watts::of(1'000'000'000));
    std::vector<PerPhase> all;
    all.reserve(network.rows.size());
    for (const auto& row : network.rows) all.push_back(row.budget);
    for (const auto& feed : feeds) {
        const auto milliamperes = capacity.in_milli() * feed.ratio / 3 * 1000;
        all[feed.row] = PerPhase::each(Amperes::milli(milliamperes / feed.line_voltage.in_milli()));
    }
    return all;
}

std::optional<LeafIndex> Garage::leaf_of(std::string_view station) const {
    return network.leaf_of({ChargerId{std::string(station)}, 1});
}

Result<Garage> parse_garage(std::string_view toml, std::string_view where) {
    toml::table root;
    try {
        root = toml::parse(toml, where);
    } catch (const toml::parse_error& error) {
        return Error{Errc::kInvalid, std::string(where) + ", line " +
                                         std::to_string(error.source().begin.line) + ": " +
                                         std::string(error.description())};
    }
    return GarageReader(root, where).read();
}

Result<Garage> load_garage(const std::string& name_or_path) {
    if (const auto text = built_in_garage(name_or_path); !text.empty())
        return parse_garage(text, name_or_path + ".toml");
    std::error_code failed;
    const auto size = std::filesystem::file_size(name_or_path, failed);
    if (failed)
        return Error{Errc::kNotFound,
                     "no built-in network ('caltech') and no file: " + failed.message(),
                     name_or_path};
    if (size > kMaxGarageBytes)
        return Error{Errc::kTooLarge, "a network file has at most 1 MiB", name_or_path};
    std::ifstream file(name_or_path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) return Error{Errc::kUnavailable, "cannot be read", name_or_path};
    return parse_garage(text.str(), name_or_path);
}

}  // namespace busbar::replay
