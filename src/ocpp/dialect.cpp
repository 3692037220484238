#include "ocpp/dialect.hpp"

#include <array>
#include <initializer_list>

#include "ocpp/v2.hpp"

namespace busbar::ocpp {
namespace {

const Action* found(std::string_view name, std::initializer_list<std::span<const Action>> blocks) {
    for (const auto& actions : blocks)
        for (const auto& action : actions)
            if (action.name == name) return &action;
    return nullptr;
}

const Action* find_in_16(std::string_view name) {
    return found(name, {core_actions(), security_actions()});
}

const Action* find_in_2(std::string_view name) {
    return found(name,
                 {v2::transaction_actions(), v2::provisioning_actions(), v2::noted_actions()});
}

Question ask_in_201(const Command& command) {
    return v2::question_for(command, Version::k201);
}

Question ask_in_21(const Command& command) {
    return v2::question_for(command, Version::k21);
}

constexpr std::array<Dialect, 3> kDialects{{
    {Version::k16, find_in_16, question_for, meaning_of, false, false},
    {Version::k201, find_in_2, ask_in_201, v2::meaning_of, true, false},
    {Version::k21, find_in_2, ask_in_21, v2::meaning_of, true, true},
}};

}  // namespace

const Dialect& dialect_of(Version version) {
    return kDialects[static_cast<std::size_t>(version)];
}

}  // namespace busbar::ocpp
