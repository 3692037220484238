#include "trial_bytes/byte_wire.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <utility>

#include "ocpp/gateway.hpp"
#include "sim/speech.hpp"
#include "trial_bytes/usher.hpp"

namespace busbar::trial {

namespace asio = boost::asio;

namespace {

const sim::Address kServer{"server", "80", "/ocpp/"};
constexpr std::int64_t kBytesOfAFewMessages = 500;

}  // namespace

// What a dead server's connections still say goes nowhere.
class ByteWire::Ear final : public control::ChargerEvents {
public:
    explicit Ear(control::ChargerEvents& events) : events_(&events) {}

    void deafen() { events_ = nullptr; }
    bool hears() const { return events_ != nullptr; }

    void connected(const ChargerId& charger, std::int64_t generation) override {
        if (events_) events_->connected(charger, generation);
    }
    void disconnected(const ChargerId& charger, std::int64_t generation) override {
        if (events_) events_->disconnected(charger, generation);
    }
    void boot(const ChargerId& charger, BootInfo info,
              std::function<void(BootReply)> reply) override {
        if (events_) events_->boot(charger, std::move(info), std::move(reply));
    }
    void status(const ChargerId& charger, StatusReport report) override {
        if (events_) events_->status(charger, std::move(report));
    }
    void authorize(const ChargerId& charger, std::string id_tag,
                   std::function<void(Authorization)> reply) override {
        if (events_) events_->authorize(charger, std::move(id_tag), std::move(reply));
    }
    void start(const ChargerId& charger, StartRequest request,
               control::Callback<StartReply> reply) override {
        if (events_) events_->start(charger, std::move(request), std::move(reply));
    }
    void stop(const ChargerId& charger, StopRequest request,
              control::Callback<Done> reply) override {
        if (events_) events_->stop(charger, std::move(request), std::move(reply));
    }
    void meter(const ChargerId& charger, MeterReport report) override {
        if (events_) events_->meter(charger, std::move(report));
    }
    void transaction(const ChargerId& charger, TransactionEvent event,
                     control::Callback<StartReply> reply) override {
        if (events_) events_->transaction(charger, std::move(event), std::move(reply));
    }

    void told_time(const ChargerId& charger, TimePoint now) override {
        if (events_) events_->told_time(charger, now);
    }

private:
    control::ChargerEvents* events_;
};

// One life of the server, as the network sees it. Its connections refer to the ear for as long as
// the strand runs.
class ByteWire::Server {
public:
    Server(const asio::any_io_executor& executor, control::ChargerEvents& events,
           const Clock& clock)
        : ear(events), gateway(std::make_shared<ocpp::Gateway>(executor, ear, clock)) {}

    Ear ear;
    std::shared_ptr<ocpp::Gateway> gateway;  // Null once it is dead.
};

ByteWire::ByteWire(Strand& strand, const Clock& clock, ByteWireSettings settings,
                   std::uint64_t seed)
    : strand_(strand),
      clock_(clock),
      settings_(settings),
      random_(seed),
      network_(strand, clock, random_.next(), settings.weather) {}

ByteWire::~ByteWire() {
    server_down();
}

// --- The server's side ---------------------------------------------------------------------------

void ByteWire::server_up(control::ChargerEvents& events) {
    BUSBAR_CHECK(servers_.empty() || !servers_.back()->gateway);
    auto server = std::make_shared<Server>(network_.executor(), events, clock_);
    const std::weak_ptr<ocpp::Gateway> gateway = server->gateway;
    servers_.push_back(std::move(server));
    network_.listen([gateway](net::ByteStream stream) { bring_in(std::move(stream), gateway); });
}

void ByteWire::server_down() {
    if (servers_.empty() || !servers_.back()->gateway) return;
    auto& dead = *servers_.back();
    dead.ear.deafen();
    network_.listen({});
    network_.cut_all();
    dead.gateway->begin_stop();
    // Whoever is at work in it now ends that first.
    strand_.post([gateway = std::exchange(dead.gateway, nullptr)] {});
}

void ByteWire::call(const ChargerId& charger, Command command,
                    std::function<void(SteadyPoint)> sent, std::function<void(CallResult)> done) {
    if (servers_.empty() || !servers_.back()->gateway) return;  // Its last words.
    const auto server = servers_.back();
    server->gateway->call(
        charger, std::move(command),
        [server, sent = std::move(sent)](SteadyPoint at) {
            if (server->ear.hears()) sent(at);
        },
        [server, done = std::move(done)](CallResult result) {
            if (server->ear.hears()) done(std::move(result));
        });
}

void ByteWire::disconnect(const ChargerId& charger) {
    if (!servers_.empty() && servers_.back()->gateway)
        servers_.back()->gateway->disconnect(charger);
}

void ByteWire::refuse(const ChargerId& charger, SteadyPoint until) {
    if (!servers_.empty() && servers_.back()->gateway)
        servers_.back()->gateway->refuse(charger, until);
}

// --- A charger's side ----------------------------------------------------------------------------

void ByteWire::add(const ChargerId& charger, ChargerEnd& end) {
    auto& line = lines_[charger];
    line.end = &end;
    line.speech = new_speech(settings_.version);
}

void ByteWire::dial(const ChargerId& charger) {
    auto& line = lines_.at(charger);
    leave(line);
    line.dialled = ++dialled_;
    auto dialed = network_.dial();
    line.cable = std::move(dialed.cable);
    line.link = std::make_shared<sim::Link>(std::move(dialed.stream), clock_);
    asio::co_spawn(network_.executor(), talk(charger, line.dialled, line.link),
                   [](std::exception_ptr failed) {
                       if (failed) std::rethrow_exception(failed);
                   });
}

void ByteWire::drop(const ChargerId& charger) {
    leave(lines_.at(charger));
}

// Without a word: the server's end is not told.
void ByteWire::leave(Line& line) {
    line.dialled = 0;
    line.up = false;
    line.open.clear();
    if (line.cable) line.cable->silence();
    if (line.link) line.link->close();
    line.cable.reset();
    line.link.reset();
}

asio::awaitable<void> ByteWire::talk(ChargerId charger, std::uint64_t dialled,
                                     std::shared_ptr<sim::Link> link) {
    auto& line = lines_.at(charger);
    std::string protocol(sim::speech_of(settings_.version).subprotocol());
    const auto opened = co_await link->open(kServer, charger.str(), std::move(protocol));
    if (line.dialled != dialled) co_return;
    if (opened) {
        line.up = true;
        line.end->linked();
        for (;;) {
            const auto text = co_await link->read();
            if (line.dialled != dialled) co_return;
            if (!text) break;
            hear(charger, *text);
        }
    }
    leave(line);
    line.end->unlinked();
}

void ByteWire::say(const ChargerId& charger, Said said,
                   std::function<void(Result<Answer>)> answered) {
    auto& line = lines_.at(charger);
    if (!line.up || lost()) return;
    if (random_.between(std::int64_t{1}, std::int64_t{100}) <= settings_.clogs_pct)
        line.cable->clog(random_.between(Duration{0}, settings_.clog_most));
    auto [action, payload, begins] = line.speech->in_words(said);
    auto id = std::to_string(++said_);
    line.link->send(sim::write_call(id, action, std::move(payload)));
    line.open.push_back({std::move(id), std::string(action), begins, std::move(answered)});
}

void ByteWire::hear(const ChargerId& charger, std::string_view text) {
    auto frame = sim::read_frame(text);
    BUSBAR_CHECK(frame);  // The product does not write such.
    if (lost()) return;
    auto& line = lines_.at(charger);
    if (const auto* call = std::get_if<sim::Call>(&*frame))
        asked(charger, *call);
    else if (auto* answer = std::get_if<sim::CallAnswer>(&*frame))
        this->answered(line, answer->id, std::move(answer->payload));
    else if (const auto* refusal = std::get_if<sim::CallRefusal>(&*frame))
        this->answered(line, refusal->id,
                       Error{Errc::kUnavailable, refusal->code + ": " + refusal->description});
}

void ByteWire::asked(const ChargerId& charger, const sim::Call& call) {
    auto& line = lines_.at(charger);
    auto command = line.speech->command_in(call);
    if (!command)
        return line.link->send(
            sim::write_refusal(call.id, "NotSupported", command.error().message));
    line.end->asked(*std::move(command),
                    [this, charger, dialled = line.dialled, call](const CallResult& result) {
                        const auto& at = lines_.at(charger);
                        if (at.dialled != dialled || lost()) return;
                        if (auto frame = reply_to(call, result)) at.link->send(*std::move(frame));
                    });
}

void ByteWire::answered(Line& line, std::string_view id, Result<sim::json::object> payload) {
    const auto found = std::ranges::find(line.open, id, &OpenCall::id);
    if (found == line.open.end()) return;
    auto call = std::move(*found);
    line.open.erase(found);
    if (!payload) return call.answered(std::move(payload).error());
    auto answer = line.speech->answer_in(call.action, call.begins, *payload);
    BUSBAR_CHECK(answer);
    call.answered(*std::move(answer));
}

// --- The world's side ----------------------------------------------------------------------------

void ByteWire::cut(const ChargerId& charger, Cut how) {
    auto& line = lines_.at(charger);
    if (!line.cable) return;
    if (how == Cut::kHalfOpen) return line.cable->silence();
    // Now, or in the middle of what is said next.
    if (random_.between(std::int64_t{0}, std::int64_t{1}) == 0) return line.cable->cut();
    line.cable->cut_after(
        static_cast<std::size_t>(random_.between(std::int64_t{1}, kBytesOfAFewMessages)));
}

}  // namespace busbar::trial
