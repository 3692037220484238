// The busbar program as a child process: started, read from, killed.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace busbar::e2e {

// A folder that is gone with its owner.
class Folder {
public:
    Folder();
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

class Process {
public:
    // Runs busbar with these words. Its standard output and error come here.
    explicit Process(std::vector<std::string> words);
    ~Process();  // SIGKILL, if it still runs.
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    // Reads its standard output up to a line that holds `text`; that line, or all there was if
    // it ended first.
    std::string read_line_with(const std::string& text);
    void signal(int number);
    struct End {
        int code;         // 128 + n where signal n ended it.
        std::string out;  // What it wrote and nobody has read.
        std::string err;
    };
    End wait();

private:
    pid_t pid_ = -1;
    int out_ = -1;
    int err_ = -1;
    std::string unread_;
};

// `busbar serve` on a free port, ready to answer.
class ServerProcess {
public:
    // `port` "0": the system picks one.
    ServerProcess(const std::filesystem::path& data, std::vector<std::string> more = {},
                  const std::string& port = "0");

    Process& process() { return process_; }
    const std::string& url() const { return url_; }  // "http://127.0.0.1:4711"
    std::string port() const { return url_.substr(url_.rfind(':') + 1); }

private:
    Process process_;
    std::string url_;
};

}  // namespace busbar::e2e
