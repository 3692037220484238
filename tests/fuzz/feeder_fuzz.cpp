// Whatever bytes a meter or a broker sends: frames, registers and payloads are read or refused, and
// what comes out is a current that a feeder can carry.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.hpp"
#include "feeder/modbus.hpp"
#include "feeder/mqtt.hpp"
#include "feeder/values.hpp"

namespace {

using namespace busbar;
using namespace busbar::feeder;

void check_current(const Current& current) {
    BUSBAR_CHECK(current.amount >= 0_A && current.amount <= kMostCurrent);
    BUSBAR_CHECK(!current.exporting || current.amount == 0_A);
}

void read_registers(std::string_view bytes) {
    if (bytes.size() < 4) return;
    std::array<std::uint16_t, 2> words{};
    for (std::size_t i = 0; i < 4; ++i)
        words[i / 2] =
            static_cast<std::uint16_t>(words[i / 2] << 8U | static_cast<std::uint8_t>(bytes[i]));
    for (const auto number :
         {Number::kUint16, Number::kInt16, Number::kUint32, Number::kInt32, Number::kFloat32})
        for (const auto order : {Words::kHighFirst, Words::kLowFirst})
            for (const auto scale : {0.001_A, 1_A, kMostScale})
                if (const auto current = decode(
                        std::span(words).first(static_cast<std::size_t>(registers_of(number))),
                        {number, order, scale}))
                    check_current(*current);
}

void read_message(std::string_view payload) {
    static const std::array fields{PayloadField{Phase::kL1, ""}, PayloadField{Phase::kL2, "/a"},
                                   PayloadField{Phase::kL3, "/b/0/c"}};
    for (const auto& field : fields)
        if (const auto currents = read_payload(payload, {&field, 1}, 0.1_A))
            check_current(*(*currents)[static_cast<std::size_t>(field.phase)]);
    (void)read_payload(payload, fields, kMostScale).has_value();
    // A pointer is the operator's, but the answer to a bad one must not be the end either.
    const PayloadField odd{Phase::kL1, "/" + std::string(payload.substr(0, 64))};
    (void)read_payload(R"({"a":[{"b":1}]})", {&odd, 1}, 1_A).has_value();
}

// Takes off the front until no more is there; each step must make it shorter.
template <class Take>
void take_all(std::string received, Take take) {
    for (;;) {
        const auto before = received.size();
        const auto taken = take(received);
        if (!taken || !*taken) {
            BUSBAR_CHECK(received.size() == before);
            return;
        }
        BUSBAR_CHECK(received.size() < before);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    read_registers(bytes);
    read_message(bytes);
    take_all(std::string(bytes), [](std::string& received) {
        auto answer = modbus::take_answer(received);
        const modbus::Request request{1, 1, modbus::Table::kHolding, {0, 6}};
        if (answer && *answer)
            if (const auto registers = modbus::registers_in(**answer, request))
                BUSBAR_CHECK(registers->size() == 6);
        return answer;
    });
    take_all(std::string(bytes), [](std::string& received) {
        auto packet = mqtt::take_packet(received);
        if (packet && *packet)
            if (const auto* message = std::get_if<mqtt::Message>(&**packet))
                read_message(message->payload);
        return packet;
    });
    (void)mqtt::is_topic(bytes);
    return 0;
}
