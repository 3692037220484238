// The meters of feeders in the configuration file:
//
//   [[feeder]]
//   meter = "garage-main"          # the meter that a circuit's building load names
//   protocol = "modbus"
//   host = "192.0.2.10"
//   port = 502                     # default
//   unit = 1                       # default; behind a gateway, the meter's address
//   preset = "siemens-pac"         # or the six that follow
//   registers = "holding"          # or "input"
//   number = "uint16"              # int16, uint32, int32, float32
//   words = "high_first"           # default; or "low_first"
//   scale = 0.1                    # amperes for 1; default 1
//   l1 = 12                        # addresses as on the wire, from 0
//   l2 = 13
//   l3 = 14
//   phases = "L1+L2+L3"            # default; which lines are measured
//   interval_ms = 1000             # default
//   timeout_ms = 1000              # default
//
//   [[feeder]]
//   meter = "shop"
//   protocol = "mqtt"
//   host = "broker.example"
//   port = 1883                    # default; 8883 with tls
//   topic = "shop/feeder"          # a JSON message; without it, l1 to l3 are topics of their own,
//   l1 = "/phases/0/current"       # with a number, or what `pointer` points at
//   l2 = "/phases/1/current"
//   l3 = "/phases/2/current"
//   scale = 1                      # default
//   username = "busbar"
//   password = "..."
//   tls = true                     # default false
//   ca_file = "broker.pem"         # default: the authorities that this machine trusts
//   keep_alive_ms = 15000          # default
//   timeout_ms = 5000              # default
#pragma once

#include <toml++/toml.h>

#include <vector>

#include "base/result.hpp"
#include "feeder/feeder.hpp"

namespace busbar::feeder {

// The sources under the key "feeder" of `file`; none if it has no such key. Pure: reads no file.
// Fails with kInvalid; the field names the key ("feeder[0].scale"), the message says what would be
// right and on which line. No message holds a password.
Result<std::vector<Source>> read_sources(const toml::table& file);

}  // namespace busbar::feeder
