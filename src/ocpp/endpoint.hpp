// Which URLs are for chargers, and who is calling.
//
// Pure. /ocpp/{identity}, and what chargers of other systems have configured: /ws/{identity},
// /steve/websocket/CentralSystemService/{identity}, and /{identity} alone.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.hpp"
#include "base/result.hpp"
#include "ocpp/version.hpp"

namespace busbar::ocpp {

inline constexpr std::size_t kMaxIdentityCharacters = 48;

// Whether an upgrade request for `target` is meant for us, good or not. Only for upgrade requests:
// /{identity} looks like any page.
bool is_ocpp_path(std::string_view target);

// Who calls. The identity is percent-decoded once; a query and one slash at the end are dropped.
// Fails with kInvalid if it is empty, over kMaxIdentityCharacters, not UTF-8, wrongly encoded, or
// holds a control character or a bare slash.
Result<ChargerId> identity_in(std::string_view target);

// The newest of `offered` that we speak. Each element is one header line, itself perhaps a list.
std::optional<Version> chosen_version(const std::vector<std::string_view>& offered);

}  // namespace busbar::ocpp
