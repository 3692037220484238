#include "ocpp/endpoint.hpp"

#include <gtest/gtest.h>

namespace busbar::ocpp {
namespace {

TEST(Endpoint, FindsTheIdentityInEveryPathThatChargersUse) {
    for (const auto& [target, identity] : std::vector<std::pair<const char*, const char*>>{
             {"/ocpp/CP-1", "CP-1"},
             {"/ocpp/CP-1/", "CP-1"},
             {"/ocpp/CP-1?token=x/y", "CP-1"},
             {"/ws/CP-1", "CP-1"},
             {"/steve/websocket/CentralSystemService/CP-1", "CP-1"},
             {"/CP-1", "CP-1"},
             {"/CP-1/?a", "CP-1"},
             {"/ocpp/a%20b", "a b"},
             {"/ocpp/%C3%A9", "é"},
             {"/ocpp/%E6%BC%A2", "漢"},
             {"/ocpp/a%2Fb", "a/b"},
             {"/ocpp/a%252Fb", "a%2Fb"},  // Decoded once.
             {"/ocpp/a+b", "a+b"},
             {"/ocpp/012345678901234567890123456789012345678901234567",
              "012345678901234567890123456789012345678901234567"}}) {
        ASSERT_TRUE(is_ocpp_path(target)) << target;
        const auto found = identity_in(target);
        ASSERT_TRUE(found) << target << ": " << found.error().message;
        EXPECT_EQ(found->str(), identity);
    }
}

TEST(Endpoint, RefusesIdentitiesThatCannotBe) {
    for (const auto* target : {"/ocpp/", "/ocpp//", "/", "/ocpp/%ZZ", "/ocpp/%", "/ocpp/%4",
                               "/ocpp/a%00b", "/ocpp/%0A", "/ocpp/%7F", "/ocpp/%FF", "/ocpp/a/b",
                               "/ws/", "/ocpp/0123456789012345678901234567890123456789012345678"}) {
        EXPECT_TRUE(is_ocpp_path(target)) << target;  // Ours to refuse.
        EXPECT_FALSE(identity_in(target)) << target;
    }
}

TEST(Endpoint, LeavesOtherPathsAlone) {
    for (const auto* target : {"", "ocpp/CP-1", "/api/v1/events", "/a/b", "*"})
        EXPECT_FALSE(is_ocpp_path(target)) << target;
}

TEST(Endpoint, ChoosesTheSubprotocolWeSpeak) {
    using Lines = std::vector<std::string_view>;
    for (const auto& lines : {Lines{"ocpp1.6"}, Lines{"ocpp2.0", " ocpp1.6 "},
                              Lines{"ocpp1.6, ocpp1.5"}, Lines{",,ocpp1.6"}})
        EXPECT_EQ(chosen_version(lines), Version::k16);
    // The newest, in whatever order they are offered.
    for (const auto& lines : {Lines{"ocpp1.6,ocpp2.0.1"}, Lines{"ocpp1.6", "ocpp2.0.1"}})
        EXPECT_EQ(chosen_version(lines), Version::k201);
    EXPECT_EQ(chosen_version(Lines{"ocpp1.6, ocpp2.1 , ocpp2.0.1"}), Version::k21);
    for (const auto& lines : {Lines{}, Lines{""}, Lines{"ocpp2.0"}, Lines{"ocpp1.60"},
                              Lines{"ocpp1.6 ocpp2.0"}, Lines{","}})
        EXPECT_FALSE(chosen_version(lines));
}

}  // namespace
}  // namespace busbar::ocpp
