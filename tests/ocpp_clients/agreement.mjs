// Busbar's check of payloads against a JSON-Schema validator over OCPP's own documents.
//
//   node agreement.mjs path/to/check_payloads [seed]
//
// For every request and response of every version: valid payloads, and payloads with one thing
// changed, at every place there is. Both must say the same: valid or not, and if not, the same
// code and place. Where we differ on purpose, `differences` says so by name; each of them must
// have come up, and nothing may differ that none of them explains.
import { execFile } from "node:child_process";
import Ajv from "ajv";
import addFormats from "ajv-formats";
import { fullFormats } from "ajv-formats/dist/formats.js";
import { documents, overrides, versions } from "../../tools/ocpp_tables.mjs";

const [program, seedText = "1"] = process.argv.slice(2);
const subprotocols = { v16: "ocpp1.6", v201: "ocpp2.0.1", v21: "ocpp2.1" };

// --- Where we differ, and why ---------------------------------------------------------------

// `lighter`: an error of the validator that we do not mind. `stricter`: what we refuse though it
// is valid. Both get {version, action, kind}, the place as /a/0/b, and the value there.
const isTime = (value) => typeof value === "string" && fullFormats["date-time"].validate(value);
const outside = (value, least, most) =>
    typeof value === "number" && (value < least || value > most);
const differences = [
    {
        name: "times without a zone",  // Many chargers leave it out.
        lighter: (_, error, value) => error.params.format === "date-time" && isTime(`${value}Z`),
    },
    {
        name: "leap seconds at any minute",  // Read as the end of the minute before.
        lighter: (_, error, value) => error.params.format === "date-time"
            && /^.{17}60/.test(value) && isTime(value.replace(/(?<=^.{17})60/, "59")),
    },
    {
        name: "years",  // Before 1970 and after 9998 nothing is kept.
        stricter: (_, place, value) => isTime(value) && (value < "1970" || value >= "9999"),
    },
    {
        name: "decimals of a second",  // Beyond nine of them.
        stricter: (_, place, value) => /\.\d{10,}/.test(value),
    },
    {
        name: "integers",  // JSON has them of any size; ours are those of a double.
        stricter: (_, place, value) => outside(value, -1e15, 1e15),
    },
    {
        name: "connectors",
        stricter: (_, place, value) =>
            /\/(connectorId|evseId)(\/\d+)?$|\/(evse|evses\/\d+)\/id$/.test(place)
            && outside(value, 0, 1000),
    },
    {
        name: "meters",
        stricter: ({ version }, place, value) => version === "v16"
            && /^\/meter(Start|Stop)$/.test(place) && outside(value, -1e12, 1e12),
    },
    {
        name: "transferred data",
        lighter: ({ version, action }, error) => version === "v16" && action === "DataTransfer"
            && error.instancePath === "/data" && error.keyword === "type",
    },
    {
        name: "computed limits",
        lighter: ({ action, kind }, error) => action === "GetCompositeSchedule"
            && kind === "response" && error.keyword === "multipleOf",
    },
    {
        name: "addresses",
        lighter: (_, error) => error.params.format === "uri",
    },
];
const used = new Map(differences.map(({ name }) => [name, 0]));

// --- Payloads -------------------------------------------------------------------------------

// Chance that can be repeated (mulberry32).
let state = Number(seedText);
function chance() {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}
const below = (count) => Math.floor(chance() * count);
const one = (list) => list[below(list.length)];

// An integer that is written as 7.0.
class Whole {
    constructor(value) { this.value = value; }
    toJSON() { return `@whole ${this.value}@`; }
}
const written = (payload) => JSON.stringify(payload).replace(/"@whole (-?\d+)@"/g, "$1.0");

const letters = ["a", "Z", "7", " ", "é", "漢", "😀", "\"", "\\", "\n", "."];
const text = (length) => Array.from({ length }, () => one(letters)).join("");

const times = ["2026-02-10T12:00:00Z", "2026-02-10T12:00:00.123Z", "2026-02-10t12:00:00z",
    "2026-02-10T12:00:00+01:00", "2024-02-29T23:59:59.123456-11:30", "2026-02-10 12:00:00Z"];
const oddTimes = ["", "yesterday", "2026-02-10", "12:00:00Z", "2026-02-10T12:00:00",
    "2026-02-10T12:00:00.5", "2026-02-30T12:00:00Z", "2023-02-29T12:00:00Z",
    "2026-13-10T12:00:00Z", "2026-00-10T12:00:00Z", "2026-02-10T24:00:00Z",
    "2026-02-10T12:60:00Z", "2026-02-10T12:00:61Z", "2026-02-10T12:00:60Z",
    "2016-12-31T23:59:60Z", "2026-02-10T12:00:00+24:00", "2026-02-10T12:00:00+01:60",
    "2026-02-10T12:00:00 Z", " 2026-02-10T12:00:00Z", "2026-02-10T12:00Z", "1969-12-31T23:59:59Z",
    "9999-01-01T00:00:00Z", "2026-02-10T12:00:00.Z", "2026-02-10T12:00:00.1234567890Z",
    "2026-2-10T12:00:00Z", "2026-02-10T12:00:00+0100", "20260210T120000Z",
    "2026-02-10T12:00:00Z2026-02-10T12:00:00Z"];
const anyValue = [null, true, 7, -1.5, "text", "", [], [1, "a"], {}, { a: { b: [null] } }];

// One document, with its references resolved.
class Source {
    constructor(schema) {
        this.root = schema;
    }

    resolved(schema) {
        return schema.$ref ? this.root.definitions[schema.$ref.split("/").pop()] : schema;
    }

    // A valid value. Optional properties are there with the given probability.
    valid(unresolved, probability) {
        const schema = this.resolved(unresolved);
        if (schema.enum) return one(schema.enum);
        if (schema.format === "date-time") return one(times);
        if (schema.format === "uri") return "https://example.com/a?b=c";
        const { minimum = -9, maximum = minimum + 99 } = schema;
        switch (schema.type) {
            case "string": return text(below(Math.min(schema.maxLength ?? 20, 30) + 1));
            case "boolean": return chance() < 0.5;
            case "integer": {
                const value = Math.max(minimum, 0) + below(maximum - Math.max(minimum, 0) + 1);
                return chance() < 0.2 ? new Whole(value) : value;
            }
            case "number": return this.number(schema);
            case "array": {
                const { minItems: fewest = 0, maxItems: most = fewest + 3 } = schema;
                const length = Math.min(fewest + below(3), most);
                return Array.from({ length }, () => this.valid(schema.items, probability));
            }
            case "object": return this.object(schema, probability);
            default: return one(anyValue);
        }
    }

    number({ minimum, maximum, multipleOf }) {
        const value = below(1000) / 10;
        if (multipleOf) return value;
        const exact = chance() < 0.5 ? value : value + 1 / 3;
        return Math.max(minimum ?? -Infinity, Math.min(maximum ?? Infinity, exact));
    }

    object(schema, probability) {
        const required = new Set(schema.required);
        const made = {};
        const names = Object.keys(schema.properties ?? {});
        for (const name of names.sort(() => chance() - 0.5))
            if (required.has(name) || chance() < probability)
                made[name] = this.valid(schema.properties[name], probability);
        if (schema.additionalProperties !== false && chance() < 0.5) made.own = one(anyValue);
        return made;
    }

    // Every place of the document: what is there, and how to make the smallest payload with
    // another value in this place (or, without one, with nothing there).
    *places(unresolved = this.root, put = (value) => value, required = true) {
        const schema = this.resolved(unresolved);
        yield { schema, put, required };
        if (schema.type === "array")
            yield* this.places(schema.items, (value) => {
                const more = Math.max((schema.minItems ?? 1) - 1, 0);
                const others = Array.from({ length: more }, () => this.valid(schema.items, 0));
                return put([...others, value]);
            });
        for (const [name, property] of Object.entries(schema.properties ?? {}))
            yield* this.places(property, (value) => {
                const made = this.object(schema, 0);
                if (value === undefined) delete made[name];
                else made[name] = value;
                return put(made);
            }, schema.required?.includes(name) ?? false);
    }

    // Other values for one place, most of them wrong.
    *others(schema) {
        for (const value of anyValue) yield value;
        yield this.valid(schema, 0.5);
        if (schema.enum) {
            yield* schema.enum;
            yield* [schema.enum[0] + "x", schema.enum[0].slice(1), schema.enum[0].toUpperCase()];
        } else if (schema.format === "date-time") {
            yield* [...times, ...oddTimes];
        } else if (schema.type === "string") {
            if (schema.format) yield* ["https://example.com/", "no address", ""];
            const most = schema.maxLength ?? 3000;
            yield* ["x".repeat(most), "x".repeat(most + 1), "😀".repeat(most),
                "é".repeat(most + 1), text(most)];
        } else if (schema.type === "integer") {
            const { minimum = 0, maximum = 1000 } = schema;
            yield* [minimum, minimum - 1, maximum, maximum + 1, minimum + 0.5, 1001, 1e12,
                1e12 + 1, -1e12, -1e12 - 1, 1e15, 1e15 + 1, -1e15, -1e15 - 1, 1e18, 1e19, 1e300,
                0, -1, -0.0001, new Whole(minimum), new Whole(minimum - 1)];
        } else if (schema.type === "number") {
            const { minimum = 0, maximum = 1000 } = schema;
            yield* [minimum, minimum - 0.25, maximum, maximum + 0.25, -7, 16.3, 0.3, 16.25,
                1e-9, -1e300, 1e300, new Whole(3)];
        } else if (schema.type === "array") {
            const { minItems: fewest = 0, maxItems: most = fewest + 20 } = schema;
            const element = this.valid(schema.items, 0);
            for (const length of new Set([0, fewest - 1, fewest, most, most + 1]))
                if (length >= 0) yield Array.from({ length }, () => element);
            yield [element, null];
        } else if (schema.type === "object") {
            yield { ...this.object(schema, 0), "extra 漢.": 1 };
            yield { ...this.object(schema, 1), customdata: {} };
            yield this.object(schema, 1);
        }
    }

    *payloads() {
        for (let i = 0; i < 40; ++i) yield this.valid(this.root, i / 40);
        for (const { schema, put, required } of this.places()) {
            for (const value of this.others(schema)) yield put(value);
            if (required) yield put(undefined);
        }
        for (let i = 0; i < 40; ++i) {
            const copy = JSON.parse(written(this.valid(this.root, 0.7)));
            yield this.spoilt(copy);
        }
    }

    // The same payload, with one value somewhere in it replaced by something or taken out.
    spoilt(payload) {
        const slots = [];
        const visit = (parent) => {
            for (const key of Object.keys(parent)) {
                slots.push([parent, key]);
                if (parent[key] && typeof parent[key] === "object") visit(parent[key]);
            }
        };
        visit(payload);
        if (!slots.length) return { what: 1 };
        const [parent, key] = one(slots);
        if (Array.isArray(parent)) parent[key] = one(anyValue);
        else if (chance() < 0.4) delete parent[key];
        else if (chance() < 0.3) parent.unknown = one(anyValue);
        else parent[key] = one(anyValue);
        return payload;
    }
}

// --- The two verdicts -----------------------------------------------------------------------

const codes = { required: "OccurenceConstraintViolation", minItems: "OccurenceConstraintViolation",
    maxItems: "OccurenceConstraintViolation", type: "TypeConstraintViolation",
    additionalProperties: "FormationViolation" };

function reported(error) {
    const { missingProperty, additionalProperty } = error.params;
    const name = missingProperty ?? additionalProperty;
    return {
        code: codes[error.keyword] ?? "PropertyConstraintViolation",
        place: error.instancePath + (name === undefined ? "" : `/${name}`),
    };
}

// "a[0].b: is missing" -> "/a/0/b"
function placeOf(description) {
    const where = description.slice(0, description.lastIndexOf(": "));
    const extra = where.includes("extra 漢.") ? "extra 漢." : "";
    const known = extra ? where.slice(0, -extra.length).replace(/\.$/, "") : where;
    const steps = known.split(/[.[\]]+/).filter(Boolean);
    return [...steps, ...(extra ? [extra] : [])].map((step) => `/${step}`).join("");
}

function valueAt(payload, place) {
    return place.split("/").slice(1).reduce((inside, step) => inside?.[step], payload);
}

// Why the two verdicts do not fit together, or undefined if they do.
function conflict(about, payload, errors, ours) {
    const agreed = errors.filter((error) => {
        const value = valueAt(payload, error.instancePath);
        const excuse = differences.find((each) => each.lighter?.(about, error, value));
        if (excuse) used.set(excuse.name, used.get(excuse.name) + 1);
        return !excuse;
    });
    if (ours === "ok") return agreed.length ? "we accept it" : undefined;
    const { code, description } = JSON.parse(ours);
    const place = placeOf(description);
    const same = agreed.map(reported).some((each) => each.code === code && each.place === place);
    if (same) return undefined;
    const value = valueAt(payload, place);
    const excuse = code === "PropertyConstraintViolation"
        && differences.find((each) => each.stricter?.(about, place, value));
    if (!excuse) return agreed.length ? `we say ${ours}` : `we refuse it: ${ours}`;
    used.set(excuse.name, used.get(excuse.name) + 1);
    return undefined;
}

function verdictsOfOurs(lines) {
    return new Promise((resolve, reject) => {
        const child = execFile(program, { maxBuffer: 2 ** 30 }, (error, output) =>
            error ? reject(error) : resolve(output.split("\n").slice(0, -1)));
        child.stdin.on("error", reject);
        child.stdin.end(lines.join(""));
    });
}

async function compare(document, version, ajv, counts) {
    const { schema, action, kind } = document;
    const validate = ajv.compile(schema);
    const texts = [...new Source(schema).payloads()]
        .filter((each) => each && typeof each === "object" && !Array.isArray(each)).map(written);
    const head = JSON.stringify({ version: subprotocols[version.name], action, kind }).slice(0, -1);
    const ours = await verdictsOfOurs(texts.map((each) => `${head},"payload":${each}}\n`));
    if (ours.length !== texts.length) throw new Error(`${ours.length} answers of ${texts.length}`);
    texts.forEach((each, index) => {
        const payload = JSON.parse(each);
        const errors = validate(payload) ? [] : validate.errors;
        counts[errors.length ? "invalid" : "valid"] += 1;
        const why = conflict({ version: version.name, action, kind }, payload, errors, ours[index]);
        if (!why) return;
        counts.conflicts += 1;
        if (counts.conflicts > 20) return;
        console.log(`${version.name} ${action} ${kind}: ${why}\n    ${each.slice(0, 2000)}`);
        console.log(`    the validator: ${errors.length ? ajv.errorsText(errors) : "valid"}`);
    });
}

async function main() {
    const unnamed = overrides.filter(({ name }) => !used.has(name)).map(({ name }) => name);
    if (unnamed.length) throw new Error(`overrides that are not named here: ${unnamed}`);
    console.log(`seed ${seedText}`);
    let bad = 0;
    for (const version of versions) {
        const ajv = new Ajv({ strict: false, allErrors: true, multipleOfPrecision: 6 });
        addFormats(ajv);
        const counts = { valid: 0, invalid: 0, conflicts: 0 };
        const all = documents(version);
        for (const document of all) await compare(document, version, ajv, counts);
        console.log(`${version.name}: ${all.length} documents, ${counts.valid} valid payloads and `
            + `${counts.invalid} others, ${counts.conflicts} conflicts`);
        bad += counts.conflicts;
    }
    for (const [name, count] of used) {
        console.log(`difference "${name}": ${count} times`);
        bad += count ? 0 : 1;
    }
    return bad ? 1 : 0;
}

process.exitCode = await main();
