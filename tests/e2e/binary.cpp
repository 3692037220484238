#include "binary.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

namespace busbar::e2e {
namespace {

std::string read_all(int from) {
    std::string out;
    char some[4096];
    for (ssize_t n = 0; (n = read(from, some, sizeof some)) > 0;)
        out.append(some, static_cast<std::size_t>(n));
    return out;
}

std::vector<std::string> serve_words(const std::filesystem::path& data, const std::string& port,
                                     const std::vector<std::string>& more) {
    std::vector<std::string> words{"serve",       "--port",      port,   "--data-dir",
                                   data.string(), "--log-level", "error"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

}  // namespace

Folder::Folder() {
    auto name = (std::filesystem::temp_directory_path() / "busbar-e2e-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
}

Folder::~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

Process::Process(std::vector<std::string> words) {
    int out[2], err[2];
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    std::string program = BUSBAR_BINARY;
    std::vector<char*> arguments{program.data()};
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        execv(program.c_str(), arguments.data());
        _exit(127);
    }
    close(out[1]);
    close(err[1]);
    out_ = out[0];
    err_ = err[0];
}

Process::~Process() {
    if (pid_ > 0) {
        kill(pid_, SIGKILL);
        (void)wait();
    }
    close(out_);
    close(err_);
}

std::string Process::read_line_with(const std::string& text) {
    for (;;) {
        for (std::size_t end = 0; (end = unread_.find('\n')) != std::string::npos;) {
            const auto line = unread_.substr(0, end);
            unread_.erase(0, end + 1);
            if (line.find(text) != std::string::npos) return line;
        }
        char some[4096];
        const auto n = read(out_, some, sizeof some);
        if (n <= 0) return unread_ + read_all(err_);
        unread_.append(some, static_cast<std::size_t>(n));
    }
}

void Process::signal(int number) {
    kill(pid_, number);
}

Process::End Process::wait() {
    End end{.code = -1, .out = unread_ + read_all(out_), .err = read_all(err_)};
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    end.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return end;
}

ServerProcess::ServerProcess(const std::filesystem::path& data, std::vector<std::string> more,
                             const std::string& port)
    : process_(serve_words(data, port, more)) {
    const auto line = process_.read_line_with("Busbar serves");
    const auto at = line.find("http://");
    if (at == std::string::npos) throw std::runtime_error("busbar did not start: " + line);
    url_ = line.substr(at);
}

}  // namespace busbar::e2e
