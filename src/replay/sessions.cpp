#include "replay/sessions.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <memory>

namespace busbar::replay {
namespace {

constexpr std::size_t kMaxSessions = 1'000'000;
constexpr std::size_t kMaxTextBytes = 256UL << 20;
constexpr std::size_t kMaxColumns = 100;
constexpr double kMaxSteps = 1e9;
constexpr double kMaxKwh = 10'000;
constexpr double kMaxKw = 10'000;

enum Column : std::size_t {
    kArrival,
    kDeparture,
    kEstimated,
    kRequested,
    kDelivered,
    kMaxPower,
    kStation,
    kColumns,
};

struct ColumnName {
    std::string_view name;
    Column column;
    bool in_steps = false;
};
constexpr std::array kColumnNames{
    ColumnName{"arrival", kArrival},
    ColumnName{"departure", kDeparture},
    ColumnName{"estimated_departure", kEstimated},
    ColumnName{"arrival_step", kArrival, true},
    ColumnName{"departure_step", kDeparture, true},
    ColumnName{"estimated_departure_step", kEstimated, true},
    ColumnName{"requested_energy (kwh)", kRequested},
    ColumnName{"requested_kwh", kRequested},
    ColumnName{"delivered_energy (kwh)", kDelivered},
    ColumnName{"delivered_kwh", kDelivered},
    ColumnName{"max_kw", kMaxPower},
    ColumnName{"station_id", kStation},
    ColumnName{"station", kStation},
};

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r";
    const auto first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// The fields of a line; one in double quotes may hold the separator. No quotes inside quotes:
// nothing in these files has any.
void split(std::string_view line, char separator, std::vector<std::string_view>& fields) {
    fields.clear();
    for (;;) {
        const bool quoted = line.starts_with('"');
        const auto closing = quoted ? line.find('"', 1) : std::string_view::npos;
        const auto from = closing == std::string_view::npos ? 0 : closing;
        const auto end = line.find(separator, from);
        const auto field = trimmed(line.substr(0, end));
        fields.push_back(closing == std::string_view::npos ? field : line.substr(1, closing - 1));
        if (end == std::string_view::npos || fields.size() > kMaxColumns) return;
        line.remove_prefix(end + 1);
    }
}

struct Header {
    std::array<std::optional<std::size_t>, kColumns> at = {};
    std::array<std::string, kColumns> names = {};
    bool in_steps = false;
    char separator = ',';
};

class SessionReader {
public:
    explicit SessionReader(std::string_view where) : where_(where) {}

    Result<std::vector<Session>> read(std::string_view text) {
        if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
        bool has_header = false;
        while (!text.empty()) {
            ++line_;
            const auto end = text.find('\n');
            const auto line = text.substr(0, end);
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
            if (trimmed(line).empty() || line.starts_with('#')) continue;
            const auto status = has_header ? take_row(line) : take_header(line);
            if (!status) return status.error();
            has_header = true;
        }
        if (!has_header) return Error{Errc::kInvalid, where_ + ": there is no header line"};
        std::ranges::stable_sort(sessions_, {}, &Session::arrival);
        return std::move(sessions_);
    }

private:
    Error wrong(const std::string& message) const {
        return {Errc::kInvalid, where_ + ", line " + std::to_string(line_) + ": " + message};
    }
    Error wrong(Column column, const std::string& message) const {
        return wrong(header_.names[column] + " '" + std::string(field(column)) + "' " + message);
    }

    std::string_view field(Column column) const {
        return header_.at[column] ? fields_[*header_.at[column]] : std::string_view{};
    }

    Status take_header(std::string_view line) {
        header_.separator = line.find('\t') != std::string_view::npos ? '\t' : ',';
        split(line, header_.separator, fields_);
        if (fields_.size() > kMaxColumns) return wrong("at most 100 columns");
        std::size_t by_clock = 0, by_step = 0;
        for (std::size_t i = 0; i < fields_.size(); ++i) {
            std::string name(fields_[i]);
            std::ranges::transform(name, name.begin(), [](unsigned char c) {
                return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A'))
                                            : static_cast<char>(c);
            });
            const auto known = std::ranges::find(kColumnNames, name, &ColumnName::name);
            if (known == kColumnNames.end()) continue;
            if (header_.at[known->column]) return wrong("'" + name + "' is there twice");
            header_.at[known->column] = i;
            header_.names[known->column] = name;
            if (known->column <= kEstimated) ++(known->in_steps ? by_step : by_clock);
        }
        if (by_clock > 0 && by_step > 0) return wrong("times and steps are mixed");
        header_.in_steps = by_step > 0;
        constexpr std::array kNeeded{kArrival, kDeparture, kRequested, kDelivered, kStation};
        constexpr std::array<std::string_view, 5> kCalled{
            "arrival (or arrival_step)", "departure (or departure_step)",
            "requested_energy (kWh) (or requested_kwh)",
            "delivered_energy (kWh) (or delivered_kwh)", "station_id (or station)"};
        for (std::size_t i = 0; i < kNeeded.size(); ++i)
            if (!header_.at[kNeeded[i]])
                return wrong("the header has no column " + std::string(kCalled[i]));
        columns_ = fields_.size();
        return Done{};
    }

    Status take_row(std::string_view line) {
        if (sessions_.size() == kMaxSessions)
            return Error{Errc::kTooLarge, where_ + ": at most a million sessions"};
        split(line, header_.separator, fields_);
        if (fields_.size() != columns_)
            return wrong("has " + std::to_string(fields_.size()) + " fields, the header " +
                         std::to_string(columns_));
        Session session{.station = std::string(field(kStation)), .line = line_};
        if (session.station.empty() || session.station.size() > 48)
            return wrong(kStation, "must be 1 to 48 bytes");
        BUSBAR_TRY(arrival, moment(kArrival));
        BUSBAR_TRY(departure, moment(kDeparture));
        session.arrival = arrival;
        session.departure = departure;
        session.estimated_departure = departure;
        if (departure < arrival) return wrong(kDeparture, "is before the arrival");
        if (!field(kEstimated).empty()) {
            BUSBAR_TRY(estimated, moment(kEstimated));
            session.estimated_departure = estimated;
        }
        BUSBAR_TRY(delivered, amount(kDelivered, kMaxKwh));
        auto requested = delivered;
        if (!field(kRequested).empty()) {
            BUSBAR_TRY(given, amount(kRequested, kMaxKwh));
            requested = given;
        }
        // Kilo to milli.
        session.demand = WattHours::milli(std::llround(std::min(requested, delivered) * 1e6));
        if (!field(kMaxPower).empty()) {
            BUSBAR_TRY(most, amount(kMaxPower, kMaxKw));
            session.maximum = Watts::milli(std::llround(most * 1e6));
        }
        sessions_.push_back(std::move(session));
        return Done{};
    }

    Result<std::int64_t> moment(Column column) const {
        const auto text = field(column);
        if (!header_.in_steps) {
            const auto time = parse_time(text);
            if (!time) return wrong(column, time.error().message);
            return time->time_since_epoch() / kStep;
        }
        // As a decimal: tables with an empty cell write all their whole numbers as "17.0".
        double step = 0;
        const auto* end = text.data() + text.size();
        const auto [stop, failed] = std::from_chars(text.data(), end, step);
        if (failed != std::errc{} || stop != end || !(std::abs(step) <= kMaxSteps) ||
            step != std::trunc(step))
            return wrong(column, "is not a whole number of steps");
        return static_cast<std::int64_t>(step);
    }

    Result<double> amount(Column column, double most) const {
        const auto text = field(column);
        double value = 0;
        const auto* end = text.data() + text.size();
        const auto [stop, failed] = std::from_chars(text.data(), end, value);
        if (failed != std::errc{} || stop != end || !(value >= 0 && value <= most))
            return wrong(column, "is not a number from 0 to " + std::to_string(std::lround(most)));
        return value;
    }

    std::string where_;
    std::size_t line_ = 0;
    std::size_t columns_ = 0;
    Header header_;
    std::vector<std::string_view> fields_;
    std::vector<Session> sessions_;
};

}  // namespace

Result<std::vector<Session>> parse_sessions(std::string_view text, std::string_view where) {
    return SessionReader(where).read(text);
}

Result<std::vector<Session>> load_sessions(const std::filesystem::path& path) {
    std::error_code failed;
    if (!std::filesystem::is_regular_file(path, failed))
        return Error{Errc::kNotFound, "there is no such file", path.string()};
    struct Close {
        void operator()(gzFile file) const { gzclose(file); }
    };
    const std::unique_ptr<gzFile_s, Close> file(gzopen(path.c_str(), "rb"));
    if (!file) return Error{Errc::kUnavailable, "cannot be opened", path.string()};
    std::string text;
    std::array<char, 1 << 16> part;
    for (;;) {
        // gzread passes on what is not compressed as it is.
        const int count = gzread(file.get(), part.data(), static_cast<unsigned>(part.size()));
        int state = Z_OK;
        const std::string_view complaint = gzerror(file.get(), &state);
        // A file that was cut off ends without an error from gzread.
        if (count < 0 || state == Z_BUF_ERROR)
            return Error{Errc::kMalformed, "is damaged: " + std::string(complaint), path.string()};
        if (count == 0) break;
        if (text.size() + static_cast<std::size_t>(count) > kMaxTextBytes)
            return Error{Errc::kTooLarge, "holds more than 256 MiB of text", path.string()};
        text.append(part.data(), static_cast<std::size_t>(count));
    }
    return parse_sessions(text, path.string());
}

}  // namespace busbar::replay
