#include "trial/words.hpp"

#include <array>
#include <cctype>
#include <charconv>

namespace busbar::trial {
namespace {

struct Unit {
    std::string_view name;
    Duration length;
};
using namespace std::chrono_literals;
constexpr std::array kUnits{Unit{"ms", 1ms}, Unit{"min", 1min}, Unit{"s", 1s}, Unit{"h", 1h},
                            Unit{"d", 24h}};

// What stands before a unit; empty if it is another unit.
std::optional<std::string_view> before_unit(std::string_view word, std::string_view unit) {
    if (!word.ends_with(unit) || word.size() == unit.size()) return {};
    word.remove_suffix(unit.size());
    return word;
}

std::optional<std::int64_t> whole(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return {};
    return value;
}

}  // namespace

Result<Words> Words::split(std::string_view line) {
    Words out;
    std::string word;
    const auto end_word = [&] {
        if (!word.empty()) out.words_.push_back({std::move(word), false});
        word.clear();
    };
    for (std::size_t i = 0; i < line.size() && line[i] != '#'; ++i) {
        if (line[i] == '"') {
            const auto close = line.find('"', i + 1);
            if (close == std::string_view::npos)
                return Error{Errc::kInvalid, "a quotation mark has no second one"};
            end_word();
            out.words_.push_back({std::string(line.substr(i + 1, close - i - 1)), true});
            i = close;
        } else if (line[i] == ',' || line[i] == ';') {
            end_word();
            out.words_.push_back({std::string(1, line[i]), false});
        } else if (std::isspace(static_cast<unsigned char>(line[i])) != 0) {
            end_word();
        } else {
            word += line[i];
        }
    }
    end_word();
    return out;
}

const std::string& Words::peek() const {
    static const std::string kNothing;
    return done() ? kNothing : words_[next_].text;
}

std::string Words::take() {
    return done() ? std::string() : words_[next_++].text;
}

bool Words::accept(std::string_view word) {
    if (done() || words_[next_].quoted || words_[next_].text != word) return false;
    ++next_;
    return true;
}

Error Words::wrong(std::string_view wanted) const {
    return {Errc::kInvalid, "wanted " + std::string(wanted) + ", found " +
                                (done() ? "the end of the line" : "'" + peek() + "'")};
}

Result<std::string> Words::name(std::string_view what) {
    if (done() || peek() == "," || peek() == ";") return wrong(what);
    return take();
}

Result<Amperes> Words::amperes() {
    const auto text = before_unit(peek(), "A");
    const auto milli = text ? parse_milli(*text) : Result<std::int64_t>(wrong(""));
    if (!milli) return wrong("an amount such as 16A");
    take();
    return Amperes::milli(*milli);
}

Result<Percent> Words::percent() {
    const auto text = before_unit(peek(), "%");
    const auto milli = text ? parse_milli(*text) : Result<std::int64_t>(wrong(""));
    if (!milli) return wrong("a share such as 50%");
    take();
    return Percent::milli(*milli);
}

Result<std::int64_t> Words::number() {
    const auto value = whole(peek());
    if (!value) return wrong("a whole number");
    take();
    return *value;
}

Result<Duration> Words::duration() {
    for (const auto& unit : kUnits) {
        auto text = before_unit(peek(), unit.name);
        if (text && text->starts_with('+')) text->remove_prefix(1);
        const auto value = text ? whole(*text) : std::nullopt;
        if (!value) continue;
        take();
        return *value * unit.length;
    }
    return wrong("a time such as 100ms, 30s, 15min, 2h or 1d");
}

Result<std::string> Words::quoted(std::string_view what) {
    if (done() || !words_[next_].quoted) return wrong(std::string(what) + " in quotation marks");
    return take();
}

Result<Done> Words::expect(std::string_view word) {
    if (!accept(word)) return wrong("'" + std::string(word) + "'");
    return Done{};
}

std::optional<Duration> Words::time_of_day() {
    const auto& text = peek();
    if (text.size() != 5 && text.size() != 8) return {};
    Duration time{0};
    std::size_t at = 0;
    for (const Duration unit : {Duration{1h}, Duration{1min}, Duration{1s}}) {
        if (at > text.size()) break;
        const auto part = whole(std::string_view(text).substr(at, 2));
        const bool colon = at + 2 == text.size() || text[at + 2] == ':';
        if (!part || !colon || *part < 0 || *part > (unit == Duration{1h} ? 23 : 59)) return {};
        time += *part * unit;
        at += 3;
    }
    take();
    return time;
}

}  // namespace busbar::trial
