#include "app/settings.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <map>

namespace busbar::app {
namespace {

class SettingsTest : public testing::Test {
protected:
    SettingsTest() {
        auto name = (std::filesystem::temp_directory_path() / "busbar-XXXXXX").string();
        folder_ = mkdtemp(name.data());
    }
    ~SettingsTest() override { std::filesystem::remove_all(folder_); }

    Result<Settings> read(Flags flags = {}) {
        return read_settings(flags, [this](const char* name) -> std::optional<std::string> {
            const auto found = environment_.find(name);
            return found == environment_.end() ? std::nullopt : std::optional(found->second);
        });
    }
    std::string file(const std::string& text) {
        const auto path = folder_ / "busbar.toml";
        std::ofstream(path) << text;
        return path.string();
    }

    std::filesystem::path folder_;
    std::map<std::string, std::string> environment_;
};

TEST_F(SettingsTest, TheCommandLineOutweighsTheEnvironmentAndThatTheFile) {
    const auto path = file("port = 4000\nthreads = 3\nlog_level = \"warn\"\n");
    EXPECT_EQ(read({.config = path})->port, 4000);
    environment_["PORT"] = "4001";
    EXPECT_EQ(read({.config = path})->port, 4001);
    const auto all = read({.config = path, .port = "4002"});
    EXPECT_EQ(all->port, 4002);
    EXPECT_EQ(all->threads, 3);
    EXPECT_EQ(all->log_level, log::Level::kWarn);
}

TEST_F(SettingsTest, AWrongValueNamesTheSettingWhereItWasWritten) {
    environment_["PORT"] = "70000";
    EXPECT_EQ(read().error().field, "PORT");
    EXPECT_EQ(read({.port = "x"}).error().field, "--port");
    EXPECT_EQ(read({.port = "x"}).error().message,
              "must be a whole number from 0 to 65535 (it is 'x')");
    environment_.clear();
    const auto path = file("prot = 1\n");
    EXPECT_EQ(read({.config = path}).error().field, path + ": prot");
    EXPECT_EQ(read({.config = file("port = [")}).error().field, path);
    EXPECT_EQ(read({.config = "/nowhere/busbar.toml"}).error().field, "/nowhere/busbar.toml");
    EXPECT_EQ(read({.log_level = "loud"}).error().field, "--log-level");
}

TEST_F(SettingsTest, FeedersStandInTheFileOrInOneOfTheirOwn) {
    constexpr const char* kFeeder =
        "[[feeder]]\nmeter = \"main\"\nprotocol = \"modbus\"\nhost = \"192.0.2.10\"\n"
        "preset = \"siemens-pac\"\n";
    const auto path = file("port = 4000\n" + std::string(kFeeder));
    const auto settings = read({.config = path});
    ASSERT_TRUE(settings) << settings.error().field << settings.error().message;
    ASSERT_EQ(settings->feeders.size(), 1U);
    EXPECT_EQ(settings->feeders.front().meter, MeterId("main"));

    const auto own = (folder_ / "feeders.toml").string();
    std::ofstream(own) << kFeeder << kFeeder;
    EXPECT_EQ(read({.feeders = own}).error().field, own + ": feeder[1].meter");
    std::ofstream(own) << "port = 1\n";
    EXPECT_EQ(read({.feeders = own}).error().field, own + ": port");
    EXPECT_EQ(read({.feeders = "/nowhere.toml"}).error().field, "--feeders");
    const auto folder = read({.feeders = folder_.string()});
    ASSERT_FALSE(folder) << "a server that protects nothing with its meters would start";
    EXPECT_EQ(folder.error().field, "--feeders");
    EXPECT_EQ(folder.error().message,
              "is a folder: name the TOML file in it (it is '" + folder_.string() + "')");
    EXPECT_EQ(read({.config = folder_.string()}).error().field, folder_.string());
    std::ofstream(own) << "";
    EXPECT_TRUE(read({.config = path, .feeders = own})->feeders.empty());
}

TEST_F(SettingsTest, BindingBeyondLoopbackIsAnExplicitChoice) {
    EXPECT_EQ(read({.host = "0.0.0.0"}).error().field, "--host");
    environment_["HOST"] = "::";
    EXPECT_EQ(read().error().field, "HOST");
    EXPECT_TRUE(read({.open_network = true}));
    environment_["HOST"] = "::1";
    EXPECT_TRUE(read());
}

TEST_F(SettingsTest, TheTlsPortNeedsACertificateAndAKey) {
    EXPECT_FALSE(read()->tls);
    EXPECT_EQ(read({.tls_port = "3443"}).error().field, "--tls-port");
    EXPECT_EQ(read({.tls_certificate = "c.pem"}).error().field, "--tls-certificate");
    const auto local = read({.tls_certificate = "c.pem", .tls_key = "k.pem"});
    ASSERT_TRUE(local);
    EXPECT_EQ(local->tls->port, 3443);
    EXPECT_EQ(local->tls->host, "127.0.0.1");
    EXPECT_FALSE(local->tls->chargers_only);
    EXPECT_EQ(local->charger_profile, SecurityProfile::kOpen);
}

TEST_F(SettingsTest, BeyondLoopbackTlsIsForChargersThatProveWhoTheyAre) {
    environment_["BUSBAR_TLS_CERTIFICATE"] = "c.pem";
    environment_["BUSBAR_TLS_KEY"] = "k.pem";
    const auto network = read({.tls_host = "0.0.0.0"});
    ASSERT_TRUE(network) << network.error().message;
    EXPECT_EQ(network->host, "127.0.0.1");
    EXPECT_TRUE(network->tls->chargers_only);
    EXPECT_EQ(network->charger_profile, SecurityProfile::kPasswordOverTls);
    EXPECT_EQ(read({.tls_host = "0.0.0.0", .charger_profile = "0"}).error().field,
              "--charger-profile");
    EXPECT_EQ(read({.tls_host = "0.0.0.0", .charger_profile = "3"}).error().field,
              "--charger-profile");
    EXPECT_TRUE(read({.tls_host = "0.0.0.0", .tls_client_ca = "ca.pem", .charger_profile = "3"}));
}

TEST_F(SettingsTest, AProfileOverTlsNeedsTls) {
    EXPECT_EQ(read({.charger_profile = "2"}).error().field, "--charger-profile");
    EXPECT_EQ(read({.charger_profile = "4"}).error().field, "--charger-profile");
    EXPECT_EQ(read({.charger_profile = "1", .demo = true}).error().field, "--demo");
    EXPECT_EQ(read({.charger_profile = "1"})->charger_profile, SecurityProfile::kPassword);
}

TEST_F(SettingsTest, ADatabaseServerIsRefusedNotIgnored) {
    environment_["DATABASE_URL"] = "postgres://localhost/busbar";
    EXPECT_EQ(read().error().field, "DATABASE_URL");
}

}  // namespace
}  // namespace busbar::app
