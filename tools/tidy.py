#!/usr/bin/env python3
"""House rules that no compiler checks. CONTRIBUTING.md says why each is there.

    tools/tidy.py              every file of the repository, committed or not
    tools/tidy.py src/base     only what lies there (rules about the whole tree still see all)
    tools/tidy.py --rules      the rules, one a line

A line that has to break a rule says so, on itself or on the line above:
    // tidy-allow(new): sqlite3 frees it with its own allocator
Exit status 0: nothing found; 1: findings, one a line as path:line: rule: what to do instead.
"""
import argparse
import bisect
import os
import pathlib
import re
import subprocess
import sys
from typing import NamedTuple

LINE_MAX, FUNCTION_MAX = 100, 70

# Modules that decide: values and pure functions over them, so that a decision can be replayed.
CORE = ("base", "domain", "demand", "rules", "allocator", "ledger", "reconcile")
IN_CORE = rf"^src/({'|'.join(CORE)})/(?!.*_test\.cpp$)"
PURE = r"^src/(rules|allocator|demand|ledger|reconcile)/(?!.*_test\.cpp$)"
ADAPTERS = ("ocpp", "store", "http", "cluster", "gateway")
CPP = r"\.(cpp|hpp)$"
SCRIPT = r"(\.(cmake|py|sh|js|ts|tsx|css)$|(^|/)(run|test|install|build)$)"
ANY_TEXT = rf"{CPP}|{SCRIPT}|\.(html|json|toml|md|yml)$|(^|/)(CMakeLists\.txt|packages)$"
INTEGERS = rf"^src/({'|'.join(CORE)}|control|store)/"


class Rule(NamedTuple):
    name: str
    pattern: str
    instead: str
    where: str = CPP        # paths it applies to
    allowed: str = r"^$"    # paths it does not
    raw: bool = False       # also inside comments and strings


class Finding(NamedTuple):
    path: str
    line: int
    rule: str
    text: str


RULES = [
    Rule("clock", r"\b(system|steady|high_resolution|utc)_clock::now\s*\("
         r"|\b(gettimeofday|clock_gettime|std::time)\s*\(", "take a Clock (base/clock.hpp)",
         allowed=r"^src/base/real_clock\.cpp$"),
    Rule("sleep", r"\b(sleep_for|sleep_until|usleep|nanosleep)\s*\(|(?<![\w.>])sleep\s*\(",
         "advance a ManualClock, or wait on a timer or a condition"),
    Rule("float", r"\b(double|float)\b", "use a Quantity (base/quantity.hpp): sums must be exact",
         where=INTEGERS + r".*" + CPP, allowed=r"^src/(base/quantity\.|allocator/)"),
    Rule("std-namespace", r"\busing\s+namespace\s+std\s*;", "qualify names"),
    Rule("relative-include", r'(?m)^\s*#\s*include\s*"\.\.?/', "include by module path", raw=True),
    Rule("unfinished", r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b", "finish it, or file an issue",
         where=ANY_TEXT, raw=True),
    Rule("vague-name", r"\b(class|struct|union|enum|using|concept)\s+(class\s+|struct\s+)?"
         r"\w*(Manager|Helper|Util(?!i[sz])(ity|ities|s)?(?![a-z]))\w*", "find the domain's word"),
    Rule("new", r"(?<!operator )\bnew\b(?=\s*[\w:(])",
         "make_unique, make_shared or a container"),
    Rule("delete", r"(?<![=\w]\s)(?<!=)(?<!operator )\bdelete\b(?=\s*[\w\[(:*])",
         "let an owner's destructor do it"),
    Rule("core-include", r'(?m)^\s*#\s*include\s*[<"]'
         r'(boost|sqlite3|spdlog|openssl|prometheus|CLI|toml\+\+|simdjson)\b',
         "the core knows no library: put this into an adapter", where=IN_CORE + r".*" + CPP,
         allowed=r"^src/base/log\.cpp$", raw=True),
    Rule("pure", r'(?m)^\s*#\s*include\s*(<(mutex|shared_mutex|thread|atomic|condition_variable'
         r'|future|iostream|fstream|random|filesystem)>'
         r'|"base/(clock|guarded|log|strand|bounded_queue)\.hpp")',
         "pure code has no clock, lock, log, I/O or chance: take it as an argument",
         where=PURE + r".*" + CPP, raw=True),
    Rule("chance", r"\brandom_device\b|(?<![\w.>:])s?rand\s*\(",
         "take a seed, so that a run can be repeated", allowed=r"^src/(app|net)/"),
    Rule("detach", r"\.\s*detach\s*\(\s*\)", "join it: nothing outlives its owner"),
    Rule("swallowed", r"\bcatch\s*\([^)]*\)\s*\{\s*\}", "turn it into a Result, or log it",
         raw=True),
    Rule("switched-off", r"\b(DISABLED_\w+|GTEST_SKIP)\b", "mend the test, or delete it"),
    Rule("machine-path", r"(?<![\w.~\-}/])/(work" r"|tmp|home/\w+)/",
         "no paths of one machine in the product",
         where=ANY_TEXT, raw=True),
    Rule("inner-html", r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval)\b",
         "textContent: chargers choose their own names", where=r"^web/.*\.(js|ts|tsx)$"),
    Rule("inline-code", r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+\s*=",
         "a file of its own: the CSP forbids inline code", where=r"^web/.*\.html$", raw=True),
]

OTHER_RULES = {
    "await-lambda": "g++ 12 destroys a capturing lambda twice in a statement that awaits: "
                    "name it first",
    "await-braces": "g++ 12 destroys a braced aggregate twice in a statement that awaits: "
                    "name it first, with no co_await inside the braces",
    "coroutine-lambda": "a coroutine lambda has no captures: pass arguments",
    "line-length": f"at most {LINE_MAX} columns",
    "function-length": f"at most {FUNCTION_MAX} lines",
    "header-comment": "the first line of a header is a comment that says what it is for",
    "pragma-once": "a header starts with #pragma once after its comment",
    "dead-header": "a header that only its own .cpp and test include: use it, or delete it",
    "dead-file": "a file that no CMakeLists.txt builds: register it, or delete it",
    "undeclared": "a module includes only what its CMakeLists.txt DEPENDS on",
    "arrows": "DEPENDS only points down, and adapters never depend on each other",
    "architecture": "docs/architecture.md says in one line what each folder of src is for",
}

KEYWORDS = {"else", "do", "try", "const", "noexcept", "mutable", "override", "final"}
OPEN, CLOSE = "([{", ")]}"
# How the head of a namespace or a type begins, past labels and template parameters.
SCOPE = re.compile(r"(?s)^\s*((public|private|protected)\s*:\s*)*(template\s*<.*?>\s*(?=\w))?"
                   r"(typedef\s+|inline\s+)?(namespace|class|struct|union|enum|extern)\b")


def blank(text: str) -> str:
    """The same text, same offsets, without comments and without what stands in literals."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"'
        r'|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'', re.S)

    def spaces(match: re.Match) -> str:
        found = match.group(0)
        if found[0] == "/":
            return re.sub(r"[^\n]", " ", found)
        start = found.index('"') + 1 if '"' in found[:2] else 1
        return found[:start] + re.sub(r"[^\n]", " ", found[start:-1]) + found[-1]

    return token.sub(spaces, text)


class Brackets:
    """Which bracket closes which, which encloses which, and which braces begin a block."""

    def __init__(self, code: str):
        self.code = code
        self.match, self.parent = {}, {}
        self.offsets = []
        stack = []
        for offset, char in enumerate(code):
            if char in OPEN:
                self.parent[offset] = stack[-1] if stack else None
                self.offsets.append(offset)
                stack.append(offset)
            elif char in CLOSE and stack and OPEN.index(code[stack[-1]]) == CLOSE.index(char):
                begin = stack.pop()
                self.match[begin], self.match[offset] = offset, begin
        self.block = {at: self._begins_block(at) for at in self.offsets if code[at] == "{"}

    def _head_end(self, at: int) -> int:
        """The offset after what comes before the brace, past specifiers and a trailing type."""
        head = self.code[max(0, at - 400):at]
        trimmed = re.sub(r"(\b(const|noexcept|mutable|override|final)\s*|->[^(){};=]*)*$", "",
                         head.rstrip())
        return at - len(head) + len(trimmed.rstrip())

    def _begins_block(self, at: int) -> bool:
        end = self._head_end(at)
        before = self.code[:end]
        if not before or before[-1] in ";{}:)]":
            return not before.endswith("]") or self.captures(at) is not None
        word = re.search(r"\w+$", before[-40:])
        if word and word.group(0) in KEYWORDS:
            return True
        return bool(SCOPE.search(re.split(r"[;{}]", before)[-1]))

    def captures(self, brace: int):
        """What the lambda whose body starts here captures; None if it is no lambda's body."""
        end = self._head_end(brace)
        while end and self.code[end - 1] == ")":
            begin = self.match.get(end - 1)
            if begin is None:
                return None
            end = len(self.code[:begin].rstrip())
            if re.search(r"\bnoexcept$", self.code[max(0, end - 10):end]):
                end = len(self.code[:end - 8].rstrip())
                continue
            break
        if end and self.code[end - 1] == ">":  # []<class T>(T t) { ... }
            opened = self.code.rfind("]", 0, end)
            if opened < 0 or not re.match(r"\s*<", self.code[opened + 1:end]):
                return None
            end = opened + 1
        if not end or self.code[end - 1] != "]":
            return None
        begin = self.match.get(end - 1)
        if begin is None:
            return None
        before = self.code[max(0, begin - 60):begin].rstrip()
        keyword = re.search(r"\b(co_)?(return|await|yield)$", before)
        if re.search(r"[\w)\]]$", before) and not keyword:
            return None  # a[i], or an array
        return self.code[begin + 1:end - 1].strip()

    def enclosing(self, at: int):
        """The innermost bracket around an offset."""
        candidate = bisect.bisect_left(self.offsets, at) - 1
        bracket = self.offsets[candidate] if candidate >= 0 else None
        while bracket is not None and self.match.get(bracket, len(self.code)) < at:
            bracket = self.parent[bracket]
        return bracket

    def statement(self, at: int):
        """From where to where the statement around an offset goes."""
        inner, bracket = at, self.enclosing(at)
        while bracket is not None and not self.block.get(bracket, False):
            inner, bracket = bracket, self.parent[bracket]
        begin = bracket + 1 if bracket is not None else 0
        limit = self.match.get(bracket, len(self.code)) if bracket is not None else len(self.code)
        cursor = begin
        while cursor < limit:
            char = self.code[cursor]
            ends = char == ";" or (char == "{" and self.block[cursor])
            if ends and cursor >= inner:
                return begin, cursor
            if char in OPEN:
                cursor = self.match.get(cursor, limit)
            if ends:
                begin = cursor + 1
            cursor += 1
        return begin, limit


def await_traps(code: str, brackets: Brackets):
    """Yields (offset, rule): what g++ 12.2 destroys twice, and coroutine lambdas that capture."""
    seen = set()
    for found in re.finditer(r"\bco_(await|return|yield)\b", code):
        block = brackets.enclosing(found.start())
        while block is not None:
            captured = brackets.captures(block) if brackets.block.get(block) else None
            if captured is not None:
                if captured and ("coroutine-lambda", block) not in seen:
                    seen.add(("coroutine-lambda", block))
                    yield block, "coroutine-lambda"
                break
            block = brackets.parent[block]
        if found.group(1) != "await":
            continue
        cursor, end = brackets.statement(found.start())
        while cursor < end:
            if code[cursor] == "{" and brackets.block[cursor]:  # a lambda's body
                if brackets.captures(cursor) and ("await-lambda", cursor) not in seen:
                    seen.add(("await-lambda", cursor))
                    yield cursor, "await-lambda"
                cursor = brackets.match.get(cursor, end)
            elif code[cursor] == "{" and ("await-braces", cursor) not in seen:
                seen.add(("await-braces", cursor))
                yield cursor, "await-braces"
            cursor += 1


def long_functions(code: str, brackets: Brackets):
    """Yields (offset, lines) of each function body that is too long."""
    for at, is_block in brackets.block.items():
        lines = code.count("\n", at, brackets.match.get(at, at)) + 1
        if not is_block or lines <= FUNCTION_MAX:
            continue
        if SCOPE.search(re.split(r"[;{}]", code[:at])[-1]):
            continue
        outer = brackets.parent[at]
        while outer is not None and SCOPE.search(re.split(r"[;{}]", code[:outer])[-1]):
            outer = brackets.parent[outer]
        if outer is None:  # all around it are namespaces and classes
            yield at, lines


def check_file(path: str, text: str):
    """The rules that need one file only."""
    is_cpp = bool(re.search(CPP, path))
    code = blank(text) if is_cpp or path.endswith((".js", ".ts", ".tsx")) else text
    # What a smart pointer takes in the same breath has its owner: constructors may be private.
    code = re.sub(r"(_ptr<[^;()]*>\s*\w*\s*[({]\s*)new\b", r"\1   ", code)
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)

    def line_of(offset: int) -> int:
        return bisect.bisect_right(starts, offset)

    def finding(offset: int, rule: str, why: str = "") -> Finding:
        return Finding(path, line_of(offset), rule, why or OTHER_RULES[rule])

    for rule in RULES:
        if not re.search(rule.where, path) or re.search(rule.allowed, path):
            continue
        for hit in re.finditer(rule.pattern, text if rule.raw else code):
            at = hit.start() + len(hit.group(0)) - len(hit.group(0).lstrip())
            shown = " ".join(hit.group(0).split())[:40]
            yield finding(at, rule.name, f"'{shown}': {rule.instead}")
    if re.search(f"{CPP}|{SCRIPT}", path):
        for start, line in zip(starts, lines):
            if len(line) > LINE_MAX:
                yield finding(start, "line-length", f"{len(line)} columns, at most {LINE_MAX}")
    if not is_cpp:
        return
    brackets = Brackets(code)
    for offset, rule in await_traps(code, brackets):
        yield finding(offset, rule)
    for offset, count in long_functions(code, brackets):
        yield finding(offset, "function-length", f"{count} lines, at most {FUNCTION_MAX}")
    if path.endswith(".hpp"):
        if not re.match(r"// (\S+ ){2,}\S+", lines[0]):
            yield finding(0, "header-comment")
        first_code = next((each for each in code.split("\n") if each.strip()), "")
        if first_code.strip() != "#pragma once":
            yield finding(0, "pragma-once")


def includes(text: str):
    """Yields (line, path) of each include in quotation marks."""
    for number, line in enumerate(text.split("\n"), 1):
        found = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
        if found:
            yield number, found.group(1)


def declared(cmake: str, module: str):
    """What a module's CMakeLists.txt names behind DEPENDS and TEST_LINKS; None without a module."""
    cmake = re.sub(r"#[^\n]*", "", cmake)
    call = re.search(rf"\bbusbar_module\(\s*{re.escape(module)}\b([^)]*)\)", cmake)
    if not call:
        return None
    lists, current = {"DEPENDS": [], "LINKS": [], "TEST_LINKS": []}, None
    for word in call.group(1).split():
        if word in lists:
            current = word
        elif current:
            lists[current].append(word)
    return lists


def check_modules(tree: dict):
    """DEPENDS against the order of the modules, and includes against DEPENDS."""
    top = tree.get("CMakeLists.txt", "")
    order = re.search(r"foreach\(module([^)]*)\)", top)
    order = order.group(1).split() if order else []
    for module in sorted({path.split("/")[1] for path in tree if re.match(r"src/\w+/", path)}):
        cmake_path = f"src/{module}/CMakeLists.txt"
        lists = declared(tree.get(cmake_path, ""), module)
        if lists is None or module not in order:
            where = cmake_path if lists is None else "the list of the top CMakeLists.txt"
            yield Finding(f"src/{module}", 1, "dead-file", f"no module of that name in {where}")
            continue
        for other in lists["DEPENDS"]:
            if other not in order or order.index(other) >= order.index(module):
                yield Finding(cmake_path, 1, "arrows", f"{module} -> {other} does not point down")
            elif module in ADAPTERS and other in ADAPTERS:
                yield Finding(cmake_path, 1, "arrows", f"{module} -> {other}: both are adapters")
        used = set()
        for path, text in tree.items():
            if not path.startswith(f"src/{module}/") or not re.search(CPP, path):
                continue
            allowed = {module, *lists["DEPENDS"]}
            allowed |= set(lists["TEST_LINKS"]) if path.endswith("_test.cpp") else set()
            for line, included in includes(text):
                other = included.split("/")[0]
                used.add(other)
                if other in order and other not in allowed:
                    yield Finding(path, line, "undeclared",
                                  f"{module} does not DEPEND on {other} ({cmake_path})")
        for other in lists["DEPENDS"]:
            if other in order and other not in used and module != "app":
                yield Finding(cmake_path, 1, "undeclared", f"{module} includes nothing of {other}: "
                              "take it out of DEPENDS")
    for module in order:
        if not re.search(rf"\bsrc/{module}\b", tree.get("docs/architecture.md", "")):
            yield Finding("docs/architecture.md", 1, "architecture", f"no line about src/{module}")


def check_dead(tree: dict):
    """Headers that nobody uses, and sources and tests that nothing builds."""
    users = {}
    for path, text in tree.items():
        if re.search(CPP, path):
            for _, included in includes(text):
                users.setdefault(included, set()).add(path)
    cmakes = {path: text for path, text in tree.items()
              if path.endswith(("CMakeLists.txt", ".cmake"))}

    def named_above(path: str) -> bool:
        """Whether a CMakeLists.txt in this folder, or in one around it, names the file."""
        name = pathlib.PurePosixPath(path)
        for folder in map(str, name.parents):
            inside = re.escape(str(name.relative_to(folder)))
            cmake = cmakes.get(f"{folder}/CMakeLists.txt", "")
            if re.search(rf"(?<![\w.-])(?<![\w.-]/){inside}(?![\w.-])", cmake):
                return True
        return False

    for path in sorted(tree):
        if path.startswith("src/") and path.endswith(".hpp"):
            own = {path[:-4] + ".cpp", path[:-4] + "_test.cpp", path}
            if not users.get(path[len("src/"):], set()) - own:
                yield Finding(path, 1, "dead-header", OTHER_RULES["dead-header"])
        if re.search(r"^(src|tests|bench)/.*\.cpp$|^tests/.*\.(py|sh|cmake)$", path):
            beside = path.rpartition("/")[0] + "/CMakeLists.txt"
            built = path.endswith(".cpp") and "busbar_module(" in cmakes.get(beside, "")
            if not built and not named_above(path):
                yield Finding(path, 1, "dead-file", OTHER_RULES["dead-file"])


def allowed(finding: Finding, text: str) -> bool:
    """Whether the line, or the one above it, says that it has to break this rule."""
    near = text.split("\n")[max(0, finding.line - 2):finding.line]
    return any(f"tidy-allow({finding.rule}): " in line for line in near)


def check_tree(tree: dict):
    """All findings of a repository given as {path: text}, in the order of paths and lines."""
    found = [each for path, text in tree.items() for each in check_file(path, text)]
    found += check_modules(tree)
    found += check_dead(tree)
    return sorted(each for each in set(found) if not allowed(each, tree.get(each.path, "")))


def read_tree(root: pathlib.Path) -> dict:
    """Every text file that is committed or could be; all there is where git cannot say."""
    listing = subprocess.run(
        ["git", "-c", f"safe.directory={root}", "ls-files", "-z", "--cached", "--others",
         "--exclude-standard"], cwd=root, capture_output=True, check=False)
    if listing.returncode == 0:
        paths = [name for name in listing.stdout.decode().split("\0") if name]
    else:
        no_source = {"build", ".git", "busbar-data", "node_modules"}
        paths = [str(path.relative_to(root)) for path in root.rglob("*")
                 if not no_source & set(path.relative_to(root).parts)]
    tree = {}
    for path in sorted(set(paths)):
        full = root / path
        if re.search(ANY_TEXT, path) and full.is_file():
            tree[path] = full.read_text(encoding="utf-8", errors="replace")
    return tree


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", help="folders or files to report on")
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--rules", action="store_true", help="print the rules")
    arguments = parser.parse_args()
    if arguments.rules:
        for name, text in [(rule.name, rule.instead) for rule in RULES] + list(OTHER_RULES.items()):
            print(f"{name:18} {text}")
        return 0
    tree = read_tree(arguments.root)
    if not any(path.startswith("src/") for path in tree):
        print(f"tidy: no sources under {arguments.root}", file=sys.stderr)
        return 2
    only = tuple(os.path.relpath(path, arguments.root) for path in arguments.paths)
    found = [each for each in check_tree(tree) if not only or each.path.startswith(only)]
    for each in found:
        print(f"{each.path}:{each.line}: {each.rule}: {each.text}")
    print(f"tidy: {len(tree)} files, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
