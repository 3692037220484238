// Chargers that we did not write, charging under Busbar's limits.
//
//   node charging.mjs path/to/busbar
//
// Strict clients of OCPP 1.6, 2.0.1 and 2.1 side by side behind one breaker, against the real
// program over real sockets. Whether the breaker is passed is read off the clients' own record;
// what the program sends is held against OCPP's documents, and against the client's own.
import assert from "node:assert/strict";
import { Charger16, Charger2 } from "./charger.mjs";
import { Frames } from "./frames.mjs";
import { Server } from "./server.mjs";

const breakerA = 100;
const patienceMs = 60_000;  // Far beyond what anything takes; a sanitizer is slow.
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

async function eventually(what, isSo) {
    for (const end = Date.now() + patienceMs; Date.now() < end; await pause(20))
        if (await isSo()) return;
    assert.fail(`never: ${what}`);
}

// The chargers' own record of what they all enforce together.
class Row {
    constructor() {
        this.chargers = [];
        this.changes = 0;
        this.restart(breakerA);
        // Periods begin by themselves, too.
        this.timer = setInterval(() => this.look(), 10);
    }

    restart(mostA) {
        this.mostA = mostA;
        this.highestA = 0;
        this.passed = [];
    }

    sumA() {
        const now = Date.now();
        const sum = this.chargers.reduce((all, each) => all + each.enforcedA(now), 0);
        return Math.round(sum * 1e6) / 1e6;
    }

    look() {
        const sum = this.sumA();
        this.highestA = Math.max(this.highestA, sum);
        if (sum > this.mostA)
            this.passed.push(`${sum} A: ${this.chargers.map((each) => each.enforcedA())}`);
    }

    add(charger) {
        this.chargers.push(charger);
        return charger;
    }

    all(deed) {
        return Promise.all(this.chargers.map(deed));
    }
}

async function configure(server, ids) {
    await server.ask("PUT", "/api/v1/sites/yard", { name: "Yard" });
    await server.ask("PUT", "/api/v1/circuits/row", { site: "yard", breakerA });
    for (const id of ids)
        await server.ask("PUT", `/api/v1/chargers/${id}`, { circuit: "row", maximumA: 32,
            quantumA: 0.1, settleMs: 300, keepsProfiles: true });
}

// Until every charger enforces what the server wants it to, and knows it to, and the sum of all
// lies just below `mostA`.
async function settled(server, row, mostA) {
    await eventually(`all have what they should of ${mostA} A`, async () => {
        await row.all(({ client, transaction, meter }, index) =>
            transaction !== undefined && client.state === 1 && meter.call(row.chargers[index]));
        const known = await server.chargers();
        const isFull = row.sumA() > 0.9 * mostA && row.sumA() <= mostA;
        return isFull && row.chargers.every((charger) => {
            const { online, transaction, appliedA, desiredA } = known.get(charger.id);
            return online && (charger.transaction === undefined
                || (transaction !== null && appliedA === desiredA
                    && Math.abs(charger.enforcedA() - appliedA) < 1e-6));
        });
    });
}

async function charge(server, row, step) {
    const { chargers } = row;
    for (const charger of chargers) {
        await charger.connect();
        const { status, interval, currentTime } = await charger.boot();
        assert.equal(status, "Accepted");
        assert.ok(interval > 0 && Math.abs(Date.parse(currentTime) - Date.now()) < 60_000);
        await charger.say("Available");
    }
    await eventually("a default comes before any car", () =>
        chargers.every((charger) => [...charger.profiles.keys()].some((key) =>
            key.startsWith("TxDefaultProfile"))));
    step("every charger has a default");

    await row.all((charger, index) => charger.plug(`driver-${index}`));
    await settled(server, row, breakerA);
    step(`${chargers.length} cars charge with ${row.sumA().toFixed(1)} A`);
}

async function obeyRules(server, row, step) {
    const cap = (select, limitA) => server.ask("POST", "/api/v1/rules",
        { kind: "cap", select, limitA, reason: "a test" });
    const { id } = await cap({ circuit: "row" }, 60);
    await settled(server, row, 60);
    row.restart(60);
    step(`a cap of the row reached all of them: ${row.sumA().toFixed(1)} A`);
    await pause(200);
    assert.deepEqual(row.passed, []);
    row.restart(breakerA);
    await server.ask("DELETE", `/api/v1/rules/${id}`);
    await settled(server, row, breakerA);

    for (const protocol of ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"]) {
        const charger = row.chargers.find((each) => each.protocol === protocol
            && each.enforcedA() >= 6.4);
        assert.ok(charger, `no ${protocol} charges`);
        const rule = await cap({ charger: charger.id }, 6.3);
        await eventually("the cap reaches it", () => Math.abs(charger.enforcedA() - 6.3) < 1e-6);
        await server.ask("DELETE", `/api/v1/rules/${rule.id}`);
    }
    step("a cap of one charger reached it, in every version");
}

async function comeAndGo(server, row, step) {
    for (const protocol of ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"]) {
        const charger = row.chargers.find((each) => each.protocol === protocol);
        await charger.lose();
        await eventually("its end is seen", async () =>
            !(await server.chargers()).get(charger.id).online);
        const before = charger.profilesTaken;
        await charger.connect();  // No boot: many send none.
        await eventually("it is told again", () => charger.profilesTaken > before);
    }
    await settled(server, row, breakerA);
    step("who lost its connection was told again, without a boot");

    await row.chargers[0].unplug();
    await row.chargers.at(-1).unplug();
    await settled(server, row, breakerA);
    await row.all((charger) => charger.transaction !== undefined && charger.unplug());
    await eventually("no transaction is left", async () =>
        [...(await server.chargers()).values()].every((each) => each.transaction === null));
    step("all cars have left");
}

async function findRecords(server, row, step) {
    const items = [];
    for (let after = 0; after !== null;) {
        const page = await server.ask("GET", `/api/v1/transactions?limit=4&after=${after}`);
        items.push(...page.items);
        after = page.next;
    }
    assert.equal(items.length, row.chargers.length);
    for (const charger of row.chargers) {
        const target = `/api/v1/transactions?charger=${charger.id}`;
        const { items: [{ id }, ...others] } = await server.ask("GET", target);
        assert.deepEqual(others, []);
        const record = await server.ask("GET", `/api/v1/transactions/${id}`);
        assert.equal(record.charger, charger.id);
        assert.equal(record.stopReason, "Local");
        assert.deepEqual(record.signedReadings.map((each) => each.sampledValue), [charger.signed]);
    }
    const table = await fetch(`${server.url}/api/v1/transactions`,
        { headers: { accept: "text/csv" } });
    assert.equal((await table.text()).trim().split("\r\n").length, 1 + row.chargers.length);
    step("every transaction is on record, with what its meter signed");
}

function report(frames, row) {
    assert.deepEqual(frames.faults, []);
    assert.deepEqual(row.chargers.flatMap((each) => each.faults), []);
    for (const protocol of ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"]) {
        assert.ok(frames.counts.get(`${protocol} SetChargingProfile request`) > 0);
        assert.ok(frames.counts.get(`${protocol} BootNotification response`) > 0);
    }
    const kinds = [...frames.counts.entries()].sort();
    for (const [kind, count] of kinds) console.log(`  ${count} x ${kind}`);
    const total = kinds.reduce((sum, [, count]) => sum + count, 0);
    console.log(`${total} frames of ${kinds.length} kinds follow OCPP's documents; the most that `
        + `was enforced of ${breakerA} A was ${row.highestA.toFixed(1)} A`);
}

async function main() {
    const server = new Server();
    await server.start(process.argv[2]);
    const frames = new Frames();
    const row = new Row();
    const endpoint = `${server.url.replace("http", "ws")}/ocpp`;
    const onChange = () => row.look();
    const ids = (name, count) => Array.from({ length: count }, (_, index) => `${name}-${index}`);
    const make = (Kind, id, ...first) =>
        row.add(new Kind(...first, id, endpoint, frames, onChange));
    ids("SIX", 4).forEach((id) => make(Charger16, id));
    ids("TWO", 3).forEach((id) => make(Charger2, id, "ocpp2.0.1"));
    ids("TWO-ONE", 2).forEach((id) => make(Charger2, id, "ocpp2.1"));
    const step = (text) => {
        assert.deepEqual(row.passed, [], "the breaker was passed");
        console.log(text);
    };
    try {
        await configure(server, row.chargers.map((each) => each.id));
        await charge(server, row, step);
        await obeyRules(server, row, step);
        await comeAndGo(server, row, step);
        await findRecords(server, row, step);
        report(frames, row);
        await row.all((charger) => charger.client.close());
    } finally {
        clearInterval(row.timer);
        assert.equal(await server.stop(), 0);
    }
}

await main();
process.exit(0);
