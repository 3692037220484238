// An answer that goes on: server-sent events (WHATWG HTML, section 9.2), for a page that watches.
//
// Between whoever has news, on any thread, and the one connection that writes them. Thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace busbar::http {

class EventStream {
public:
    // What waits for a client that reads too slowly. What goes beyond ends the stream: the client
    // connects again, and says what it has.
    static constexpr std::size_t kMostEvents = 1'000;
    static constexpr std::size_t kMostBytes = 1024 * 1024;

    // `data` in one line, as JSON is. `id`: what the client has then; empty: none.
    void push(std::string_view name, std::string_view id, std::string_view data);

    // Kept as long as the stream: what feeds it.
    void keep(std::shared_ptr<void> source);

    // --- For the connection ---
    // `wake` is called when there is something to take, from any thread.
    void on_news(std::function<void()> wake);
    // All that waits, as it is to be written.
    std::string take();
    // Nothing more comes, and all is taken.
    bool over() const;
    // The client is gone: lets go of what feeds it.
    void close();

private:
    mutable std::mutex mutex_;
    std::string waiting_;
    std::size_t count_ = 0;
    bool full_ = false;
    bool closed_ = false;
    std::function<void()> wake_;
    std::shared_ptr<void> source_;
};

}  // namespace busbar::http
