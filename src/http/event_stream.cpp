#include "http/event_stream.hpp"

#include <utility>

namespace busbar::http {

void EventStream::push(std::string_view name, std::string_view id, std::string_view data) {
    std::function<void()> wake;
    {
        const std::lock_guard lock(mutex_);
        if (full_ || closed_) return;
        if (count_ == kMostEvents || waiting_.size() + data.size() > kMostBytes) {
            full_ = true;
            waiting_ += "event: lost\ndata: {\"reason\":\"you read too slowly\"}\n\n";
        } else {
            ++count_;
            waiting_.append("event: ").append(name).append("\n");
            if (!id.empty()) waiting_.append("id: ").append(id).append("\n");
            waiting_.append("data: ").append(data).append("\n\n");
        }
        wake = wake_;
    }
    if (wake) wake();
}

void EventStream::keep(std::shared_ptr<void> source) {
    const std::lock_guard lock(mutex_);
    if (!closed_) source_ = std::move(source);
}

void EventStream::on_news(std::function<void()> wake) {
    {
        const std::lock_guard lock(mutex_);
        wake_ = wake;
        if (waiting_.empty()) return;
    }
    wake();
}

std::string EventStream::take() {
    const std::lock_guard lock(mutex_);
    count_ = 0;
    return std::exchange(waiting_, {});
}

bool EventStream::over() const {
    const std::lock_guard lock(mutex_);
    return full_ && waiting_.empty();
}

void EventStream::close() {
    std::shared_ptr<void> outside_the_lock;
    std::function<void()> wake;
    const std::lock_guard lock(mutex_);
    closed_ = true;
    outside_the_lock = std::move(source_);
    wake = std::exchange(wake_, {});
}

}  // namespace busbar::http
