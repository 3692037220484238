// Says of each payload what Busbar's check says, for agreement.mjs to compare.
//
// In: a line a payload, {"version": "ocpp1.6", "action": ..., "kind": "request" or "response",
// "payload": {...}}. Out: a line each, "ok" or {"code": ..., "description": ...}.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <iostream>
#include <string>

#include "base/check.hpp"
#include "ocpp/messages.hpp"

namespace {

using namespace busbar;
namespace json = boost::json;

ocpp::Version version_of(std::string_view name) {
    for (const auto version : {ocpp::Version::k16, ocpp::Version::k201, ocpp::Version::k21})
        if (ocpp::subprotocol(version) == name) return version;
    BUSBAR_CHECK(!"a version that we do not speak");
    __builtin_unreachable();
}

std::string answer_to(const json::object& asked) {
    const auto* message = ocpp::find_message(version_of(asked.at("version").as_string()),
                                             asked.at("action").as_string());
    BUSBAR_CHECK(message != nullptr);
    const bool request = asked.at("kind").as_string() == "request";
    const auto wrong =
        ocpp::check(asked.at("payload").as_object(), request ? message->request : message->response,
                    ocpp::Extras::kRefuse);
    if (!wrong) return "ok";
    return json::serialize(
        json::object{{"code", to_string(wrong->code)}, {"description", wrong->description}});
}

}  // namespace

int main() {
    std::ios::sync_with_stdio(false);
    for (std::string line; std::getline(std::cin, line);)
        std::cout << answer_to(json::parse(line).as_object()) << '\n';
}
