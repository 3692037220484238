#include "app/bench.hpp"

#include <cstdio>

#include "base/json_writer.hpp"

namespace busbar::app {
namespace {

std::string fixed(double value) {
    char text[48];
    std::snprintf(text, sizeof text, "%.3f", value);
    return text;
}

void write_quantiles(JsonWriter& json, const Quantiles& times, const char* const (&names)[3]) {
    json.key(names[0]).raw(fixed(times.p50));
    json.key(names[1]).raw(fixed(times.p99));
    json.key(names[2]).raw(fixed(times.max));
}

}  // namespace

std::string bench_table(const std::vector<BenchRow>& rows) {
    std::string out =
        "                                              to socket, ms              to ack, ms\n"
        "operation                      n      p50     p99     max      p50     p99     max\n";
    for (const auto& row : rows) {
        char text[160];
        std::snprintf(text, sizeof text, "%-26s %5zu %8.3f%8.3f%8.3f", row.name.c_str(),
                      row.times.count, row.times.p50, row.times.p99, row.times.max);
        out += text;
        if (row.ack) {
            std::snprintf(text, sizeof text, " %8.3f%8.3f%8.3f", row.ack->p50, row.ack->p99,
                          row.ack->max);
            out += text;
        }
        if (row.p99_ratio) {
            std::snprintf(text, sizeof text, "   p99 x %.3f", *row.p99_ratio);
            out += text;
        }
        out += "\n";
        if (!row.note.empty()) out += "    " + row.note + "\n";
    }
    return out;
}

std::string bench_json(const std::vector<BenchRow>& rows) {
    JsonWriter json;
    json.begin_array();
    for (const auto& row : rows) {
        json.begin_object()
            .member("name", row.name)
            .member("store", row.store)
            .member("n", static_cast<std::int64_t>(row.times.count));
        write_quantiles(json, row.times, {"p50Ms", "p99Ms", "maxMs"});
        if (row.ack) write_quantiles(json, *row.ack, {"ackP50Ms", "ackP99Ms", "ackMaxMs"});
        if (row.p99_ratio) json.key("p99Ratio").raw(fixed(*row.p99_ratio));
        if (!row.note.empty()) json.member("note", row.note);
        json.end_object();
    }
    return std::move(json.end_array()).text();
}

}  // namespace busbar::app
