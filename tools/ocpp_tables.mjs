#!/usr/bin/env node
// Writes src/ocpp/messages_v*.cpp, the tables that payloads are checked against, from the JSON
// schemas of OCPP that the package ocpp-rpc carries (`npm ci` in tests/ocpp_clients fetches it).
//
//   tools/ocpp_tables.mjs           writes them
//   tools/ocpp_tables.mjs --check   says which of them are not what it would write; exit status 1
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const schemas = path.join(root, "tests/ocpp_clients/node_modules/ocpp-rpc/lib/schemas");

export const versions = [
    { name: "v16", file: "ocpp1_6.json" },
    { name: "v201", file: "ocpp2_0_1.json" },
    { name: "v21", file: "ocpp2_1.json" },
];

// Where our tables say something else than OCPP's documents, and why. `here` is {version, kind,
// action, owner, property}, the owner a type's name. What schema.cpp itself takes more lightly
// (times without a zone) or more strictly (integers beyond kMaxInteger) needs no entry. The test
// agreement.mjs names them all again.
export const overrides = [
    {
        name: "connectors",
        why: "more of them than any charger has: whoever reads the number may keep it in an int",
        at: (here, field) => field.kind === "integer"
            && (/^(connectorId|evseId)$/.test(here.property)
                || (here.owner === "EVSEType" && here.property === "id")),
        change: (field) => ({ ...field, least: field.least ?? 0, most: 1000 }),
    },
    {
        name: "meters",
        why: "Wh, of which thousandths must still fit into an int64; counters may count down",
        at: (here) => /^meter(Start|Stop)$/.test(here.property) && here.version === "v16",
        change: (field) => ({ ...field, least: -1e12, most: 1e12 }),
    },
    {
        name: "transferred data",
        why: "OCPP 1.6 says text; vendors send objects",
        at: (here) => here.version === "v16" && here.action === "DataTransfer"
            && here.property === "data",
        change: (field) => ({ ...field, kind: "anything" }),
    },
    {
        name: "computed limits",
        why: "chargers answer GetCompositeSchedule with what they computed, in all its decimals",
        at: (here, field) => here.action === "GetCompositeSchedule" && here.kind === "response"
            && field.kind === "tenths",
        change: (field) => ({ ...field, kind: "number" }),
    },
    {
        name: "addresses",
        why: "whoever fetches from an address finds out whether it is one",
        at: (here, field) => field.kind === "uri",
        change: (field) => ({ ...field, kind: "text" }),
    },
];

export function documents(version) {
    if (!fs.existsSync(schemas))
        throw new Error("OCPP's documents are missing: npm ci --ignore-scripts in "
            + "tests/ocpp_clients");
    const all = JSON.parse(fs.readFileSync(path.join(schemas, version.file), "utf8"));
    return all.map((schema) => ({ schema, ...meaningOf(schema.$id) }));
}

// "urn:Reset.req", "urn:ResetRequest"; NotifyPeriodicEventStream of 2.1 is never answered.
function meaningOf(id) {
    const [, action, ending = ".req"] = /^urn:(\w+?)(\.req|\.conf|Request|Response)?$/.exec(id);
    return { action, kind: /req/i.test(ending) ? "request" : "response" };
}

const capital = (name) => name[0].toUpperCase() + name.slice(1);

function refuse(here, schema) {
    throw new Error(`${here.version} ${here.action} ${here.kind}, ${here.property}: `
        + `no field for ${JSON.stringify(schema)}`);
}

// Keywords that say nothing about what is valid, or nothing that we have no place for.
const said = new Set(["type", "description", "javaType", "title", "comment", "default", "$schema",
    "$id", "definitions", "additionalItems", "additionalProperties"]);

function expect(here, schema, ...keywords) {
    const unknown = Object.keys(schema).filter((key) => !said.has(key) && !keywords.includes(key));
    if (unknown.length) refuse(here, schema);
}

// What one property is, as our Field has it.
class Reader {
    constructor(version, { schema, action, kind }) {
        this.definitions = schema.definitions ?? {};
        this.here = { version: version.name, action, kind };
    }

    field(owner, property, schema, required) {
        const here = { ...this.here, owner, property };
        let list;
        if (schema.type === "array") {
            expect(here, schema, "items", "minItems", "maxItems");
            list = { fewest: schema.minItems ?? 0, most: schema.maxItems };
            schema = schema.items;
        }
        let field = { name: property, required, list, ...this.value(here, schema) };
        for (const each of overrides)
            if (each.at(here, field)) field = each.change(field);
        return field;
    }

    value(here, schema) {
        if (schema.$ref) {
            const type = schema.$ref.replace("#/definitions/", "");
            return this.value({ ...here, type }, this.definitions[type]);
        }
        const { minimum: least, maximum: most } = schema;
        switch (schema.type) {
            case "string": return this.string(here, schema);
            case "boolean":
                expect(here, schema);
                return { kind: "boolean" };
            case "integer":
                expect(here, schema, "minimum", "maximum");
                return { kind: "integer", least, most };
            case "number":
                expect(here, schema, "minimum", "maximum", "multipleOf");
                if (schema.multipleOf === undefined) return { kind: "number", least, most };
                if (schema.multipleOf !== 0.1 || least !== undefined || most !== undefined)
                    refuse(here, schema);
                return { kind: "tenths" };
            case "object": return this.object(here, schema);
            case undefined:
                expect(here, schema);
                return { kind: "anything" };
        }
        return refuse(here, schema);
    }

    string(here, schema) {
        expect(here, schema, "enum", "format", "maxLength");
        if (schema.enum) return { kind: "word", words: [...schema.enum].sort(), type: here.type };
        if (schema.format === "date-time") return { kind: "time" };
        if (schema.format && schema.format !== "uri") refuse(here, schema);
        return { kind: schema.format ?? "text", most: schema.maxLength };
    }

    object(here, schema) {
        expect(here, schema, "properties", "required");
        const required = new Set(schema.required);
        const fields = Object.entries(schema.properties ?? {})
            .map(([name, value]) => this.field(here.type, name, value, required.delete(name)))
            .sort((a, b) => (a.name < b.name ? -1 : 1));
        if (required.size || fields.length > 64) refuse(here, schema);
        const open = schema.additionalProperties !== false;
        return { kind: open ? "open_object" : "object", fields, type: here.type };
    }
}

// Writes the tables of one version. Parts of messages that are the same are written once.
class Writer {
    constructor() {
        this.named = new Map();  // Type and body -> name.
        this.taken = new Set();
        this.text = "";
    }

    // The name of a constant with this body: the first free one of `names`.
    constant(type, lines, names) {
        const body = `[] = {\n${lines.join("\n")}\n};\n\n`;
        const known = this.named.get(type + body);
        if (known) return known;
        const second = (name) => [2, 3, 4, 5, 6, 7, 8, 9].map((number) => name + number);
        const name = [...names, ...second(names.at(-1))].find((each) => !this.taken.has(each));
        this.taken.add(name);
        this.named.set(type + body, name);
        this.text += `constexpr ${type} ${name}${body}`;
        return name;
    }

    // Names for a part, the better ones first. OCPP 1.6 gives hardly any of them a type.
    names(field, ending = "") {
        if (field.type) return [`k${field.type.replace(/(Enum)?Type$/, "")}${ending}`];
        const name = capital(field.name) + ending;
        return [`k${name}`, `k${this.action}${name}`];
    }

    message(action, kind, object) {
        this.action = action;
        const lines = this.lines(object);
        if (!lines.length) return "{}";
        const only = lines.length === 1 && object.fields[0].name === "customData";
        if (only) return this.constant("Field", lines, ["kCustomDataAlone"]);
        const name = `k${action}${capital(kind)}`;
        this.taken.add(name);
        this.text += `constexpr Field ${name}[] = {\n${lines.join("\n")}\n};\n\n`;
        return name;
    }

    lines(object) {
        return object.fields.map((each) => `    ${this.field(each)},`);
    }

    fields(object) {
        const lines = this.lines(object);
        return lines.length ? this.constant("Field", lines, this.names(object)) : "{}";
    }

    words(field) {
        const lines = ["   "];
        for (const word of field.words) {
            const next = ` "${word}",`;
            if (lines.at(-1).length + next.length > 100) lines.push("   ");
            lines[lines.length - 1] += next;
        }
        return this.constant("std::string_view", lines, this.names(field, "Words"));
    }

    field(field) {
        const more = {
            text: () => [field.most],
            word: () => [this.words(field)],
            integer: () => this.range(field, "-kMaxInteger", "kMaxInteger"),
            number: () => this.range(field, "Field::kNoLeast", "Field::kNoMost"),
            object: () => [this.fields(field)],
            open_object: () => [this.fields(field)],
        };
        const inside = [`"${field.name}"`, ...(more[field.kind]?.() ?? [])];
        let text = `${field.kind}(${inside.filter((each) => each !== undefined).join(", ")})`;
        if (field.list) {
            const { fewest, most } = field.list;
            text = `list(${[text, ...(fewest || most ? [fewest] : []), ...(most ? [most] : [])]
                .join(", ")})`;
        }
        return field.required ? text : `optional(${text})`;
    }

    range({ least, most }, noLeast, noMost) {
        if (least === undefined && most === undefined) return [];
        return [least ?? noLeast, ...(most === undefined ? [] : [most])];
    }
}

export function tables(version) {
    const writer = new Writer();
    const messages = new Map();
    for (const document of documents(version)) {
        const { action, kind, schema } = document;
        const reader = new Reader(version, document);
        const object = reader.object(reader.here, schema);
        if (object.kind !== "object") throw new Error(`${schema.$id} takes anything`);
        if (!messages.has(action)) messages.set(action, { request: "{}", response: "{}" });
        messages.get(action)[kind] = writer.message(action, kind, object);
    }
    const lines = [...messages.entries()].sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([action, { request, response }]) =>
            `    {"${action}",\n     ${request}, ${response}},\n`);
    return `// Generated by tools/ocpp_tables.mjs from OCPP's JSON schemas. Do not edit.
// clang-format off
#include "ocpp/tables.hpp"

namespace busbar::ocpp::tables {
namespace {

${writer.text}constexpr Message kMessages[] = {
${lines.join("")}};

}  // namespace

std::span<const Message> messages_${version.name}() {
    return kMessages;
}

}  // namespace busbar::ocpp::tables
`;
}

function main(check) {
    let different = 0;
    for (const version of versions) {
        const file = `src/ocpp/messages_${version.name}.cpp`;
        const full = path.join(root, file);
        const text = tables(version);
        if (!check) {
            fs.writeFileSync(full, text);
        } else if (!fs.existsSync(full) || fs.readFileSync(full, "utf8") !== text) {
            console.error(`${file} is not what tools/ocpp_tables.mjs writes: run it`);
            different += 1;
        }
    }
    return different ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
    process.exitCode = main(process.argv.includes("--check"));
