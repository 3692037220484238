// Bodies about who may connect.
#include "http/body_parts.hpp"

namespace busbar::http {
namespace {

constexpr std::size_t kMostCertificateNameBytes = 64;

std::optional<SecurityProfile> profile_in(Fields& fields, std::string_view name) {
    const auto number = small_in(fields, name);
    if (number && (*number < 0 || *number > 3)) fields.wrong(name, "must be 0, 1, 2 or 3");
    return number ? std::optional(static_cast<SecurityProfile>(*number & 3)) : std::nullopt;
}

}  // namespace

Result<control::AccessPatch> parse_access(std::string_view body) {
    BUSBAR_TRY(fields, Fields::of(body));
    control::AccessPatch patch;
    patch.profile = change_in(fields, "securityProfile", profile_in);
    patch.certificate_name = fields.text("certificateName", kMostCertificateNameBytes);
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    return patch;
}

Result<std::optional<std::string>> parse_key(std::string_view body) {
    if (body.empty()) return std::optional<std::string>();
    BUSBAR_TRY(fields, Fields::of(body));
    auto key = fields.text("key", access::kMostKeyBytes);
    if (const auto checked =
            access::check_key(key.value_or(std::string(access::kLeastKeyBytes, 'x')));
        !checked)
        fields.wrong("key", checked.error().message);
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    return key;
}

}  // namespace busbar::http
