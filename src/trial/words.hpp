// The words of one line of a scenario, taken one after the other, and the errors that name what
// would have been right.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/quantity.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace busbar::trial {

class Words {
public:
    // Splits at blanks; "," and ";" are words of their own, what stands in quotation marks is
    // one, and "#" begins a comment. Fails with kInvalid on a quotation without an end.
    static Result<Words> split(std::string_view line);

    bool done() const { return next_ == words_.size(); }
    std::size_t left() const { return words_.size() - next_; }
    // The next word; empty at the end.
    const std::string& peek() const;
    std::string take();
    // Takes the next word if it is this one.
    bool accept(std::string_view word);

    // Each fails with kInvalid, saying what it wanted and what is there.
    Result<std::string> name(std::string_view what);
    Result<Amperes> amperes();      // "16A", "0.1A"
    Result<Percent> percent();      // "50%"
    Result<std::int64_t> number();  // "3"
    Result<Duration> duration();    // "100ms", "30s", "15min", "2h", "1d", "-1h"
    Result<std::string> quoted(std::string_view what);
    Result<Done> expect(std::string_view word);
    // "10:00", "10:00:30": since midnight.
    std::optional<Duration> time_of_day();
    Error wrong(std::string_view wanted) const;

private:
    struct Word {
        std::string text;
        bool quoted;
    };

    std::vector<Word> words_;
    std::size_t next_ = 0;
};

}  // namespace busbar::trial
