// How a refusal looks: RFC 9457 problem+json, with a type that stays the same and a text that
// says what would be right. Also the one table from Errc to HTTP status.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "http/route.hpp"

namespace busbar::http {

int status_of(Errc code);

// {"type","title","status","detail"} and, where one is to blame, "field". With Retry-After where
// trying again may help.
Response problem(const Error& error);

// What no Errc stands for.
Response method_not_allowed(std::string_view allowed);  // 405, with Allow.
Response precondition_failed(std::string_view detail);  // 412
Response header_too_large();                            // 431
Response expectation_failed();                          // 417
Response internal_error();                              // 500

}  // namespace busbar::http
