#include "app/commands.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "app/bench.hpp"
#include "app/client.hpp"
#include "app/complaint.hpp"
#include "app/serve.hpp"
#include "app/settings.hpp"

#ifndef BUSBAR_VERSION
#error "the build sets BUSBAR_VERSION"
#endif

namespace busbar::app {
namespace {

void add_serve(CLI::App& app, int& code) {
    auto flags = std::make_shared<Flags>();
    auto* command = app.add_subcommand("serve", "Serve chargers (OCPP), the API and the page");
    command->add_option("--config", flags->config, "TOML file; busbar.toml if it is there");
    command->add_option("--host", flags->host, "Address to listen on [127.0.0.1] (HOST)");
    command->add_option("--port", flags->port, "Port for everything [3000] (PORT)");
    command->add_option("--data-dir", flags->data_dir,
                        "Where the store lies [./busbar-data] (BUSBAR_DATA_DIR)");
    command->add_option("--threads", flags->threads, "Network threads [2] (BUSBAR_THREADS)");
    command->add_option("--log-level", flags->log_level,
                        "debug, info, warn, error, off [info] (LOG_LEVEL)");
    command->add_option("--log-format", flags->log_format, "console or json (LOG_FORMAT)");
    command->add_option("--call-timeout-ms", flags->call_timeout,
                        "How long a charger may take to answer [30000]");
    command->add_flag("--demo", flags->demo, "Add a garage with 20 simulated chargers");
    command->add_flag("--open-network", flags->open_network,
                      "Listen beyond loopback though there are no access tokens yet: whoever "
                      "reaches the port can change limits");
    command->callback([flags, &code] {
        const auto settings = read_settings(*flags, process_environment);
        code = settings ? serve(*settings) : complain(settings.error());
    });
}

void add_sim(CLI::App& app, int& code) {
    auto options = std::make_shared<SimOptions>();
    auto* command = app.add_subcommand("sim", "Simulate chargers and cars against any CSMS");
    command->add_option("--url", options->url, "WebSocket address; the identity is appended")
        ->capture_default_str();
    command
        ->add_option("--chargers", options->chargers,
                     "How many; without it, the twenty of the demo garage")
        ->check(CLI::Range(1, 10'000));
    command->add_option("--prefix", options->prefix, "Of their identities")->capture_default_str();
    command->add_option("--seed", options->seed, "Of all chance")->capture_default_str();
    command->add_option("--seconds", options->seconds, "How long; without it, until stopped");
    command->callback([options, &code] { code = simulate(*options); });
}

void add_bench(CLI::App& app, int& code) {
    auto* bench = app.add_subcommand("bench", "Measure this machine");
    bench->require_subcommand(1);
    auto options = std::make_shared<DispatchBench>();
    auto json = std::make_shared<bool>(false);
    auto* command = bench->add_subcommand("dispatch", "Rule write to the charger's socket");
    command->add_option("--chargers", options->chargers, "Connected chargers")
        ->check(CLI::Range(1, 5'000))
        ->capture_default_str();
    command->add_option("--rounds", options->rounds, "Of each operation")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    command->add_flag("--json", *json, "An array for programs");
    command->callback([options, json, &code] {
        const auto rows = bench_dispatch(*options);
        if (!rows) {
            code = complain(rows.error());
            return;
        }
        std::printf("%s\n", (*json ? bench_json(*rows) : bench_table(*rows)).c_str());
        code = 0;
    });
}

void add_client_commands(CLI::App& app, int& code) {
    auto options = std::make_shared<ClientOptions>();
    const auto common = [options](CLI::App* command) {
        command->add_option("--url", options->url, "Of the server")
            ->envname("BUSBAR_URL")
            ->capture_default_str();
        command->add_flag("--json", options->json, "The server's answer as it is");
        return command;
    };
    auto* rules = app.add_subcommand("rules", "List, add, change and delete rules");
    rules->require_subcommand(1);
    common(rules->add_subcommand("list", "All rules"))->callback([=, &code] {
        code = list_rules(*options);
    });
    auto draft = std::make_shared<RuleOptions>();
    for (const auto* kind : {"cap", "pause", "exclude"}) {
        auto* add = common(rules->add_subcommand(kind, std::string("Add a rule: ") + kind));
        add->add_option("--charger", draft->charger, "The charger it is about");
        add->add_option("--circuit", draft->circuit, "The circuit it is about");
        add->add_option("--partner", draft->partner, "The partner whose chargers it is about");
        add->add_flag("--all", draft->all, "All chargers of the site");
        add->add_option("--site", draft->site, "Where there are several");
        if (std::string_view(kind) == "cap")
            add->add_option("--limit", draft->limit, "Amperes per line")->required();
        add->add_option("--until", draft->until, "When it ends, such as 2026-02-10T18:00:00+01:00");
        add->add_option("--reason", draft->reason, "Shown wherever the rule bites");
        add->callback(
            [=, kind = std::string(kind), &code] { code = add_rule(*options, kind, *draft); });
    }
    auto id = std::make_shared<std::string>();
    auto* patch = common(rules->add_subcommand("set", "Change the limit of a cap"));
    patch->add_option("id", *id, "The rule")->required();
    patch->add_option("--limit", draft->limit, "Amperes per line")->required();
    patch->callback([=, &code] { code = set_limit(*options, *id, *draft->limit); });
    auto* remove = common(rules->add_subcommand("delete", "Delete a rule"));
    remove->add_option("id", *id, "The rule")->required();
    remove->callback([=, &code] { code = delete_rule(*options, *id); });

    auto* chargers = app.add_subcommand("chargers", "List, pause and resume chargers");
    chargers->require_subcommand(1);
    common(chargers->add_subcommand("list", "All chargers"))->callback([=, &code] {
        code = list_chargers(*options);
    });
    for (const auto* deed : {"pause", "resume"}) {
        auto* command = common(chargers->add_subcommand(deed, std::string(deed) + " a charger"));
        command->add_option("id", *id, "The charger")->required();
        command->callback(
            [=, deed = std::string(deed), &code] { code = charger_deed(*options, *id, deed); });
    }
    auto* explain = common(app.add_subcommand("explain", "Why a charger has the limit it has"));
    explain->add_option("charger", *id, "The charger")->required();
    explain->callback([=, &code] { code = explain_charger(*options, *id); });
}

}  // namespace

int run_command_line(int argc, char** argv) {
    CLI::App app{
        "Busbar keeps every breaker closed while every car gets all the current there is."};
    app.set_version_flag("--version", BUSBAR_VERSION);
    app.require_subcommand(1);
    int code = 0;
    add_serve(app, code);
    add_sim(app, code);
    add_bench(app, code);
    add_client_commands(app, code);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kWrongUse;
    }
    return code;
}

}  // namespace busbar::app
