// Whether everything is answered within a second while a thousand chargers come back at once.
//
//   node storm.mjs path/to/busbar [chargers]
//
// Each connects, boots, says what it is and begins a transaction, all at the same time, against the
// real program that makes all of it durable. Times are those that the chargers see.
import assert from "node:assert/strict";
import { WebSocket } from "ws";
import { Server } from "./server.mjs";

const mostMs = 1000;
const count = Number(process.argv[3] ?? 1000);
const times = new Map();  // Of each action, in ms.

// Resolves to the payload of the answer.
function ask(socket, action, payload) {
    const begin = performance.now();
    return new Promise((resolve, reject) => {
        socket.pending.set(socket.pending.size, (type, answer) => {
            times.set(action, [...(times.get(action) ?? []), performance.now() - begin]);
            if (type === 3) resolve(answer);
            else reject(new Error(`${action}: ${JSON.stringify(answer)}`));
        });
        socket.send(JSON.stringify([2, String(socket.pending.size - 1), action, payload]));
    });
}

function heard(socket, text) {
    const [type, id, ...rest] = JSON.parse(text);
    if (type === 2) socket.send(JSON.stringify([3, id, { status: "Accepted" }]));
    else socket.pending.get(Number(id))(type, rest[0]);
}

async function live(url, id) {
    const socket = new WebSocket(`${url}/${id}`, ["ocpp1.6"]);
    socket.pending = new Map();
    socket.on("message", (data) => heard(socket, data.toString()));
    await new Promise((resolve, reject) => {
        socket.on("open", resolve);
        socket.on("error", reject);
    });
    await ask(socket, "BootNotification", { chargePointVendor: "V", chargePointModel: "M" });
    await ask(socket, "StatusNotification",
        { connectorId: 1, errorCode: "NoError", status: "Preparing" });
    const timestamp = new Date().toISOString();
    const { transactionId } = await ask(socket, "StartTransaction",
        { connectorId: 1, idTag: id, meterStart: 0, timestamp });
    await ask(socket, "MeterValues", { connectorId: 1, transactionId,
        meterValue: [{ timestamp, sampledValue: [{ value: "1" }] }] });
    await ask(socket, "Heartbeat", {});
    return socket;
}

function report() {
    for (const [action, all] of times) {
        all.sort((a, b) => a - b);
        const at = (share) => all[Math.ceil(share * all.length) - 1].toFixed(0);
        console.log(`${action}: ${all.length} answers, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, `
            + `max ${at(1)} ms`);
    }
    for (const [action, all] of times) assert.ok(all.at(-1) < mostMs, `${action} took too long`);
}

async function main() {
    const server = new Server();
    await server.start(process.argv[2]);
    try {
        const ids = Array.from({ length: count }, (_, index) => `ST-${index}`);
        await server.ask("PUT", "/api/v1/sites/yard", { name: "Yard" });
        await server.ask("PUT", "/api/v1/circuits/row", { site: "yard", breakerA: 2 * count });
        for (const id of ids)
            await server.ask("PUT", `/api/v1/chargers/${id}`, { circuit: "row", maximumA: 32,
                settleMs: 300 });
        const url = `${server.url.replace("http", "ws")}/ocpp`;
        const sockets = await Promise.all(ids.map((id) => live(url, id)));
        report();
        for (const socket of sockets) socket.terminate();
    } finally {
        assert.equal(await server.stop(), 0);
    }
}

await main();
process.exit(0);
