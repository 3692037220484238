// How the things operators own look in JSON: in answers, audit rows and events. One place, so
// that they look the same everywhere.
#pragma once

#include "base/json_writer.hpp"
#include "domain/access.hpp"
#include "domain/charging.hpp"
#include "domain/grant.hpp"
#include "domain/rule.hpp"
#include "domain/site.hpp"

namespace busbar::control {

// Each writes one value.
void write_json(JsonWriter& json, const Site& site);
void write_json(JsonWriter& json, const Circuit& circuit);
void write_json(JsonWriter& json, const Charger& charger);
void write_json(JsonWriter& json, const Rule& rule);
void write_json(JsonWriter& json, const IdTag& id_tag);
void write_json(JsonWriter& json, const ChargerAccess& access);  // Never a key.
void write_json(JsonWriter& json, const Transaction& transaction);
void write_json(JsonWriter& json, const PerPhase& amperes);
void write_json(JsonWriter& json, const Reason& reason);
void write_json(JsonWriter& json, const Window& window);
void write_json(JsonWriter& json, const Share& share);

template <class T>
std::string to_json(const T& value) {
    JsonWriter json;
    write_json(json, value);
    return std::move(json).text();
}

}  // namespace busbar::control
