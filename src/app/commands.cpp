#include "app/commands.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>

#include "app/bench.hpp"
#include "app/bench_sessions.hpp"
#include "app/client.hpp"
#include "app/complaint.hpp"
#include "app/serve.hpp"
#include "app/settings.hpp"
#include "app/simulate.hpp"
#include "app/trial_check.hpp"
#include "sim/manners.hpp"

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
    command->add_option("--feeders", flags->feeders,
                        "TOML file of the meters of feeders, in place of the config's [[feeder]] "
                        "(BUSBAR_FEEDERS)");
    command->add_option("--max-message-kib", flags->max_message_kib,
                        "The longest message of a charger [1024]");
    command->add_option("--tls-certificate", flags->tls_certificate,
                        "PEM file: opens the TLS port (BUSBAR_TLS_CERTIFICATE)");
    command->add_option("--tls-key", flags->tls_key, "PEM file (BUSBAR_TLS_KEY)");
    command->add_option("--tls-client-ca", flags->tls_client_ca,
                        "PEM file: who vouches for chargers with certificates of their own");
    command->add_option(
        "--tls-host", flags->tls_host,
        "Address of the TLS port; beyond loopback it is for chargers only [--host]");
    command->add_option("--tls-port", flags->tls_port, "[3443] (BUSBAR_TLS_PORT)");
    command->add_option(
        "--charger-profile", flags->charger_profile,
        "Security profile of a charger of which nothing else was said: 0 to 3 [0; 2 "
        "where the TLS port is on a network]");
    command->add_flag("--demo", flags->demo, "Add a garage with 20 simulated chargers");
    command->add_flag("--open-network", flags->open_network,
                      "Listen beyond loopback though there are no access tokens yet: whoever "
                      "reaches the port can change limits");
    command->callback([flags, &code] {
        const auto settings = read_settings(*flags, process_environment);
        code = settings ? serve(*settings) : complain(settings.error());
    });
}

// The library would read -1 and all that is too large as the largest number there is.
CLI::Option* add_seed_option(CLI::App* command, const std::shared_ptr<SimOptions>& options) {
    const auto take = [options](const std::string& text) {
        const auto seed = parse_seed(text);
        if (!seed) throw CLI::ValidationError("--seed", kSeedRange);
        options->seed = *seed;
    };
    return command->add_option_function<std::string>("--seed", take, "Of all chance")
        ->type_name("UINT")
        ->default_str(std::to_string(options->seed));
}

// `check` excludes what speaks of sockets and real time: a trial has neither.
void add_fleet_options(CLI::App* command, const std::shared_ptr<SimOptions>& options,
                       CLI::Option* check) {
    command->add_option("--url", options->url, "WebSocket address; the identity is appended")
        ->excludes(check)
        ->capture_default_str();
    command->add_option("--prefix", options->prefix, "Of their identities")
        ->excludes(check)
        ->capture_default_str();
    command
        ->add_option("--breaker", options->breaker_a,
                     "With --chargers: A of the one circuit that feeds them all, and is watched")
        ->check(CLI::Range(1, 1'000'000))
        ->needs("--chargers")
        ->excludes(check);
    command->add_option("--seconds", options->seconds, "How long; without it, until stopped")
        ->excludes(check);
    command->add_option("--ocpp", options->ocpp, "1.6, 2.0.1, 2.1; mixed: one after the other")
        ->check(CLI::IsMember({"1.6", "2.0.1", "2.1", "mixed"}))
        ->capture_default_str();
    command
        ->add_option("--metrics", options->metrics_port,
                     "Port of 127.0.0.1 for its own figures, at /metrics")
        ->check(CLI::Range(1, 65'535))
        ->excludes(check);
    command
        ->add_option("--report", options->report,
                     "JSON file for the most that flowed, and that chargers would have let "
                     "flow, through each breaker")
        ->excludes(check);
}

std::string behaviours_help() {
    std::string help =
        "Percent of the chargers that are difficult, such as slow:10,silent:5; each is one of";
    for (const auto& manner : sim::manners())
        help += "\n  " + std::string(manner.name) + ": " + std::string(manner.help);
    return help;
}

// What goes wrong, and who comes.
void add_fleet_life(CLI::App* command, const std::shared_ptr<SimOptions>& options,
                    CLI::Option* check) {
    command->add_option("--behave", options->behave, behaviours_help())->excludes(check);
    command
        ->add_option("--flap", options->flap_s,
                     "Every connection breaks so often, in seconds on the mean")
        ->check(CLI::Range(0.5, 86'400.0))
        ->excludes(check);
    command
        ->add_option("--storm", options->storm_s,
                     "So often, in seconds, all connections break and are dialled again at once")
        ->check(CLI::Range(0.5, 86'400.0))
        ->excludes(check);
    command
        ->add_option("--sessions", options->sessions,
                     "Who comes: a file of charging sessions, CSV or TSV, gzipped or not; without "
                     "it, chance")
        ->excludes(check);
    command
        ->add_option("--speed", options->speed,
                     "How many times as fast batteries fill, and sessions go by")
        ->check(CLI::Range(1, 1'000))
        ->excludes(check)
        ->capture_default_str();
}

void add_sim(CLI::App& app, int& code) {
    auto options = std::make_shared<SimOptions>();
    auto check = std::make_shared<TrialCheck>();
    auto checks = std::make_shared<bool>(false);
    auto* command = app.add_subcommand("sim", "Simulate chargers and cars against any CSMS");
    command
        ->add_option("--chargers", options->chargers,
                     "How many; without it, the twenty of the demo garage")
        ->check(CLI::Range(1, 10'000));
    auto* seed = add_seed_option(command, options);
    auto* flag = command->add_flag(
        "--check", *checks,
        "In place of a CSMS: whole sites in virtual time, with faults of every kind, checking "
        "what must always hold");
    add_fleet_options(command, options, flag);
    add_fleet_life(command, options, flag);
    command->add_option("--seeds", check->seeds, "With --check: FROM..TO, in place of --seed")
        ->needs(flag)
        ->excludes(seed);
    command
        ->add_option("--wire", check->wire,
                     "With --check: messages as values, or the bytes of real WebSockets")
        ->needs(flag)
        ->check(CLI::IsMember({"messages", "bytes"}))
        ->capture_default_str();
    command->add_option("--hours", check->hours, "With --check: simulated")
        ->needs(flag)
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    command->callback([options, check, checks, &code] {
        if (!*checks) {
            code = simulate(*options);
            return;
        }
        check->seed = options->seed;
        check->ocpp = options->ocpp;
        if (options->chargers > 0) check->chargers = options->chargers;
        code = check_trials(*check);
    });
}

// Prints what a bench measured. The exit code.
template <class Figures, class Shown>
int show_figures(const Result<Figures>& figures, Shown* shown) {
    if (!figures) return complain(figures.error());
    std::printf("%s\n", shown(*figures).c_str());
    return 0;
}

void add_bench_sessions(CLI::App& bench, int& code) {
    auto options = std::make_shared<SessionBench>();
    auto json = std::make_shared<bool>(false);
    auto* command = bench.add_subcommand(
        "sessions", "Replay charging sessions: energy demand met by each algorithm");
    command->add_option("files", options->files, "CSV or TSV, gzipped or not (bench/data)")
        ->required();
    command->add_option("--network", options->network, "caltech, or a network file")
        ->capture_default_str();
    command
        ->add_option("--capacities", options->capacities_kw,
                     "Of the transformer, kW, with commas [10,20,..,150]")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(CLI::Range(0, 100'000));
    command
        ->add_option("--algorithms", options->algorithms,
                     "equal,weighted,fcfs,edf,llf,rr,deadline [all]")
        ->delimiter(',')
        ->allow_extra_args(false);
    command->add_option("--departure", options->departure, "What the algorithms are told")
        ->check(CLI::IsMember({"actual", "estimated"}))
        ->capture_default_str();
    command->add_option("--minimum", options->minimum_a, "A, below which no car charges: 0 or 6")
        ->check(CLI::Range(0, 32))
        ->capture_default_str();
    command->add_flag("--json", *json, "An array for programs");
    command->callback([options, json, &code] {
        code = show_figures(bench_sessions(*options), *json ? sessions_json : sessions_table);
    });
}

// One of those that measure rows of times with so many chargers and rounds.
template <class Options>
void add_bench_of_control(CLI::App& bench, const char* name, const char* help,
                          const char* of_rounds,
                          Result<std::vector<BenchRow>> (*measure)(const Options&), int& code) {
    auto options = std::make_shared<Options>();
    auto json = std::make_shared<bool>(false);
    auto* command = bench.add_subcommand(name, help);
    command->add_option("--chargers", options->chargers, "Connected chargers")
        ->check(CLI::Range(1, 5'000))
        ->capture_default_str();
    command->add_option("--rounds", options->rounds, of_rounds)
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    command->add_flag("--json", *json, "An array for programs");
    command->callback([options, json, measure, &code] {
        code = show_figures(measure(*options), *json ? bench_json : bench_table);
    });
}

void add_bench(CLI::App& app, int& code) {
    auto* bench = app.add_subcommand("bench", "Measure this machine");
    bench->require_subcommand(1);
    add_bench_of_control(*bench, "dispatch", "Rule write to the charger's socket",
                         "Of each operation", bench_dispatch, code);
    add_bench_of_control(*bench, "boundary", "A rule's begin or end to the charger's socket",
                         "Boundaries of one charger each; a tenth as many lower all",
                         bench_boundary, code);
    add_bench_of_control(
        *bench, "neighbours", "Rule writes beside chargers that answer late or never",
        "Writes with such neighbours, and as many without", bench_neighbours, code);
    add_bench_sessions(*bench, code);
}

// What every kind of rule may say.
void add_common_options(CLI::App* add, const std::shared_ptr<RuleOptions>& rule) {
    add->add_option("--charger", rule->charger, "The charger it is about");
    add->add_option("--evse", rule->evse, "One EVSE of a charger: CP-7/2");
    add->add_option("--circuit", rule->circuit, "All below this circuit");
    add->add_option("--tag", rule->tag, "All chargers with this tag");
    add->add_option("--partner", rule->partner, "The partner whose chargers it is about");
    add->add_option("--id-tag-group", rule->id_tag_group, "Drivers of this group");
    add->add_option("--transaction", rule->transaction, "One transaction, by its number");
    add->add_flag("--all", rule->all, "All chargers of the site");
    add->add_option("--except", rule->except,
                    "But not these: charger:CP-7, tag:ground-floor, ...; may be repeated")
        ->expected(1)
        ->allow_extra_args(false)
        ->take_all();
    add->add_option("--site", rule->site, "Where there are several");
    add->add_option("--window", rule->window, "When: \"Mon-Fri 17:00-21:00 Europe/Berlin\"");
    add->add_option("--from", rule->from, "When it begins, such as 2026-02-10T18:00:00+01:00");
    add->add_option("--until", rule->until, "When it ends, for good");
    add->add_option("--layer", rule->layer,
                    "Who speaks: default, driver, partner, operator, grid, safety [operator]");
    add->add_option("--reason", rule->reason, "Shown wherever the rule bites");
}

void add_amount_options(CLI::App* command, const std::shared_ptr<RuleOptions>& rule) {
    command->add_option("--limit", rule->limit, "Amperes per line");
    command->add_option("--kw", rule->kilowatts, "Kilowatts, in place of amperes");
    command->add_option("--pct", rule->percent,
                        "Percent of the hardware maximum, or of the circuit");
}

void add_reserve_options(CLI::App* command, const std::shared_ptr<RuleOptions>& rule) {
    command->add_flag("--standing", rule->standing, "Held while no car is there, too");
    command->add_flag("--force", rule->force, "Kept though it does not always fit");
}

void add_share_options(CLI::App* command, const std::shared_ptr<RuleOptions>& rule) {
    command->add_option("--policy", rule->policy, "equal, weighted, fcfs or deadline");
    command->add_flag("--strict-bands", rule->strict_bands,
                      "Nothing beyond minima for a band while an earlier one wants more");
    command->add_flag("--band-by-band", rule->band_by_band,
                      "Minima, too, go to earlier bands first");
    command->add_option("--rotation", rule->rotation_minutes,
                        "Minutes after which a waiting car takes a turn; 0: never");
    command->add_flag("--keep-unused", rule->keep_unused,
                      "What a car does not draw is not given to others");
}

void add_band_option(CLI::App* command, const std::shared_ptr<RuleOptions>& rule) {
    command->add_option("--band", rule->band, "1 is served first, 9 last; 5 is ordinary");
}

void add_rank_options(CLI::App* command, const std::shared_ptr<RuleOptions>& rule) {
    add_band_option(command, rule);
    command->add_option("--weight", rule->weight, "Share of the surplus; 1 is ordinary");
}

struct RuleCommand {
    const char* kind;
    const char* help;
    void (*add_options)(CLI::App*, const std::shared_ptr<RuleOptions>&);
};

constexpr auto kNoOptions = [](CLI::App*, const std::shared_ptr<RuleOptions>&) {};

void add_cap_options(CLI::App* command, const std::shared_ptr<RuleOptions>& rule) {
    add_amount_options(command, rule);
    command->add_option("--scope", rule->scope, "each EVSE, or the sum of all");
}

void add_hold_options(CLI::App* command, const std::shared_ptr<RuleOptions>& rule) {
    add_amount_options(command, rule);
    add_reserve_options(command, rule);
}

void add_suspend_options(CLI::App* command, const std::shared_ptr<RuleOptions>& rule) {
    command->add_option("--rule", rule->suspended_rule, "Only this rule");
    command->add_option("--kind", rule->suspended_kind, "Only rules of this kind");
}

const std::array kRuleCommands{
    RuleCommand{"cap", "At most so much", add_cap_options},
    RuleCommand{"reserve", "At least so much, if the car wants it", add_hold_options},
    RuleCommand{"pause", "0 A, plugged in", kNoOptions},
    RuleCommand{"exclude", "Not ours to control: its maximum is held", kNoOptions},
    RuleCommand{"rank", "Who is served first, and how much of the surplus it gets",
                add_rank_options},
    RuleCommand{"share", "How a circuit is shared", add_share_options},
    RuleCommand{"suspend", "Switches other rules off for these", add_suspend_options},
    RuleCommand{"boost", "No caps and pauses of its layer or below, and the first band",
                add_band_option},
    RuleCommand{"schedule", "A cap for certain hours: --window", add_cap_options},
    RuleCommand{"time_of_use", "A part of a circuit's budget in certain hours: --pct, --window",
                add_cap_options},
    RuleCommand{"safety", "A cap that nothing switches off", add_cap_options}};

// One command for each kind of rule, with what goes with it; `deed` is done with what was said.
template <class Common, class Deed>
void add_rule_commands(CLI::App* parent, const std::string& what, Common common, Deed deed) {
    for (const auto& [kind, help, add_options] : kRuleCommands) {
        auto rule = std::make_shared<RuleOptions>();
        auto* command = common(parent->add_subcommand(kind, what + help));
        add_options(command, rule);
        add_common_options(command, rule);
        command->callback([rule, deed, kind = std::string(kind)] { deed(kind, *rule); });
    }
}

// The last command that is said takes the options of the server, too.
auto common_options(const std::shared_ptr<ClientOptions>& options) {
    return [options](CLI::App* command) {
        command->add_option("--url", options->url, "Of the server")
            ->envname("BUSBAR_URL")
            ->capture_default_str();
        command->add_flag("--json", options->json, "The server's answer as it is");
        return command;
    };
}

void add_rules(CLI::App& app, const std::shared_ptr<ClientOptions>& options, int& code) {
    const auto common = common_options(options);
    auto* rules = app.add_subcommand("rules", "List, add, change and delete rules");
    rules->require_subcommand(1);
    common(rules->add_subcommand("list", "All rules"))->callback([=, &code] {
        code = list_rules(*options);
    });
    add_rule_commands(rules, "Add a rule: ", common,
                      [options, &code](const std::string& kind, const RuleOptions& rule) {
                          code = add_rule(*options, kind, rule);
                      });
    auto id = std::make_shared<std::string>();
    auto change = std::make_shared<RuleOptions>();
    auto* patch = common(rules->add_subcommand("set", "Change a rule"));
    patch->add_option("id", *id, "The rule")->required();
    add_amount_options(patch, change);
    add_rank_options(patch, change);
    patch->add_option("--window", change->window, "When it holds; none: always");
    patch->add_option("--from", change->from, "When it begins; none: at once");
    patch->add_option("--until", change->until, "When it ends; none: never");
    patch->add_option("--layer", change->layer, "Who speaks");
    patch->add_option("--reason", change->reason, "Shown wherever the rule bites");
    patch->add_flag("--enable", change->enable, "Let it hold again");
    patch->add_flag("--disable", change->disable, "Keep it, and let it hold no more");
    patch->callback([=, &code] { code = change_rule(*options, *id, *change); });
    auto* remove = common(rules->add_subcommand("delete", "Delete a rule"));
    remove->add_option("id", *id, "The rule")->required();
    remove->callback([=, &code] { code = delete_rule(*options, *id); });
}

void add_plan(CLI::App& app, const std::shared_ptr<ClientOptions>& options, int& code) {
    auto at = std::make_shared<std::string>();
    const auto common = [set = common_options(options), at](CLI::App* command) {
        command->add_option("--at", *at, "Then, such as 2026-02-10T18:00:00+01:00; else now");
        return set(command);
    };
    auto* plan = app.add_subcommand("plan", "What a rule would change, without adding it");
    plan->require_subcommand(1);
    add_rule_commands(plan, "What if: ", common,
                      [options, at, &code](const std::string& kind, const RuleOptions& rule) {
                          code = plan_rule(*options, kind, rule, *at);
                      });
    auto ids = std::make_shared<std::vector<std::string>>();
    auto* without = common(plan->add_subcommand("without", "What if these rules were gone"));
    without->add_option("ids", *ids, "The rules")->required();
    without->callback([=, &code] { code = plan_without(*options, *ids, *at); });
}

void add_external_limit(CLI::App* circuits, const std::shared_ptr<ClientOptions>& options,
                        int& code) {
    auto id = std::make_shared<std::string>();
    auto limit = std::make_shared<ExternalOptions>();
    auto* command = common_options(options)(circuits->add_subcommand(
        "external-limit", "What somebody outside lets it carry; each is a heartbeat, too"));
    command->add_option("id", *id, "The circuit")->required();
    command->add_option("--limit", limit->limit, "Amperes per line; none: nothing is limited now");
    command->add_option("--kw", limit->kilowatts, "Kilowatts, in place of amperes");
    command->add_option("--failsafe", limit->failsafe, "Amperes that hold without a heartbeat");
    command->add_option("--failsafe-kw", limit->failsafe_kilowatts, "Kilowatts, in their place");
    command->add_option("--heartbeat", limit->heartbeat, "Seconds that are too long [120]");
    command->add_option("--failsafe-for", limit->failsafe_for,
                        "Seconds that a failsafe holds at least [7200]");
    command->add_option("--source", limit->source, "Who says so");
    command->add_flag("--clear", limit->clear, "Nobody limits it any more");
    command->callback([=, &code] { code = external_limit(*options, *id, *limit); });
}

void add_client_commands(CLI::App& app, int& code) {
    auto options = std::make_shared<ClientOptions>();
    const auto common = common_options(options);
    add_rules(app, options, code);
    add_plan(app, options, code);
    auto id = std::make_shared<std::string>();
    auto* chargers = app.add_subcommand("chargers", "List, probe, pause and resume chargers");
    common(chargers->add_subcommand("list", "All chargers"))->callback([=, &code] {
        code = list_chargers(*options);
    });
    auto* circuits = app.add_subcommand("circuits", "Pause, resume and limit all below a circuit");
    add_external_limit(circuits, options, code);
    auto* partners = app.add_subcommand("partners", "Pause and resume all chargers of a partner");
    for (auto* things : {chargers, circuits, partners}) {
        things->require_subcommand(1);
        for (const auto* deed : {"pause", "resume"}) {
            auto* command = common(things->add_subcommand(deed, std::string(deed) + " by its id"));
            command->add_option("id", *id, "Of it")->required();
            command->callback([=, deed = std::string(deed), &code] {
                code = pause_or_resume(*options, things->get_name(), *id, deed);
            });
        }
    }
    auto words = std::make_shared<ProbeWords>();
    auto* probe = common(chargers->add_subcommand(
        "probe", "Find out how far a charger's word goes, with a car that charges there"));
    probe->add_option("id", *id, "The charger")->required();
    probe->add_option("--evse", words->evse, "Which of its EVSEs")->capture_default_str();
    probe->add_option("--lease", words->lease_s, "Seconds: how long a limit may hold alone")
        ->check(CLI::Range(20, 600))
        ->capture_default_str();
    probe->add_flag("--no-reset", words->no_reset, "Do not restart it");
    probe->add_flag("--no-refuse", words->no_refuse, "Do not refuse its connection for a while");
    probe->add_flag("--driver-warned", words->driver_warned,
                    "The driver knows: the car will be paused, and its charger restarted");
    probe->callback([=, &code] { code = probe_charger(*options, *id, *words); });
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
