#include "ocpp/messages.hpp"

#include <algorithm>

#include "ocpp/tables.hpp"

namespace busbar::ocpp {

std::string_view subprotocol(Version version) {
    switch (version) {
        case Version::k16:
            return "ocpp1.6";
        case Version::k201:
            return "ocpp2.0.1";
        case Version::k21:
            return "ocpp2.1";
    }
    __builtin_unreachable();
}

std::span<const Message> messages(Version version) {
    switch (version) {
        case Version::k16:
            return tables::messages_v16();
        case Version::k201:
            return tables::messages_v201();
        case Version::k21:
            return tables::messages_v21();
    }
    __builtin_unreachable();
}

const Message* find_message(Version version, std::string_view action) {
    const auto all = messages(version);
    const auto found = std::lower_bound(
        all.begin(), all.end(), action,
        [](const Message& message, std::string_view name) { return message.action < name; });
    return found != all.end() && found->action == action ? &*found : nullptr;
}

}  // namespace busbar::ocpp
