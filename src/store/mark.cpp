#include "store/mark.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>

namespace busbar::store {
namespace {

std::string new_mark() {
    std::random_device chance;  // tidy-allow(chance): a mark that no other start has
    std::string mark = std::to_string(chance());
    for (int i = 0; i < 3; ++i) mark += "-" + std::to_string(chance());
    return mark;
}

std::string read_text(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// Durable when it returns.
Status write_text(const std::filesystem::path& path, const std::string& text) {
    const auto failed = [&] {
        return Error{Errc::kUnavailable, std::strerror(errno), path.string()};
    };
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return failed();
    const bool written = ::write(file, text.data(), text.size()) == std::ssize(text);
    const bool synced = written && ::fsync(file) == 0;
    const auto error = failed();
    ::close(file);
    return synced ? Status(Done{}) : Status(error);
}

Result<std::string> load_mark(Connection& db) {
    std::string mark;
    const auto status = db.each("SELECT value FROM mark", {}, [&](const Row& row) -> Status {
        mark = row.text(0);
        return Done{};
    });
    if (!status) return status.error();
    return mark;
}

}  // namespace

Result<bool> is_older_copy(Connection& db, const std::filesystem::path& path) {
    const auto beside = std::filesystem::path(path).concat(".mark");
    BUSBAR_TRY(inside, load_mark(db));
    const bool older = read_text(beside) != inside;
    const auto mark = new_mark();
    if (auto status = write_text(beside, mark); !status) return status.error();
    if (auto status = db.run("UPDATE mark SET value = ?", {mark}); !status) return status.error();
    return older;
}

}  // namespace busbar::store
