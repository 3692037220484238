#!/usr/bin/env python3
"""Shows that each rule of tidy.py fires on what it forbids, and is silent on what it wants.

Snippets that would themselves break a rule stand here as data, cut in two where needed.
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import tidy

HPP = "// Something that a test needs to look at.\n#pragma once\n"
CORE, EDGE, WEB = "src/rules/x.cpp", "src/http/x.cpp", "web/status/x.js"

# rule, path, what it must find, what it must leave alone
SNIPPETS = [
    ("clock", CORE, "auto t = std::chrono::steady_clock::now();", "auto t = clock.now();"),
    ("clock", CORE, "auto t = system_clock::now ();", "// not system_clock::now()"),
    ("clock", CORE, "clock_gettime(CLOCK_REALTIME, &t);", 'log("clock_gettime(");'),
    ("sleep", "src/net/x_test.cpp", "std::this_thread::sleep_for(1s);", "timer.sleep(3);"),
    ("sleep", CORE, "sleep(1);", "keep_asleep(1);"),
    ("float", CORE, "double limit = 1;", "int doubled = 1;  // not a double"),
    ("std-namespace", CORE, "using namespace std;", "using namespace std::chrono_literals;"),
    ("relative-include", CORE, '#include "../base/id.hpp"', '#include "base/id.hpp"'),
    ("unfinished", CORE, "// TO" "DO: more", "// To do so is wise."),
    ("unfinished", "docs/x.md", "FIX" "ME", "fix me"),
    ("vague-name", CORE, "class RuleManager {};", "class Rule {};"),
    ("vague-name", CORE, "struct StringUtils {};", "struct Utilization {};"),
    ("vague-name", CORE, "enum class HelperKind { kOne };", "enum class Kind { kOne };"),
    ("new", CORE, "auto* a = new Rule(1);", "auto a = std::unique_ptr<Rule>(new Rule(1));"),
    ("new", CORE, "f(new Rule);", "std::unique_ptr<Rule> rule{\n    new Rule};"),
    ("delete", CORE, "delete rule;", "Rule(const Rule&) = delete;"),
    ("delete", CORE, "delete[] rules;", "void remove_or_delete(int);"),
    ("core-include", "src/domain/x.hpp", HPP + "#include <boost/json.hpp>", HPP + "#include <map>"),
    ("core-include", "src/base/x.cpp", '#include "spdlog/spdlog.h"', "#include <string>"),
    ("pure", "src/ledger/x.cpp", "#include <mutex>", "#include <vector>"),
    ("pure", "src/allocator/x.cpp", '#include "base/clock.hpp"', '#include "base/time.hpp"'),
    ("chance", "src/sim/x.cpp", "std::random_device seed;", "std::mt19937 engine(seed);"),
    ("detach", EDGE, "thread.detach();", "thread.join();"),
    ("swallowed", EDGE, "try { f(); } catch (const E&) {\n}", "try { f(); } catch (...) { g(); }"),
    ("switched-off", "src/http/x_test.cpp", "TEST(A, DISABLED_B) {}", "TEST(A, B) {}"),
    ("machine-path", "docs/x.md", "see /wo" "rk/main", "see https://a.example/home/x/y"),
    ("machine-path", EDGE, 'open("/tm' 'p/x");', "temp_directory_path();"),
    ("inner-html", WEB, "cell.innerHTML = id;", "cell.textContent = id;"),
    ("inline-code", "web/status/x.html", "<script>go()</script>", '<script src="x.js"></script>'),
    ("inline-code", "web/status/x.html", '<p style="color: red">', '<p class="alarm">'),
    ("inline-code", "web/status/x.html", '<p onclick="go()">', "<p>on time = now</p>"),
    ("line-length", CORE, "// " + "x" * 98, "// " + "x" * 97),
    ("function-length", CORE, "void f() {\n" + "g();\n" * 70 + "}",
     "namespace a {\nvoid f() {\n" + "g();\n" * 68 + "}\nvoid h() {\n" + "g();\n" * 68 + "}\n}"),
    ("function-length", CORE, "struct A {\n    int f() const {\n" + "g();\n" * 70 + "}\n};",
     "struct A {\n" + "    int g();\n" * 90 + "};"),
    ("function-length", CORE,
     "template <class T>\nTask<T> f(T a) noexcept {\n" + "g();\n" * 70 + "}",
     "constexpr Row kRows[] = {\n" + "    {1, 2},\n" * 90 + "};"),
    ("header-comment", "src/rules/x.hpp", "#pragma once\n", HPP),
    ("header-comment", "src/rules/x.hpp", "// x.hpp\n#pragma once\n", HPP),
    ("pragma-once", "src/rules/x.hpp", "// Something to look at.\nstruct A {};\n", HPP),

    ("await-lambda", EDGE, "Task t() { co_await run([order] { return 1; }); }",
     "Task t() { auto f = [order] { return 1; }; co_await run(std::move(f)); }"),
    ("await-lambda", EDGE,
     "Task t() {\n    co_await run(\n        a,\n        [this](int b) mutable -> int {\n"
     "            return b;\n        });\n}",
     "Task t() { co_await run([](int b) { return b; }); }"),
    ("await-lambda", EDGE, "Task t() { co_return use([p] { return 1; }, co_await id(3)); }",
     "Task t() { co_return use(rows[n], co_await id(3)); }"),
    ("await-lambda", EDGE, "Task t() { if (auto a = co_await f([&] { return 1; })) { g(); } }",
     "Task t() { if (auto a = co_await f()) { g([&] { return 1; }); } }"),
    ("await-lambda", EDGE, "Task t() { co_await f([x]<class T>(T a) { return a; }); }",
     "Task t() { while (co_await f()) { auto g = [x]<class T>(T a) { return a; }; } }"),
    ("await-braces", EDGE, "Task t() { co_await f({.name = 1}); }",
     "Task t() { Options o{.name = 1}; co_await f(std::move(o)); }"),
    ("await-braces", EDGE, "Task t() { co_await f(\n    Options{\n        1, 2}); }",
     "Task t() { co_await f(Options(1, 2)); }"),
    ("await-braces", EDGE, "Task t() { co_await f({}); }", "Task t() { co_await f(); g({}); }"),
    ("await-braces", EDGE, "Task t() { Options o{.name = co_await f()}; }",
     "Task t() { auto name = co_await f(); Options o{.name = name}; }"),
    ("await-braces", EDGE, "Task t() { co_return Options{co_await f(), 1}; }",
     "Task t() { try { co_await f(); } catch (const E& e) { co_return Options{1}; } }"),
    ("await-braces", EDGE, "Task t() { co_return use(Options{1}, co_await f()); }",
     "Task t() { for (;;) { Options o{1}; if (a) { co_await f(); } else { co_await g(); } } }"),
    ("coroutine-lambda", EDGE, "auto f = [this]() -> Task { co_await g(); };",
     "auto f = [](Self* self) -> Task { co_await self->g(); };"),
    ("coroutine-lambda", EDGE, "spawn([a, b] { if (a) { co_return; } });",
     "Task t() { auto f = [a] { return a; }; co_return; }"),
]

HOUSE = {
    "CMakeLists.txt": "foreach(module\n    base rules ocpp http)\n",
    "docs/architecture.md": "src/base src/rules src/ocpp src/http\n",
    "src/base/CMakeLists.txt": "busbar_module(base)",
    "src/base/id.hpp": HPP,
    "src/rules/CMakeLists.txt": "busbar_module(rules DEPENDS base LINKS x)",
    "src/rules/rule.hpp": HPP + '#include "base/id.hpp"\n',
    "src/ocpp/CMakeLists.txt": "busbar_module(ocpp DEPENDS rules base)",
    "src/ocpp/frame.cpp": '#include "rules/rule.hpp"\n#include "base/id.hpp"\n',
    "src/http/CMakeLists.txt": "busbar_module(http DEPENDS base TEST_LINKS rules)",
    "src/http/page.cpp": '#include "base/id.hpp"\n',
    "src/http/page_test.cpp": '#include "rules/rule.hpp"\n',
    "tests/CMakeLists.txt": "add_test(NAME kill COMMAND kill.py)",
    "tests/kill.py": "",
}

# rule, where it must be found, what is changed in the house that is in order
HOUSES = [
    ("dead-header", "src/base/unused.hpp", {"src/base/unused.hpp": HPP}),
    ("dead-header", "src/base/own.hpp",
     {"src/base/own.hpp": HPP, "src/base/own.cpp": '#include "base/own.hpp"\n',
      "src/base/own_test.cpp": '#include "base/own.hpp"\n'}),
    ("dead-file", "src/base/deep/a.cpp", {"src/base/deep/a.cpp": ""}),
    ("dead-file", "src/cluster", {"src/cluster/a.cpp": ""}),
    ("dead-file", "src/cluster", {"src/cluster/CMakeLists.txt": "busbar_module(cluster)"}),
    ("dead-file", "tests/soak.py", {"tests/soak.py": ""}),
    ("dead-file", "tests/deep/kill.py", {"tests/deep/kill.py": ""}),
    ("undeclared", "src/http/page.cpp", {"src/http/page.cpp": '#include "rules/rule.hpp"\n'}),
    ("undeclared", "src/http/CMakeLists.txt", {"src/http/page.cpp": ""}),
    ("arrows", "src/base/CMakeLists.txt",
     {"src/base/CMakeLists.txt": "busbar_module(base DEPENDS rules)"}),
    ("arrows", "src/http/CMakeLists.txt",
     {"src/http/CMakeLists.txt": "busbar_module(http DEPENDS base ocpp TEST_LINKS rules)"}),
    ("architecture", "docs/architecture.md",
     {"docs/architecture.md": "src/base src/ocpp src/http"}),
]


class Tidy(unittest.TestCase):
    def test_each_rule_finds_what_it_forbids_and_leaves_the_rest(self):
        for rule, path, bad, good in SNIPPETS:
            with self.subTest(rule=rule, bad=bad):
                self.assertIn(rule, [each.rule for each in tidy.check_file(path, bad)])
            with self.subTest(rule=rule, good=good):
                self.assertEqual([], [each for each in tidy.check_file(path, good)])

    def test_rules_about_the_tree_find_one_thing_out_of_order(self):
        self.assertEqual([], tidy.check_tree(HOUSE))
        for rule, path, changed in HOUSES:
            with self.subTest(rule=rule, changed=changed):
                found = tidy.check_tree({**HOUSE, **changed})
                self.assertIn((rule, path), [(each.rule, each.path) for each in found])

    def test_every_rule_is_shown_to_fire(self):
        shown = {case[0] for case in SNIPPETS + HOUSES}
        self.assertEqual({rule.name for rule in tidy.RULES} | set(tidy.OTHER_RULES), shown)

    def test_a_finding_names_its_line(self):
        text = "// Two lines\n// of words.\n\n  delete rule;\n"
        self.assertEqual([("delete", 4)], [(f.rule, f.line) for f in tidy.check_file(CORE, text)])

    def test_a_line_may_say_why_it_breaks_a_rule(self):
        def rules_of(text):
            page = '#include "base/id.hpp"\n' + text
            return [each.rule for each in tidy.check_tree({**HOUSE, "src/http/page.cpp": page})]
        self.assertEqual([], rules_of("// tidy-allow(delete): a C library made it\ndelete rule;"))
        self.assertEqual(["delete"], rules_of("// tidy-allow(new): another rule\ndelete rule;"))

    def test_words_in_comments_and_literals_are_not_code(self):
        text = ('auto a = R"(new Rule; delete)";  // new Rule\n'
                '/* sleep(1); */ auto b = "\\"delete x";\n'
                "int c = 1'000; char d = '\"'; int e = 2'000;\n")
        self.assertEqual([], list(tidy.check_file(CORE, text)))

    def test_files_that_are_not_yet_committed_are_read_and_ignored_ones_not(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "src").mkdir()
            for name in ("committed.cpp", "gone.cpp", "new.cpp", "ignored.cpp"):
                (root / "src" / name).write_text("")
            self.assertIn("src/ignored.cpp", tidy.read_tree(root))  # no git here yet
            (root / ".gitignore").write_text("ignored.cpp\n")
            subprocess.run(["git", "init", "-q"], cwd=root, check=True)
            subprocess.run(["git", "add", "src/committed.cpp", "src/gone.cpp"], cwd=root,
                           check=True)
            (root / "src/gone.cpp").unlink()
            self.assertEqual(["src/committed.cpp", "src/new.cpp"], sorted(tidy.read_tree(root)))


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
