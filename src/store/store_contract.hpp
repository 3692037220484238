// What every Store must do, whatever it keeps things in: a suite of tests over an engine.
//
// An engine offers a StoreHome and instantiates both suites for it:
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract, testing::Values(kSqlite));
//   INSTANTIATE_TEST_SUITE_P(, ConcurrencyStore, testing::Values(kSqlite));
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <ostream>

#include "base/clock.hpp"
#include "control/ports.hpp"

namespace busbar::store {

// A place where a store keeps its data, for one test. Closing the store and opening it again
// finds them there.
class StoreHome {
public:
    virtual ~StoreHome() = default;
    // With room for `queued` writes. Null, and a failed test, if it cannot be opened.
    virtual std::unique_ptr<control::Store> open(const Clock& clock,
                                                 std::size_t queued = 10'000) = 0;
    // From here on every write to disk fails, until mend().
    virtual void break_disk() = 0;
    virtual void mend_disk() = 0;
};

struct StoreEngine {
    const char* name;
    std::unique_ptr<StoreHome> (*make_home)();

    friend void PrintTo(const StoreEngine& engine, std::ostream* out) { *out << engine.name; }
};

class StoreContract : public testing::TestWithParam<StoreEngine> {
protected:
    StoreContract();

    void reopen(std::size_t queued = 10'000);
    control::Stored stored();
    // Writes, and waits for it.
    Result<std::int64_t> write(control::Change change);

    std::unique_ptr<StoreHome> home_;
    ManualClock clock_;
    std::unique_ptr<control::Store> store_;
};

class ConcurrencyStore : public StoreContract {};

}  // namespace busbar::store
