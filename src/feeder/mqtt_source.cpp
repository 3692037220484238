#include <algorithm>

#include "feeder/mqtt.hpp"
#include "feeder/source.hpp"

namespace busbar::feeder {
namespace {

constexpr auto kLeastApart = std::chrono::milliseconds{200};  // Between two samples.

// The lines of one topic.
struct TopicFields {
    std::string topic;
    std::vector<PayloadField> fields;
};

std::vector<TopicFields> by_topic(const Mqtt& mqtt) {
    std::vector<TopicFields> topics;
    for (const auto phase : kPhases) {
        const auto& line = mqtt.lines[static_cast<std::size_t>(phase)];
        if (!line) continue;
        auto known = std::ranges::find(topics, line->topic, &TopicFields::topic);
        if (known == topics.end()) known = topics.insert(topics.end(), {line->topic, {}});
        known->fields.push_back({phase, line->pointer});
    }
    return topics;
}

class MqttSource {
public:
    MqttSource(const Mqtt& mqtt, std::string client, const Waiter& waiter, Journal& journal)
        : mqtt_(mqtt),
          client_(std::move(client)),
          waiter_(waiter),
          journal_(journal),
          topics_(by_topic(mqtt)) {}

    // Listens until the connection is lost or we are to stop; says why.
    Error serve(Backoff& backoff) {
        const auto deadline = waiter_.now() + mqtt_.timeout;
        auto connection = open_connection(waiter_, mqtt_.host, mqtt_.port, mqtt_.tls, deadline);
        if (!connection) return std::move(connection).error();
        received_.clear();
        latest_ = {};
        if (auto status = log_in(**connection, deadline); !status) return std::move(status).error();
        if (auto status = subscribe(**connection, deadline); !status)
            return std::move(status).error();
        journal_.connected();
        auto lost = listen(**connection, backoff);
        // What is gone cannot be told goodbye; for the rest, so much courtesy may take a moment.
        (void)(*connection)->send(mqtt::disconnect_bytes(), waiter_.now());
        return lost;
    }

private:
    struct Heard {
        Current current = {};
        SteadyPoint at = {};
    };

    // The next packet. Fails with kTimeout while none is there.
    Result<mqtt::Packet> next(Connection& connection, SteadyPoint deadline) {
        for (;;) {
            // A broker that never stops talking leaves nothing to wait for.
            if (waiter_.stopping()) return Error{Errc::kUnavailable, "stopping"};
            BUSBAR_TRY(packet, mqtt::take_packet(received_));
            if (packet) return std::move(*packet);
            BUSBAR_TRY(more, connection.receive(received_, deadline));
            (void)more;
            heard_ = waiter_.now();
        }
    }

    Status log_in(Connection& connection, SteadyPoint deadline) {
        const auto keep_alive_s = std::chrono::ceil<std::chrono::seconds>(mqtt_.keep_alive).count();
        const mqtt::Login login{client_, static_cast<std::uint16_t>(keep_alive_s), mqtt_.username,
                                mqtt_.password};
        BUSBAR_TRY(sent, connection.send(mqtt::connect_bytes(login), deadline));
        (void)sent;
        BUSBAR_TRY(packet, next(connection, deadline));
        const auto* connected = std::get_if<mqtt::Connected>(&packet);
        if (connected == nullptr) return Error{Errc::kMalformed, "the broker does not welcome us"};
        if (connected->code != 0)
            return Error{Errc::kForbidden,
                         "the broker refuses us: " + std::string(mqtt::refusal(connected->code))};
        return Done{};
    }

    Status subscribe(Connection& connection, SteadyPoint deadline) {
        std::vector<std::string> names;
        names.reserve(topics_.size());
        for (const auto& each : topics_) names.push_back(each.topic);
        BUSBAR_TRY(sent, connection.send(mqtt::subscribe_bytes(1, names), deadline));
        (void)sent;
        while (waiter_.now() < deadline) {
            BUSBAR_TRY(packet, next(connection, deadline));
            if (const auto* message = std::get_if<mqtt::Message>(&packet)) take(*message);
            const auto* subscribed = std::get_if<mqtt::Subscribed>(&packet);
            if (subscribed == nullptr) continue;
            if (subscribed->codes.size() != names.size())
                return Error{Errc::kMalformed, "the broker answers for other topics"};
            for (std::size_t i = 0; i < names.size(); ++i)
                if (subscribed->codes[i] > 2)
                    return Error{Errc::kForbidden, "the broker refuses the topic " + names[i]};
            return Done{};
        }
        return Error{Errc::kTimeout, "the broker does not answer our subscription"};
    }

    Error listen(Connection& connection, Backoff& backoff) {
        auto ping_at = waiter_.now() + mqtt_.keep_alive / 2;
        for (;;) {
            auto wake = std::min(ping_at, heard_ + mqtt_.keep_alive);
            if (changed_) wake = std::min(wake, sampled_ + kLeastApart);
            auto packet = next(connection, wake);
            if (packet) {
                if (const auto* message = std::get_if<mqtt::Message>(&*packet)) take(*message);
            } else if (packet.error().code != Errc::kTimeout) {
                return std::move(packet).error();
            }
            const auto now = waiter_.now();
            if (give(now)) backoff.reset();
            if (now >= heard_ + mqtt_.keep_alive)
                return {Errc::kTimeout, "the broker has fallen silent"};
            if (now >= ping_at) {
                auto sent = connection.send(mqtt::ping_bytes(), now + mqtt_.timeout);
                if (!sent) return std::move(sent).error();
                ping_at = now + mqtt_.keep_alive / 2;
            }
        }
    }

    void take(const mqtt::Message& message) {
        const auto topic = std::ranges::find(topics_, message.topic, &TopicFields::topic);
        if (topic == topics_.end()) return;
        if (message.retained) {
            journal_.dropped({Errc::kInvalid, "the broker kept this message: its age is unknown",
                              message.topic});
            return;
        }
        auto currents = read_payload(message.payload, topic->fields, mqtt_.scale);
        if (!currents) {
            journal_.dropped(std::move(currents).error());
            return;
        }
        for (const auto& field : topic->fields) {
            const auto line = static_cast<std::size_t>(field.phase);
            latest_[line] = Heard{*(*currents)[line], heard_};
        }
        changed_ = true;
    }

    // Hands over what has changed, if all lines are known and it is time. Whether it did.
    bool give(SteadyPoint now) {
        if (!changed_ || now < sampled_ + kLeastApart) return false;
        Currents currents;
        auto oldest = now;
        for (const auto& topic : topics_) {
            for (const auto& field : topic.fields) {
                const auto line = static_cast<std::size_t>(field.phase);
                if (!latest_[line]) return changed_ = false;
                currents[line] = latest_[line]->current;
                oldest = std::min(oldest, latest_[line]->at);
            }
        }
        changed_ = false;
        sampled_ = now;
        journal_.sample(currents, oldest);
        return true;
    }

    const Mqtt& mqtt_;
    const std::string client_;
    const Waiter& waiter_;
    Journal& journal_;
    const std::vector<TopicFields> topics_;
    std::string received_;
    std::array<std::optional<Heard>, 3> latest_;
    bool changed_ = false;      // Something came that has not been handed over.
    SteadyPoint heard_ = {};    // The broker, last.
    SteadyPoint sampled_ = {};  // The last sample was handed over.
};

}  // namespace

void run_mqtt(const Mqtt& mqtt, const std::string& client, const Waiter& waiter, Backoff backoff,
              Journal& journal) {
    MqttSource source(mqtt, client, waiter, journal);
    while (!waiter.stopping()) {
        const auto lost = source.serve(backoff);
        if (waiter.stopping()) return;
        journal.disconnected(lost);
        waiter.until(waiter.now() + backoff.next());
    }
}

}  // namespace busbar::feeder
