// The way between the server and its chargers in a trial: what the network and the adapter of a
// protocol are in the product. One carries messages as values, another may carry real bytes; the
// world around them is the same.
//
// All of it runs on the trial's one strand, in virtual time. No callback runs inside the call that
// was handed it.
#pragma once

#include <functional>
#include <string>
#include <variant>

#include "control/ports.hpp"

namespace busbar::trial {

// What a charger says of its own accord, and what it is answered.
struct AuthorizeRequest {
    std::string id_tag;
};
using Said =
    std::variant<BootInfo, StatusReport, AuthorizeRequest, StartRequest, StopRequest, MeterReport>;
using Answer = std::variant<Done, BootReply, Authorization, StartReply>;

// The charger at the far end of a wire.
class ChargerEnd {
public:
    virtual ~ChargerEnd() = default;

    // Its connection is up: from now on it may speak.
    virtual void linked() = 0;
    // It noticed that its connection is gone, or that there was nobody to take it.
    virtual void unlinked() = 0;
    // The server asks for something. `answer` is called once, later, or never.
    virtual void asked(Command command, std::function<void(CallResult)> answer) = 0;
};

enum class Cut : std::uint8_t {
    kClosed,    // Both ends notice, each in its own time.
    kHalfOpen,  // Nothing passes any more, and for a while both believe that all is well.
};

class Wire {
public:
    virtual ~Wire() = default;

    // --- The server's side ---

    // What control is started with. Lives as long as the wire; serves one server after the other.
    virtual control::Gateway& gateway() = 0;
    // A server listens from now on, and hears what chargers say. Requires: none does.
    virtual void server_up(control::ChargerEvents& events) = 0;
    // Its process is gone, without a goodbye: connections break, and nothing that it is waiting
    // for is ever called back.
    virtual void server_down() = 0;

    // --- A charger's side ---

    // Requires: `end` outlives the wire; once per charger, before anything else about it.
    virtual void add(const ChargerId& charger, ChargerEnd& end) = 0;
    // It opens a connection: linked() or unlinked() follows. A connection it had is forgotten,
    // and the server finds out by the new one.
    virtual void dial(const ChargerId& charger) = 0;
    // It falls silent at once, as when its power fails. The server finds out later.
    virtual void drop(const ChargerId& charger) = 0;
    // In the order in which it speaks. The answer may be lost: then `answered` is never called.
    virtual void say(const ChargerId& charger, Said said,
                     std::function<void(Result<Answer>)> answered) = 0;

    // --- The world's side ---

    // Does nothing where there is no connection.
    virtual void cut(const ChargerId& charger, Cut how) = 0;
};

}  // namespace busbar::trial
