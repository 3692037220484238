#include <algorithm>

#include "feeder/modbus.hpp"
#include "feeder/source.hpp"

namespace busbar::feeder {
namespace {

class ModbusSource {
public:
    ModbusSource(const Modbus& modbus, const Waiter& waiter, Journal& journal)
        : modbus_(modbus), waiter_(waiter), journal_(journal), reads_(plan()) {}

    // Reads, again and again, until the connection is lost or we are to stop; says why.
    Error serve(Backoff& backoff) {
        auto connection = open_connection(waiter_, modbus_.host, modbus_.port, std::nullopt,
                                          waiter_.now() + modbus_.timeout);
        if (!connection) return std::move(connection).error();
        journal_.connected();
        received_.clear();
        for (;;) {
            const auto asked = waiter_.now();
            auto currents = measure(**connection);
            if (currents) {
                backoff.reset();
                journal_.sample(*currents, asked);
            } else if (currents.error().code == Errc::kConflict) {
                journal_.refused(currents.error());
            } else if (currents.error().code == Errc::kInvalid) {
                journal_.dropped(currents.error());
            } else {
                return std::move(currents).error();
            }
            waiter_.until(asked + modbus_.interval);
            if (waiter_.stopping()) return {Errc::kUnavailable, "stopping"};
        }
    }

private:
    std::vector<modbus::Read> plan() const {
        std::vector<std::uint16_t> addresses;
        for (const auto& address : modbus_.registers.addresses)
            if (address) addresses.push_back(*address);
        return modbus::plan_reads(addresses, registers_of(modbus_.registers.encoding.number));
    }

    // kInvalid: a value that could not be meant; kConflict: the meter refuses; else: lost.
    Result<Currents> measure(Connection& connection) {
        Currents currents;
        for (const auto& read : reads_) {
            BUSBAR_TRY(registers, ask(connection, read));
            for (const auto phase : kPhases) {
                const auto& address = modbus_.registers.addresses[static_cast<std::size_t>(phase)];
                if (!address || *address < read.address || *address >= read.address + read.count)
                    continue;
                const auto& encoding = modbus_.registers.encoding;
                const auto width = static_cast<std::size_t>(registers_of(encoding.number));
                auto current = decode(
                    std::span(registers).subspan(std::size_t{*address} - read.address, width),
                    encoding);
                if (!current) return std::move(current).error().in(to_string(phase));
                currents[static_cast<std::size_t>(phase)] = *current;
            }
        }
        return currents;
    }

    Result<std::vector<std::uint16_t>> ask(Connection& connection, const modbus::Read& read) {
        const modbus::Request request{++transaction_, modbus_.unit, modbus_.registers.table, read};
        const auto deadline = waiter_.now() + modbus_.timeout;
        BUSBAR_TRY(sent, connection.send(modbus::request_bytes(request), deadline));
        (void)sent;
        for (;;) {
            BUSBAR_TRY(answer, modbus::take_answer(received_));
            if (answer) return modbus::registers_in(*answer, request);
            BUSBAR_TRY(more, connection.receive(received_, deadline));
            (void)more;
        }
    }

    const Modbus& modbus_;
    const Waiter& waiter_;
    Journal& journal_;
    const std::vector<modbus::Read> reads_;
    std::string received_;
    std::uint16_t transaction_ = 0;
};

}  // namespace

void run_modbus(const Modbus& modbus, const Waiter& waiter, Backoff backoff, Journal& journal) {
    ModbusSource source(modbus, waiter, journal);
    while (!waiter.stopping()) {
        const auto lost = source.serve(backoff);
        if (waiter.stopping()) return;
        // A late answer would be taken for the next one's: the connection goes with it.
        journal.disconnected(lost);
        waiter.until(waiter.now() + backoff.next());
    }
}

}  // namespace busbar::feeder
