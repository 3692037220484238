// A charger with one outlet, on a client that we did not write: ocpp-rpc's, in its strict mode.
//
// It enforces the profiles that it accepts at once, and its car draws all that it may on three
// lines. It knows no server of ours: all that it is told is in OCPP.
import ocppRpc from "ocpp-rpc";
import { documents, versions } from "../../tools/ocpp_tables.mjs";

const { RPCClient, createValidator } = ocppRpc;

// The client looks for 2.1's documents by the names that those of 2.0.1 have, and complains of
// texts to which nothing may be added.
const quiet = (_, value) => {
    if (value?.type === "string") delete value.additionalProperties;
    return value;
};
const validator21 = createValidator("ocpp2.1",
    documents(versions.find(({ name }) => name === "v21")).map(({ schema, action, kind }) => ({
        ...JSON.parse(JSON.stringify(schema), quiet),
        $id: `urn:${action}.${kind === "request" ? "req" : "conf"}`,
    })));

const hardwareA = 32;

// What a profile says at `now`, in ms; undefined: nothing.
function limitOf({ schedule, setAt }, now) {
    const begin = schedule.startSchedule ? Date.parse(schedule.startSchedule) : setAt;
    const elapsed = (now - begin) / 1000;
    if (elapsed < 0 || elapsed >= (schedule.duration ?? Infinity)) return undefined;
    const period = schedule.chargingSchedulePeriod.findLast((each) => each.startPeriod <= elapsed);
    if (period === undefined) return undefined;
    return schedule.chargingRateUnit === "A" ? period.limit : period.limit / (3 * 230);
}

class Charger {
    // `onChange` is called whenever what the charger enforces may have changed.
    constructor(id, endpoint, frames, onChange) {
        Object.assign(this, { id, endpoint, frames, onChange });
        this.profiles = new Map();
        this.transaction = undefined;  // What the other side knows it by.
        this.energyWh = 1000;
        this.faults = [];
        this.profilesTaken = 0;
    }

    async connect() {
        const client = new RPCClient({ endpoint: this.endpoint, identity: this.id,
            protocols: [this.protocol], strictMode: true,
            strictModeValidators: [validator21], reconnect: false });
        const asked = new Map();
        client.on("message", ({ message, outbound }) => {
            const text = message.toString();
            if (!outbound) return this.frames.check(this.protocol, text, asked);
            const [type, id, action] = JSON.parse(text);
            if (type === 2) asked.set(id, action);
        });
        for (const event of ["strictValidationFailure", "badMessage"])
            client.on(event, ({ error }) => this.faults.push(`${this.id} ${event}: ${error}`));
        for (const [action, answer] of Object.entries(this.handlers()))
            client.handle(action, ({ params }) => answer(params));
        this.client = client;
        await client.connect();
    }

    handlers() {
        return {
            ClearChargingProfile: (params) => this.clearProfile(params.id
                ?? params.chargingProfileId),
            ChangeAvailability: () => ({ status: "Accepted" }),
            TriggerMessage: () => ({ status: "NotImplemented" }),
            Reset: () => ({ status: "Rejected" }),
        };
    }

    // The cable is cut: no farewell. What was accepted stays in force.
    async lose() {
        await this.client.close({ force: true, awaitPending: false });
    }

    takeProfile({ id, evse, purpose, transaction, schedule }) {
        const ofTransaction = purpose === "TxProfile";
        // K01.FR.09 and 1.6, 5.16.2: there must be such a transaction.
        if (ofTransaction && (this.transaction === undefined || transaction !== this.transaction))
            return { status: "Rejected" };
        this.profiles.set(`${purpose} ${evse}`, { id, schedule, setAt: Date.now() });
        this.profilesTaken += 1;
        this.onChange();
        return { status: "Accepted" };
    }

    clearProfile(id) {
        const found = [...this.profiles].filter(([, profile]) => profile.id === id);
        for (const [key] of found) this.profiles.delete(key);
        this.onChange();
        return { status: found.length ? "Accepted" : "Unknown" };
    }

    // Amperes of each line. Nothing holds a charger that was never told anything.
    enforcedA(now = Date.now()) {
        if (this.transaction === undefined) return 0;
        const said = (purpose) => {
            const profile = this.profiles.get(`${purpose} 1`) ?? this.profiles.get(`${purpose} 0`);
            return profile && limitOf(profile, now);
        };
        const own = said("TxProfile") ?? said("TxDefaultProfile") ?? hardwareA;
        return Math.min(own, said(this.stationMax) ?? hardwareA, hardwareA);
    }

    begin(transaction) {
        this.transaction = transaction;
        this.onChange();
    }

    end() {
        this.transaction = undefined;
        for (const key of this.profiles.keys())
            if (key.startsWith("TxProfile")) this.profiles.delete(key);
        this.onChange();
    }

    sampledValues() {
        const drawn = this.enforcedA().toFixed(1);
        this.energyWh += 10;
        return [...["L1", "L2", "L3"].map((phase) => this.sample(drawn, "Current.Import", phase)),
            this.sample(this.energyWh, "Energy.Active.Import.Register")];
    }

    meterValue() {
        return [{ timestamp: new Date().toISOString(), sampledValue: this.sampledValues() }];
    }
}

export class Charger16 extends Charger {
    protocol = "ocpp1.6";
    stationMax = "ChargePointMaxProfile";

    handlers() {
        return {
            ...super.handlers(),
            SetChargingProfile: ({ connectorId, csChargingProfiles: profile }) =>
                this.takeProfile({ id: profile.chargingProfileId, evse: connectorId,
                    purpose: profile.chargingProfilePurpose, transaction: profile.transactionId,
                    schedule: profile.chargingSchedule }),
            GetConfiguration: () => ({ configurationKey: [
                { key: "ChargingScheduleAllowedChargingRateUnit", readonly: true,
                    value: "Current" },
                { key: "ChargingScheduleMaxPeriods", readonly: true, value: "24" },
                { key: "MaxChargingProfilesInstalled", readonly: true, value: "10" }] }),
            ChangeConfiguration: () => ({ status: "Accepted" }),
            GetCompositeSchedule: ({ connectorId, duration }) => ({ status: "Accepted",
                connectorId, scheduleStart: new Date().toISOString(),
                chargingSchedule: { duration, chargingRateUnit: "A",
                    chargingSchedulePeriod: [{ startPeriod: 0, limit: this.enforcedA() }] } }),
        };
    }

    boot() {
        return this.client.call("BootNotification",
            { chargePointVendor: "Other", chargePointModel: "One" });
    }

    say(status) {
        return this.client.call("StatusNotification",
            { connectorId: 1, errorCode: "NoError", status });
    }

    sample(value, measurand, phase) {
        return { value: String(value), measurand, phase, context: "Sample.Periodic",
            unit: measurand.startsWith("Current") ? "A" : "Wh" };
    }

    async plug(idTag) {
        await this.say("Preparing");
        const { idTagInfo } = await this.client.call("Authorize", { idTag });
        if (idTagInfo.status !== "Accepted") throw new Error(`${idTag}: ${idTagInfo.status}`);
        const { transactionId } = await this.client.call("StartTransaction", { connectorId: 1,
            idTag, meterStart: this.energyWh, timestamp: new Date().toISOString() });
        this.begin(transactionId);
        await this.say("Charging");
    }

    meter() {
        return this.client.call("MeterValues", { connectorId: 1,
            transactionId: this.transaction, meterValue: this.meterValue() });
    }

    async unplug() {
        const transactionId = this.transaction;
        this.end();
        this.signed = { value: `OCMF|{"FV":"1.0","ID":"${this.id}"}|{"SD":"30é"}`,
            format: "SignedData", context: "Transaction.End" };
        const timestamp = new Date().toISOString();
        await this.client.call("StopTransaction", { transactionId, meterStop: this.energyWh,
            timestamp, reason: "Local",
            transactionData: [{ timestamp, sampledValue: [this.signed] }] });
        await this.say("Available");
    }
}

export class Charger2 extends Charger {
    stationMax = "ChargingStationMaxProfile";
    seqNo = 0;

    constructor(protocol, ...rest) {
        super(...rest);
        this.protocol = protocol;
    }

    handlers() {
        return {
            ...super.handlers(),
            SetChargingProfile: ({ evseId, chargingProfile: profile }) =>
                this.takeProfile({ id: profile.id, evse: evseId,
                    purpose: profile.chargingProfilePurpose, transaction: profile.transactionId,
                    schedule: profile.chargingSchedule[0] }),
            GetVariables: ({ getVariableData }) => ({ getVariableResult: getVariableData.map(
                (each) => (each.variable.name === "RateUnit"
                    ? { ...each, attributeStatus: "Accepted", attributeValue: "A" }
                    : { ...each, attributeStatus: "UnknownVariable" })) }),
            SetVariables: ({ setVariableData }) => ({ setVariableResult: setVariableData.map(
                ({ component, variable }) => ({ component, variable,
                    attributeStatus: "Accepted" })) }),
            GetCompositeSchedule: ({ evseId, duration }) => ({ status: "Accepted",
                schedule: { evseId, duration, scheduleStart: new Date().toISOString(),
                    chargingRateUnit: "A",
                    chargingSchedulePeriod: [{ startPeriod: 0, limit: this.enforcedA() }] } }),
        };
    }

    boot() {
        return this.client.call("BootNotification", { reason: "PowerUp",
            chargingStation: { vendorName: "Other", model: "Two" } });
    }

    say(connectorStatus) {
        return this.client.call("StatusNotification", { timestamp: new Date().toISOString(),
            connectorStatus, evseId: 1, connectorId: 1 });
    }

    sample(value, measurand, phase) {
        return { value: Number(value), measurand, phase, context: "Sample.Periodic",
            unitOfMeasure: { unit: measurand.startsWith("Current") ? "A" : "Wh" } };
    }

    event(eventType, triggerReason, more = {}, chargingState = "Charging") {
        return this.client.call("TransactionEvent", { eventType, triggerReason,
            timestamp: new Date().toISOString(), seqNo: this.seqNo++,
            evse: { id: 1, connectorId: 1 }, ...more,
            transactionInfo: { transactionId: this.session, chargingState,
                ...more.transactionInfo } });
    }

    async plug(idToken) {
        await this.say("Occupied");
        this.session = `${this.id}-${this.seqNo}-a-name-of-its-own`;
        this.begin(this.session);
        const { idTokenInfo } = await this.event("Started", "Authorized",
            { idToken: { idToken, type: "ISO14443" } });
        if (idTokenInfo.status !== "Accepted") throw new Error(`${idToken}: ${idTokenInfo.status}`);
    }

    meter() {
        return this.event("Updated", "MeterValuePeriodic", { meterValue: this.meterValue() });
    }

    async unplug() {
        this.end();
        this.signed = { value: this.energyWh, context: "Transaction.End",
            signedMeterValue: { signedMeterData: Buffer.from(this.id).toString("base64"),
                signingMethod: "ECDSA-secp256r1-SHA256", encodingMethod: "OCMF",
                publicKey: "MFk=" } };
        await this.event("Ended", "StopAuthorized", { transactionInfo: { stoppedReason: "Local" },
            meterValue: [{ timestamp: new Date().toISOString(), sampledValue: [this.signed] }] },
            "Idle");
        await this.say("Available");
    }
}
