#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>

#include "access/attempts.hpp"
#include "access/key.hpp"

namespace busbar::access {
namespace {

using namespace std::chrono_literals;

const Keysmith kSmith("a secret of the server");

TEST(Key, FitsWhatItWasSealedFromAndNothingElse) {
    const auto sealed = kSmith.seal("0123456789abcdefg");
    EXPECT_TRUE(kSmith.fits(sealed, "0123456789abcdefg"));
    EXPECT_FALSE(kSmith.fits(sealed, "0123456789abcdefh"));
    EXPECT_FALSE(kSmith.fits(sealed, "0123456789abcdef"));
    EXPECT_FALSE(kSmith.fits(sealed, ""));
    EXPECT_FALSE(Keysmith("of another server").fits(sealed, "0123456789abcdefg"));
}

TEST(Key, IsSaltedAndNotKeptInTheClear) {
    const std::string key = "not-to-be-read-anywhere";
    const auto one = kSmith.seal(key), other = kSmith.seal(key);
    EXPECT_NE(one.digest, other.digest);
    EXPECT_EQ((one.salt + one.digest).find(key), std::string::npos);
}

TEST(Key, A5_FitsAsBytesAndAsTheDigitsThatSpellThem) {
    const std::string digits = "003aff0102030405060708090A0b0c0d0e0f1011";
    std::string bytes(
        "\x00:\xff\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11", 20);
    for (const auto& given : {digits, bytes}) {
        const auto sealed = kSmith.seal(given);
        EXPECT_TRUE(kSmith.fits(sealed, digits));
        EXPECT_TRUE(kSmith.fits(sealed, bytes));
        bytes.back() = '\x12';
        EXPECT_FALSE(kSmith.fits(sealed, bytes));
        bytes.back() = '\x11';
    }
}

TEST(Key, IsMadeOf160RandomBits) {
    std::set<std::string> made;
    for (int i = 0; i < 100; ++i) made.insert(make_key());
    EXPECT_EQ(made.size(), 100U);
    for (const auto& key : made) {
        EXPECT_EQ(key.size(), 40U);
        EXPECT_TRUE(check_key(key));
    }
}

TEST(Key, HasSixteenToFortyBytes) {
    EXPECT_FALSE(check_key(std::string(15, 'x')));
    EXPECT_TRUE(check_key(std::string(16, 'x')));
    EXPECT_TRUE(check_key(std::string(40, 'x')));
    EXPECT_FALSE(check_key(std::string(41, 'x')));
}

TEST(Keysmith, KeepsItsSecretForItselfAndOverARestart) {
    const auto folder = std::filesystem::temp_directory_path() / ("busbar-keysmith-" + make_key());
    std::filesystem::create_directory(folder);
    const auto file = folder / "secret";
    const auto sealed = Keysmith::open(file)->seal("0123456789abcdef");
    EXPECT_TRUE(Keysmith::open(file)->fits(sealed, "0123456789abcdef"));
    struct stat about {};
    ASSERT_EQ(::stat(file.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U);
    std::filesystem::resize_file(file, 10);
    EXPECT_EQ(Keysmith::open(file).error().code, Errc::kInvalid);
    std::filesystem::remove_all(folder);
}

TEST(Attempts, A12_AreSoManyInAnyMinute) {
    Attempts attempts(5, 100);
    const SteadyPoint start{1h};
    for (int i = 0; i < 5; ++i) {
        EXPECT_FALSE(attempts.spent("a", start + 10s * i));
        attempts.count("a", start + 10s * i);
    }
    EXPECT_TRUE(attempts.spent("a", start + 59s));
    EXPECT_FALSE(attempts.spent("b", start + 59s));
    EXPECT_FALSE(attempts.spent("a", start + 60s));
    attempts.count("a", start + 60s);
    EXPECT_TRUE(attempts.spent("a", start + 69s));
    EXPECT_FALSE(attempts.spent("a", start + 70s));
}

TEST(Attempts, A13_TakeBoundedMemory) {
    Attempts attempts(5, 100);
    for (int i = 0; i < 10'000; ++i) attempts.count(std::to_string(i), SteadyPoint{1h});
    EXPECT_EQ(attempts.size(), 100U);
    attempts.count("later", SteadyPoint{1h + 60s});
    EXPECT_EQ(attempts.size(), 1U);
}

}  // namespace
}  // namespace busbar::access
