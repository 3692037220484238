// What is promised of the whole product, shown on the real binary over real sockets.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/asio.hpp>
#include <boost/json.hpp>
#include <csignal>
#include <fstream>
#include <set>
#include <thread>

#include "live_site.hpp"
#include "sim/garage.hpp"

namespace busbar::e2e {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;
namespace asio = boost::asio;

const json::object& charger_in(const json::value& overview, const std::string& id) {
    for (const auto& site : overview.at("sites").as_array())
        for (const auto& charger : site.at("chargers").as_array())
            if (charger.at("id").as_string() == id) return charger.as_object();
    throw std::runtime_error("no charger " + id);
}

std::int64_t revision(app::HttpClient& client) {
    const auto sites = get(client, "/api/v1/overview").at("sites").as_array();
    return sites.empty() ? 0 : sites.front().at("revision").to_number<std::int64_t>();
}

class Garage : public LiveSite {
protected:
    // Sends the demo garage's configuration through the API.
    void configure() {
        const auto config = sim::demo_garage();
        put("/api/v1/sites/" + config.site.id.str(), R"({"name":"Garage"})");
        for (const auto& c : config.circuits) {
            const auto parent = c.parent ? R"(,"parent":")" + c.parent->str() + '"' : "";
            put("/api/v1/circuits/" + c.id.str(), R"({"site":"garage","breakerA":)" +
                                                      decimal(c.breaker[Phase::kL1].in_milli()) +
                                                      parent + "}");
        }
        for (const auto& c : config.chargers)
            put("/api/v1/chargers/" + c.id.str(),
                R"({"circuit":")" + c.circuit.str() + R"(","maximumA":)" +
                    decimal(c.maximum.in_milli()) +
                    R"(,"quantumA":0.1,"settleMs":5500,"phases":")" + to_string(c.phases) +
                    R"(","keepsProfiles":true})");
    }
    // All twenty chargers connected, each with a car that wants more than there is.
    void start_fleet() {
        auto options = sim::fleet_of(sim::demo_garage(), ocpp_url());
        options.meter_interval = 5s;
        ASSERT_NO_FATAL_FAILURE(connect(options));
        for (const auto& charger : options.chargers)
            ASSERT_TRUE(fleet_->plug(charger.id.str(),
                                     {.capacity = WattHours::of(1'000'000), .maximum = 32_A}));
        fleet_->restart_record();
    }
    Result<app::HttpReply> post_rule(const std::string& body) {
        return client_->request("POST", "/api/v1/rules", body);
    }
    void expect_no_overload() {
        for (const auto& circuit : fleet_->snapshot().circuits) {
            EXPECT_FALSE(circuit.drawn.ever_over()) << circuit.id.str();
        }
    }
};

TEST(Demo, AFirstRunReachesTwentyConnectedChargersAndARuleChangesOneOfThem) {
    Folder folder;
    ServerProcess server(folder.path(), {"--demo"});
    auto client = client_of(server);
    ASSERT_TRUE(eventually([&] {
        return get(client, "/api/v1/overview").at("chargersOnline").to_number<int>() == 20;
    }));
    const auto page = client.request("GET", "/");
    ASSERT_TRUE(page);
    EXPECT_EQ(page->status, 200);
    EXPECT_NE(page->body.find("<html"), std::string::npos);

    // Some car is charging above 10 A before long; its charger gets the README's rule.
    std::string charger;
    ASSERT_TRUE(eventually([&] {
        const auto overview = get(client, "/api/v1/overview");
        for (const auto& c : overview.at("sites").at(0).at("chargers").as_array())
            if (!c.at("appliedA").is_null() && c.at("appliedA").to_number<double>() > 10)
                charger = c.at("id").as_string().c_str();
        return !charger.empty();
    }));
    const auto rule = client.request("POST", "/api/v1/rules",
                                     R"({"kind":"cap","select":{"charger":")" + charger +
                                         R"("},"limitA":10,"reason":"first rule"})");
    ASSERT_EQ(rule->status, 201) << rule->body;
    const auto id = std::string(json::parse(rule->body).at("id").as_string());
    ASSERT_TRUE(eventually([&] {
        const auto overview = get(client, "/api/v1/overview");
        const auto& c = charger_in(overview, charger);
        return !c.at("appliedA").is_null() && c.at("appliedA").to_number<double>() <= 10;
    }));
    const auto why = get(client, "/api/v1/chargers/" + charger + "/explain");
    const auto sentence = std::string(why.at("evses").at(0).at("sentence").as_string());
    EXPECT_NE(sentence.find("capped at 10 A by rule " + id), std::string::npos) << sentence;
    EXPECT_NE(client.request("GET", "/metrics")->body.find("busbar_rule_dispatch_seconds"),
              std::string::npos);

    server.process().signal(SIGTERM);
    const auto end = server.process().wait();
    EXPECT_EQ(end.code, 0) << end.err;
}

TEST_F(Garage, ThreeWritesWhileACallIsOpenMakeOneFurtherCallToTheLastValue) {
    start_server();
    configure();
    start_fleet();
    const auto charging = [](const sim::FleetSnapshot& now) {
        return now.charger("CP-01").transaction && now.charger("CP-01").limit >= 6_A;
    };
    ASSERT_TRUE(fleet_->wait_until(charging, kPatience));
    ASSERT_TRUE(eventually([&] { return all_applied(get(*client_, "/api/v1/overview")); }));
    ASSERT_TRUE(fleet_->set_behaviour("CP-01", {.answering = sim::Answering::kWhenReleased}));
    const auto cap = [&](const char* limit) {
        const auto reply = post_rule(R"({"kind":"cap","select":{"charger":"CP-01"},"limitA":)" +
                                     std::string(limit) + "}");
        ASSERT_EQ(reply->status, 201) << reply->body;
    };
    cap("6.4");
    ASSERT_TRUE(fleet_->wait_until(
        [](const auto& now) { return now.charger("CP-01").answers_held == 1; }, kPatience));
    const auto before = fleet_->received("CP-01")->size();
    for (const auto* limit : {"6.3", "6.2", "6.1"}) cap(limit);
    EXPECT_EQ(fleet_->received("CP-01")->size(), before);
    ASSERT_TRUE(fleet_->set_behaviour("CP-01", {}));
    ASSERT_EQ(*fleet_->release("CP-01"), 1u);
    ASSERT_TRUE(fleet_->wait_until(
        [](const auto& now) { return now.charger("CP-01").limit == 6.1_A; }, kPatience));
    ASSERT_TRUE(eventually([&] {
        const auto overview = get(*client_, "/api/v1/overview");
        return charger_in(overview, "CP-01").at("appliedA").to_number<double>() == 6.1;
    }));
    const auto received = *fleet_->received("CP-01");
    ASSERT_EQ(received.size(), before + 1);
    EXPECT_EQ(received.back().limit(), 6.1_A);
    expect_no_overload();
}

TEST_F(Garage, AfterKillMinusNineEveryRuleAnsweredIsThereAndDesiredIsAppliedAgain) {
    start_server();
    configure();
    start_fleet();
    const auto port = server_->port();
    for (int round = 0; round < 3; ++round) {
        // A storm of writes from four clients; in the middle of it the server dies.
        std::mutex mutex;
        std::set<std::string> answered, deleted;
        std::atomic<int> writes = 0;
        std::vector<std::thread> storm;
        for (int n = 0; n < 4; ++n)
            storm.emplace_back([&, n] {
                auto client = client_of(*server_);
                for (int i = 0;; ++i) {
                    const auto charger = (i * 4 + n) % 20 + 1;
                    const auto body = R"({"kind":"cap","select":{"charger":"CP-)" +
                                      std::string(charger < 10 ? "0" : "") +
                                      std::to_string(charger) + R"("},"limitA":)" +
                                      std::to_string(6 + i % 20) + "}";
                    const auto reply = client.request("POST", "/api/v1/rules", body);
                    if (!reply || reply->status != 201) return;
                    const auto id = std::string(json::parse(reply->body).at("id").as_string());
                    if (i % 2 == 0) {
                        const std::lock_guard lock(mutex);
                        answered.insert(id);
                    } else {
                        const auto gone = client.request("DELETE", "/api/v1/rules/" + id);
                        if (!gone || gone->status != 200) return;  // May or may not be there.
                        const std::lock_guard lock(mutex);
                        deleted.insert(id);
                    }
                    ++writes;
                }
            });
        ASSERT_TRUE(eventually([&] { return writes > 40 * (round + 1); }));
        server_->process().signal(SIGKILL);
        for (auto& thread : storm) thread.join();
        (void)server_->process().wait();

        start_server(port);
        std::set<std::string> kept;
        const auto rules = get(*client_, "/api/v1/rules?limit=1000");
        ASSERT_TRUE(rules.at("next").is_null());
        for (const auto& rule : rules.at("items").as_array())
            kept.insert(std::string(rule.at("id").as_string()));
        for (const auto& id : answered) EXPECT_TRUE(kept.contains(id)) << id;
        for (const auto& id : deleted) EXPECT_FALSE(kept.contains(id)) << id;
        ASSERT_TRUE(eventually([&] { return all_applied(get(*client_, "/api/v1/overview")); }));
        expect_no_overload();
        // And what the server believes is what the chargers do.
        const auto overview = get(*client_, "/api/v1/overview");
        for (const auto& charger : fleet_->snapshot().chargers) {
            const auto& c = charger_in(overview, charger.id.str());
            if (!charger.in_transaction || c.at("transaction").is_null()) continue;
            EXPECT_DOUBLE_EQ(static_cast<double>(charger.limit.in_milli()) / 1000,
                             c.at("appliedA").to_number<double>())
                << charger.id.str();
        }
        for (const auto& id : kept)
            EXPECT_EQ(client_->request("DELETE", "/api/v1/rules/" + id)->status, 200);
    }
}

TEST_F(Garage, WrongInputGetsTheRightAnswerAndChangesNothing) {
    start_server();
    configure();
    const auto before = revision(*client_);
    const auto status = [&](const char* method, const std::string& target,
                            const std::string& body) {
        const auto reply = client_->request(method, target, body);
        EXPECT_TRUE(reply) << target;
        return reply ? reply->status : 0;
    };
    const std::string cap = R"({"kind":"cap","select":{"charger":"CP-01"},"limitA":)";
    EXPECT_EQ(status("POST", "/api/v1/rules", "{"), 400);
    EXPECT_EQ(status("POST", "/api/v1/rules", cap + "NaN}"), 400);
    EXPECT_EQ(status("POST", "/api/v1/rules", cap + "-1}"), 422);
    EXPECT_EQ(status("POST", "/api/v1/rules", cap + R"("16"})"), 422);
    EXPECT_GE(status("POST", "/api/v1/rules", cap + "1e400}"), 400);
    EXPECT_EQ(status("POST", "/api/v1/rules", cap + R"(10,"surprise":1})"), 400);
    EXPECT_EQ(status("POST", "/api/v1/rules",
                     R"({"kind":"cap","select":{"charger":"nope"},"limitA":10})"),
              404);
    EXPECT_EQ(status("PATCH", "/api/v1/rules/nope", R"({"limitA":1})"), 404);
    EXPECT_EQ(status("GET", "/api/v1/chargers/nope/explain", ""), 404);
    EXPECT_EQ(status("POST", "/api/v1/rules", "[" + std::string(10'000'000, ' ') + "]"), 413);
    client_.emplace(client_of(*server_));
    EXPECT_EQ(status("POST", "/v1/ingest", R"({"meterId":"m","vehicleId":"v"})"), 422);
    EXPECT_EQ(revision(*client_), before);
    EXPECT_TRUE(get(*client_, "/api/v1/rules").at("items").as_array().empty());
}

TEST_F(Garage, RawGarbageInPlaceOfAWebSocketLeavesTheServerAsItWas) {
    start_server();
    configure();
    const auto before = revision(*client_);
    const std::string upgrade =
        "GET /ocpp/CP-01 HTTP/1.1\r\nHost: 127.0.0.1:" + server_->port() +
        "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n";
    asio::io_context context;
    for (const auto& [head, garbage] : std::vector<std::pair<std::string, std::string>>{
             {"", std::string(200, '\xff')},
             {upgrade, "not a frame at all"},
             {upgrade, std::string("\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10)},
             {upgrade, std::string("\xf1\x80\x00\x00\x00\x00", 6)}}) {
        asio::ip::tcp::socket socket(context);
        socket.connect({asio::ip::make_address("127.0.0.1"),
                        static_cast<std::uint16_t>(std::stoi(server_->port()))});
        asio::write(socket, asio::buffer(head + garbage));
        // It closes; whatever it says before that is not waited for by name.
        std::string answer;
        boost::system::error_code error;
        asio::read(socket, asio::dynamic_buffer(answer), error);
        EXPECT_TRUE(error == asio::error::eof || error == asio::error::connection_reset)
            << error.message();
    }
    EXPECT_EQ(revision(*client_), before);
    EXPECT_EQ(get(*client_, "/health").at("status").as_string(), "ok");
}

TEST_F(Garage, ReadingsAreThereWhenAnsweredAndAfterKillMinusNine) {
    start_server();
    const auto now = format_time(real_clock().wall());
    const auto meter =
        client_->request("POST", "/v1/ingest",
                         R"({"meterId":"METER-001","kwhConsumedAc":12.5,"voltage":230.4,)"
                         R"("timestamp":")" +
                             now + R"("})");
    ASSERT_EQ(meter->status, 202) << meter->body;
    EXPECT_EQ(json::parse(meter->body).at("type").as_string(), "meter");
    const auto vehicle = client_->request(
        "POST", "/v1/ingest",
        R"({"vehicleId":"VEH-001","chargerId":"METER-001","soc":78.5,"kwhDeliveredDc":11.2,)"
        R"("batteryTemp":32.1,"timestamp":")" +
            now + R"("})");
    ASSERT_EQ(vehicle->status, 202) << vehicle->body;
    server_->process().signal(SIGKILL);
    (void)server_->process().wait();
    start_server();
    const auto status = get(*client_, "/meter-readings/status");
    EXPECT_EQ(status.at(0).at("meterId").as_string(), "METER-001");
    EXPECT_EQ(status.at(0).at("kwhConsumedAc").to_number<double>(), 12.5);
    const auto performance = get(*client_, "/v1/analytics/performance/VEH-001");
    EXPECT_EQ(performance.at("dcDeliveredTotal").to_number<double>(), 11.2);
    EXPECT_EQ(performance.at("efficiencyRatio").to_number<double>(), 0.896);
}

TEST_F(Garage, ASimulationReportsWhatItsBreakersSaw) {
    start_server();
    configure();
    const auto report = (folder_.path() / "seen.json").string();
    const auto url = "ws://127.0.0.1:" + server_->port() + "/ocpp/";
    const auto end = Process({"sim", "--url", url, "--seconds", "1", "--report", report}).wait();
    EXPECT_EQ(end.code, 0) << end.err;
    EXPECT_NE(end.out.find("of 20 connected"), std::string::npos) << end.out;
    std::ifstream file(report);
    const auto seen = json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
    EXPECT_EQ(seen.as_array().size(), 3u);
    EXPECT_EQ(seen.at(0).at("id").as_string(), "feeder");
    EXPECT_EQ(seen.at(0).at("breakerA").at("L1").to_number<int>(), 160);
    EXPECT_EQ(seen.at(0).at("drawn").at("momentsOver").to_number<int>(), 0);
}

TEST_F(Garage, TheCommandLineTalksToAServer) {
    start_server();
    configure();
    const auto run = [&](std::vector<std::string> words) {
        words.insert(words.end(), {"--url", server_->url()});
        return Process(std::move(words)).wait();
    };
    const auto added =
        run({"rules", "cap", "--charger", "CP-01", "--limit", "10.5", "--reason", "by hand"});
    EXPECT_EQ(added.code, 0) << added.err;
    EXPECT_EQ(added.out.substr(0, 5), "rule ");
    const auto listed = run({"rules", "list"});
    EXPECT_NE(listed.out.find("10.5"), std::string::npos) << listed.out;
    EXPECT_NE(listed.out.find("by hand"), std::string::npos) << listed.out;
    EXPECT_EQ(run({"chargers", "pause", "CP-02"}).code, 0);
    EXPECT_EQ(run({"chargers", "resume", "CP-02"}).code, 0);
    const auto why = run({"explain", "CP-01"});
    EXPECT_NE(why.out.find("not connected"), std::string::npos) << why.out;
    const auto wrong = run({"rules", "cap", "--charger", "nope", "--limit", "1"});
    EXPECT_EQ(wrong.code, 1);
    EXPECT_EQ(std::ranges::count(wrong.err, '\n'), 1) << wrong.err;
    EXPECT_EQ(run({"rules", "cap", "--limit", "1"}).code, 2);
    EXPECT_EQ(run({"rules", "cap", "--all", "--limit", "x"}).code, 2);
}

TEST_F(Garage, TheCommandLineWritesEveryKindOfRule) {
    start_server();
    configure();
    const auto run = [&](std::vector<std::string> words) {
        words.insert(words.end(), {"--url", server_->url()});
        return Process(std::move(words)).wait();
    };
    std::size_t rules = 0;
    for (const auto& words : std::vector<std::vector<std::string>>{
             {"cap", "--circuit", "level-1", "--kw", "30", "--except", "charger:CP-03"},
             {"reserve", "--charger", "CP-01", "--limit", "8", "--standing"},
             {"pause", "--evse", "CP-01", "--window", "Mon-Fri 22:00-06:00 Europe/Berlin"},
             {"exclude", "--charger", "CP-02", "--until", "2030-01-01T00:00:00Z"},
             {"rank", "--charger", "CP-04", "--band", "2", "--weight", "1.5"},
             {"share", "--circuit", "level-1", "--policy", "weighted", "--rotation", "30"},
             {"suspend", "--charger", "CP-05", "--kind", "cap", "--layer", "grid"},
             {"boost", "--charger", "CP-06", "--until", "2030-01-01T00:00:00Z"},
             {"schedule", "--all", "--pct", "50", "--window", "17:00-21:00"},
             {"safety", "--circuit", "level-1", "--limit", "60"}}) {
        auto command = words;
        command.insert(command.begin(), "rules");
        const auto added = run(command);
        EXPECT_EQ(added.code, 0) << words.front() << ": " << added.err;
        ++rules;
    }
    EXPECT_EQ(get(*client_, "/api/v1/rules").at("items").as_array().size(), rules);
    const auto listed = run({"rules", "list"}).out;
    for (const auto* part : {"30 kW", "but not charger CP-03", "50 %", "17:00-21:00",
                             "Mon,Tue,Wed,Thu,Fri 22:00-06:00 Europe/Berlin", "band 2 x1.5",
                             "weighted", "until 2030-01-01"})
        EXPECT_NE(listed.find(part), std::string::npos) << part << " in\n" << listed;

    EXPECT_EQ(run({"rules", "set", "r-1", "--kw", "25", "--disable"}).code, 0);
    const auto changed = get(*client_, "/api/v1/rules/r-1");
    EXPECT_EQ(changed.at("limitKw").to_number<double>(), 25);
    EXPECT_FALSE(changed.at("enabled").as_bool());
    EXPECT_EQ(run({"rules", "set", "r-4", "--until", "none"}).code, 0);
    EXPECT_TRUE(get(*client_, "/api/v1/rules/r-4").at("expiresAt").is_null());
    EXPECT_EQ(run({"rules", "set", "r-1"}).code, 1);
    EXPECT_EQ(run({"rules", "schedule", "--all", "--limit", "9"}).code, 1);  // When?
    EXPECT_EQ(run({"rules", "pause", "--all", "--except", "CP-01"}).code, 2);
    // They are there after a crash, each as it was.
    const auto before = client_->request("GET", "/api/v1/rules")->body;
    server_->process().signal(SIGKILL);
    (void)server_->process().wait();
    start_server();
    EXPECT_EQ(client_->request("GET", "/api/v1/rules")->body, before);
}

TEST_F(Garage, APlanSaysWhatARuleWouldDoAndTheRuleDoesIt) {
    start_server();
    configure();
    start_fleet();
    ASSERT_TRUE(eventually([&] {
        const auto overview = get(*client_, "/api/v1/overview");
        const auto& first = charger_in(overview, "CP-01");
        return all_applied(overview) && !first.at("transaction").is_null() &&
               first.at("desiredA").to_number<double>() > 7;
    }));
    const auto before = revision(*client_);
    const auto planned = Process({"plan", "cap", "--charger", "CP-01", "--limit", "7", "--reason",
                                  "works", "--url", server_->url()})
                             .wait();
    EXPECT_EQ(planned.code, 0) << planned.err;
    EXPECT_NE(planned.out.find("CP-01"), std::string::npos) << planned.out;
    EXPECT_NE(planned.out.find("capped at 7 A"), std::string::npos) << planned.out;
    EXPECT_EQ(revision(*client_), before);
    EXPECT_EQ(
        Process({"plan", "pause", "--all", "--at", "2030-01-01T00:00:00Z", "--url", server_->url()})
            .wait()
            .code,
        0);
    EXPECT_EQ(Process({"plan", "without", "r-99", "--url", server_->url()}).wait().code, 1);

    const std::string cap = R"({"kind":"cap","select":{"charger":"CP-01"},"limitA":7})";
    const auto plan = client_->request("POST", "/api/v1/plan", R"({"rules":[)" + cap + "]}");
    ASSERT_EQ(plan->status, 200) << plan->body;
    double after = -1;
    const auto parsed = json::parse(plan->body);
    for (const auto& limit : parsed.at("limits").as_array())
        if (limit.at("charger").as_string() == "CP-01")
            after = limit.at("afterA").to_number<double>();
    EXPECT_LE(after, 7);
    ASSERT_GE(after, 0) << plan->body;
    ASSERT_EQ(post_rule(cap)->status, 201);
    // The answer says that it is durable, and not that all has been decided again.
    EXPECT_TRUE(eventually([&] {
        const auto overview = get(*client_, "/api/v1/overview");
        return charger_in(overview, "CP-01").at("desiredA").to_number<double>() <= 7;
    }));
    expect_no_overload();
}

TEST_F(Garage, AStartThatCannotWorkIsOneLineThatNamesTheSetting) {
    start_server();
    const auto refused = [&](std::vector<std::string> words) {
        words.insert(words.begin(), "serve");
        const auto end = Process(std::move(words)).wait();
        EXPECT_EQ(end.code, 2) << end.out << end.err;
        EXPECT_EQ(std::ranges::count(end.err, '\n'), 1) << end.err;
        return end.err;
    };
    Folder other;
    const auto names = [](const std::string& line, const char* what) {
        return line.find(what) != std::string::npos;
    };
    EXPECT_TRUE(names(refused({"--port", server_->port(), "--data-dir", other.path()}), "port"));
    EXPECT_TRUE(names(refused({"--port", "0", "--data-dir", folder_.path()}), "data-dir"));
    EXPECT_TRUE(names(refused({"--port", "0", "--data-dir", "/proc/busbar"}), "data-dir"));
    EXPECT_TRUE(names(refused({"--port", "99999"}), "--port"));
    EXPECT_TRUE(names(refused({"--host", "0.0.0.0"}), "--host"));
    EXPECT_TRUE(names(refused({"--feeders", other.path()}), "--feeders"));
    EXPECT_TRUE(names(refused({"--host", "192.0.2.1", "--open-network", "--port", "0", "--data-dir",
                               other.path()}),
                      "host"));
}

// Two leases of the shortest kind have to run out.
TEST(LongProbe, ASimulatedChargerIsProvenOverRealSocketsFromTheCommandLine) {
    Folder folder;
    ServerProcess server(folder.path());
    auto client = client_of(server);
    for (const auto& [target, body] :
         {std::pair{"/api/v1/sites/garage", R"({"name":"Garage"})"},
          {"/api/v1/circuits/feeder", R"({"breakerA":100})"},
          {"/api/v1/chargers/CP-1", R"({"circuit":"feeder","maximumA":32})"}})
        ASSERT_EQ(client.request("PUT", target, body)->status, 201) << target;
    auto fleet = sim::Fleet::start({.url = "ws://127.0.0.1:" + server.port() + "/ocpp/",
                                    .chargers = {{.id = ChargerId("CP-1")}},
                                    .meter_interval = 5s});
    ASSERT_TRUE(fleet);
    ASSERT_TRUE((*fleet)->plug("CP-1", {.capacity = WattHours::of(1'000'000)}));
    const auto charges = [](const sim::FleetSnapshot& now) {
        return now.charger("CP-1").drawn[Phase::kL1] > 10_A;
    };
    ASSERT_TRUE((*fleet)->wait_until(charges, kPatience));

    Process unwarned({"chargers", "probe", "CP-1", "--url", server.url()});
    const auto refused = unwarned.wait();
    EXPECT_NE(refused.code, 0);
    EXPECT_NE(refused.err.find("must be true"), std::string::npos) << refused.err;
    Process probe(
        {"chargers", "probe", "CP-1", "--lease", "20", "--driver-warned", "--url", server.url()});
    const auto end = probe.wait();
    EXPECT_EQ(end.code, 0) << end.err;
    EXPECT_NE(end.out.find("trust A"), std::string::npos) << end.out;
    auto again = client_of(server);  // The first was idle for too long.
    EXPECT_TRUE(eventually([&] {
        const auto charger = get(again, "/api/v1/chargers/CP-1");
        return charger.at("trust") == "A" && charger.at("keepsProfiles") == true;
    }));
}

}  // namespace
}  // namespace busbar::e2e
