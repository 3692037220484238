// Whether the head of a request can be read in one way only, and comes from where it may.
//
// Beast accepts a few heads that another server on the way may read differently: no Host or two,
// folded lines, a length given twice, an unknown transfer coding. Each of those is how a second
// request is smuggled in, so all are refused.
//
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace busbar::http {

// `head`: from the request line to the empty line, both included. Fails with kMalformed.
Status check_head(std::string_view head);

// Among own_hosts: whatever name we are asked by. For a network that its operator trusts.
inline constexpr const char* kAnyHost = "*";

// While no token is asked for, only this machine may ask: `host` (the Host header) must be a
// loopback name or address, or one of `own_hosts`, so that a page of another site whose name was
// rebound to us gets nothing; and the Origin, where a browser sends one, must be the page's own.
// Fails with kForbidden.
Status check_origin(std::string_view host, const std::vector<std::string_view>& origins,
                    const std::vector<std::string>& own_hosts);

}  // namespace busbar::http
