// The program as a process of its own, on a free port and with data of its own.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";

export class Server {
    async start(program) {
        this.folder = fs.mkdtempSync(path.join(os.tmpdir(), "busbar-clients-"));
        this.child = execFile(program, ["serve", "--port", "0", "--data-dir", this.folder,
            "--log-level", "warn"]);
        this.child.stderr.pipe(process.stderr);
        this.ended = new Promise((resolve) => { this.child.on("exit", resolve); });
        for await (const line of readline.createInterface({ input: this.child.stdout })) {
            [this.url] = /http:\/\/\S+/.exec(line) ?? [];
            if (this.url) return;
        }
        throw new Error("the program did not start");
    }

    async ask(method, target, body) {
        const answer = await fetch(this.url + target, { method,
            headers: { "content-type": "application/json" },
            body: body && JSON.stringify(body) });
        const text = await answer.text();
        assert.ok(answer.status < 300, `${method} ${target}: ${answer.status} ${text}`);
        return text && JSON.parse(text);
    }

    // What it says of each charger, by id.
    async chargers() {
        const { sites } = await this.ask("GET", "/api/v1/overview");
        return new Map(sites.flatMap((site) => site.chargers).map((each) => [each.id, each]));
    }

    async stop() {
        this.child.kill("SIGTERM");
        const code = await this.ended;
        fs.rmSync(this.folder, { recursive: true });
        return code;
    }
}
