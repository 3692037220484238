#include "ocpp/frame.hpp"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "base/utf8.hpp"

namespace busbar::ocpp {
namespace {

template <class Kind>
Kind parsed_as(std::string_view text) {
    auto frame = parse_frame(text);
    EXPECT_TRUE(frame) << text;
    EXPECT_TRUE(std::holds_alternative<Kind>(*frame)) << text;
    return std::get<Kind>(*std::move(frame));
}

TEST(Frame, ReadsACall) {
    const auto call = parsed_as<CallFrame>(R"( [2, "a1", "Heartbeat", {"x":[1,{"y":2}]} ] )");
    EXPECT_EQ(call.id, R"("a1")");
    EXPECT_EQ(call.action, "Heartbeat");
    EXPECT_EQ(boost::json::serialize(call.payload), R"({"x":[1,{"y":2}]})");
}

TEST(Frame, KeepsTheIdAsItWasWritten) {
    for (const auto* id :
         {R"("")", R"("0123456789012345678901234567890123456789")", "42", "-1", "1.0",
          "12345678901234567890123", R"("\"q\" [,] {:}")", R"("é漢")", R"("\u00e9")"}) {
        const auto call =
            parsed_as<CallFrame>("[2," + std::string(id) + R"(,"Heartbeat",{"a":":,]"}])");
        EXPECT_EQ(call.id, id);
    }
}

TEST(Frame, ReadsAnswers) {
    const auto result = parsed_as<ResultFrame>(R"([3,"7",{"status":"Accepted", "n": 16.0}])");
    EXPECT_EQ(result.id, R"("7")");
    ASSERT_TRUE(result.payload);
    EXPECT_EQ(result.payload_text, R"({"status":"Accepted", "n": 16.0})");
    const auto error = parsed_as<ErrorFrame>(R"([4,"7","GenericError","no",{}])");
    EXPECT_EQ(error.code, "GenericError");
    EXPECT_EQ(error.description, "no");
    EXPECT_EQ(parsed_as<ErrorFrame>(R"([4,"7"])").code, "");
    EXPECT_FALSE(parsed_as<ResultFrame>(R"([3,"7"])").payload);
    EXPECT_FALSE(parsed_as<ResultFrame>(R"([3,"7",{"a":1,"a":2}])").payload);
    EXPECT_FALSE(parsed_as<ResultFrame>(R"([3,"7",{"limit":1e400}])").payload);
}

TEST(Frame, SaysWhatIsWrongWithACallThatHasAnId) {
    for (const auto& [text, code] : std::vector<std::pair<std::string, ErrorCode>>{
             {R"([2,"1"])", ErrorCode::kFormationViolation},
             {R"([2,"1","Heartbeat"])", ErrorCode::kFormationViolation},
             {R"([2,"1","Heartbeat",null])", ErrorCode::kFormationViolation},
             {R"([2,"1","Heartbeat",[]])", ErrorCode::kFormationViolation},
             {R"([2,"1",7,{}])", ErrorCode::kFormationViolation},
             {R"([2,"1","Heartbeat",{},{}])", ErrorCode::kFormationViolation},
             {R"([2,"1","Heartbeat",{"a":1,"a":2}])", ErrorCode::kFormationViolation},
             {R"([2,"1","Heartbeat",{"o":{"a":1,"\u0061":2}}])", ErrorCode::kFormationViolation},
             {R"([2,"1","Heartbeat",{"a":1e400}])", ErrorCode::kPropertyConstraintViolation},
             {R"([2,"1","Heartbeat",{"a":[-1e999]}])", ErrorCode::kPropertyConstraintViolation}})
        EXPECT_EQ(parsed_as<BadCallFrame>(text).error.code, code) << text;
}

TEST(Frame, RefusesWhatNobodyCanAnswer) {
    const auto bomb = std::string(100'000, '[') + std::string(100'000, ']');
    const auto deep = R"([2,"1","A",)" + std::string(20, '[') + std::string(20, ']') + "]";
    const auto long_id = "[2,\"" + std::string(300, 'x') + R"(","Heartbeat",{}])";
    for (const auto& text : std::vector<std::string>{"",
                                                     "hello",
                                                     "{}",
                                                     "[]",
                                                     "[2]",
                                                     "7",
                                                     "\"\"",
                                                     "null",
                                                     R"([2,null,"Heartbeat",{}])",
                                                     R"([2,["1"],"Heartbeat",{}])",
                                                     R"([7,"1",{}])",
                                                     R"(["2","1","Heartbeat",{}])",
                                                     R"([2.0,"1","Heartbeat",{}])",
                                                     R"([2,"1","Heartbeat",{}] x)",
                                                     R"([2,"1","Heartbeat",{"a":NaN}])",
                                                     R"([2,"1","Heartbeat",{"a":Infinity}])",
                                                     R"([2,"1","Heartbeat",{)",
                                                     "\xEF\xBB\xBF[2,\"1\",\"Heartbeat\",{}]",
                                                     "[2,\"\xFF\",\"Heartbeat\",{}]",
                                                     R"([2,"\ud800","Heartbeat",{}])",
                                                     bomb,
                                                     deep,
                                                     long_id}) {
        const auto frame = parse_frame(text);
        ASSERT_FALSE(frame) << text.substr(0, 100);
        EXPECT_EQ(frame.error().code, Errc::kMalformed);
    }
}

TEST(Frame, BuildsWhatItCanReadBack) {
    EXPECT_EQ(call_frame(R"("1-1")", "Reset", R"({"type":"Soft"})"),
              R"([2,"1-1","Reset",{"type":"Soft"}])");
    EXPECT_EQ(result_frame("42", "{}"), "[3,42,{}]");
    const CallError error{ErrorCode::kOccurenceConstraintViolation, "a \"b\"\n\xFF"};
    EXPECT_EQ(error_frame("42", error, Version::k16),
              "[4,42,\"OccurenceConstraintViolation\",\"a \\\"b\\\"\\u000a\xEF\xBF\xBD\",{}]");
    std::string characters;
    for (int i = 0; i < 300; ++i) characters += "é";
    const auto frame = parsed_as<ErrorFrame>(
        error_frame("1", {ErrorCode::kGenericError, characters}, Version::k16));
    EXPECT_EQ(characters_in(frame.description), 255U);
}

TEST(CallError, TakesAnySpelling) {
    EXPECT_EQ(parse_error_code("OccurrenceConstraintViolation"),
              ErrorCode::kOccurenceConstraintViolation);
    EXPECT_EQ(parse_error_code("OccurenceConstraintViolation"),
              ErrorCode::kOccurenceConstraintViolation);
    EXPECT_EQ(parse_error_code("FormatViolation"), ErrorCode::kFormationViolation);
    EXPECT_FALSE(parse_error_code("Oops"));
    EXPECT_EQ(to_string(ErrorCode::kNotSupported), "NotSupported");
}

}  // namespace
}  // namespace busbar::ocpp
