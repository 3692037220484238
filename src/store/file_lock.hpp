// Keeps a second Busbar off the same data: a file that is locked as long as this object lives.
#pragma once

#include <filesystem>

#include "base/result.hpp"

namespace busbar::store {

class FileLock {
public:
    // Creates the file if need be, and never waits. kConflict, with the number of the process
    // that holds it, if somebody does; kUnavailable, naming the file, if it cannot be written.
    // The system lets go of the lock when the process ends, however it ends; the file stays.
    static Result<FileLock> take(const std::filesystem::path& path);

    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&&) = delete;
    ~FileLock();

private:
    explicit FileLock(int file) : file_(file) {}
    int file_;
};

}  // namespace busbar::store
