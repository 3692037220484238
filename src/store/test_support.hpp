// For the tests of this module: a folder that goes away, and waiting for callbacks.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/result.hpp"

namespace busbar::store {

class TempFolder {
public:
    TempFolder() {
        auto name = (std::filesystem::temp_directory_path() / "busbar-store-XXXXXX").string();
        BUSBAR_CHECK(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~TempFolder() {
        std::error_code ignored;  // A folder left behind fails no test.
        std::filesystem::remove_all(path_, ignored);
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;

    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

// The result of a call with a callback: await<Done>([&](auto done) { store.save(x, done); }).
// Waits 30 s at most; a second callback fails the test.
template <class T>
class Pending {
public:
    std::function<void(Result<T>)> callback() {
        return [answer = answer_](Result<T> result) {
            try {
                answer->set_value(std::move(result));
            } catch (const std::future_error&) {
                ADD_FAILURE() << "called back twice";
            }
        };
    }
    Result<T> get() {
        if (future_.wait_for(std::chrono::seconds{30}) != std::future_status::ready)
            return Error{Errc::kTimeout, "no callback within 30 s"};
        return future_.get();
    }

private:
    std::shared_ptr<std::promise<Result<T>>> answer_ = std::make_shared<std::promise<Result<T>>>();
    std::future<Result<T>> future_ = answer_->get_future();
};

template <class T, class Call>
Result<T> await(Call call) {
    Pending<T> pending;
    call(pending.callback());
    return pending.get();
}

// What went wrong, empty if nothing.
template <class T>
std::string problem(const Result<T>& result) {
    return result ? std::string() : result.error().message;
}

template <class T>
std::optional<T> value(Result<T> result) {
    if (!result) return {};
    return *std::move(result);
}

template <class T>
std::optional<Errc> code(const Result<T>& result) {
    if (result) return {};
    return result.error().code;
}

}  // namespace busbar::store
