#include "store/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace busbar::store {
namespace {

// "1234", as the holder wrote it, or nothing.
std::string holder(int file) {
    std::array<char, 20> text{};
    const auto size = ::pread(file, text.data(), text.size(), 0);
    std::string digits(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    digits.resize(std::min(digits.find_first_not_of("0123456789"), digits.size()));
    return digits;
}

Error in_use(int file) {
    const auto pid = holder(file);
    return {Errc::kConflict,
            "in use by another busbar" + (pid.empty() ? "" : " (process " + pid + ")")};
}

}  // namespace

Result<FileLock> FileLock::take(const std::filesystem::path& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return Error{Errc::kUnavailable, path.string() + ": " + std::strerror(errno)};
    FileLock lock(file);
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return in_use(file);
        return Error{Errc::kUnavailable, path.string() + ": " + std::strerror(errno)};
    }
    // For the other's error message only: a full disk is no reason not to start.
    const auto pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(file, 0) != 0 || ::pwrite(file, pid.data(), pid.size(), 0) < 0) return lock;
    return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

FileLock::~FileLock() {
    if (file_ >= 0) ::close(file_);
}

}  // namespace busbar::store
