// Every frame that a server sends, held against OCPP's own documents.
import Ajv from "ajv";
import addFormats from "ajv-formats";
import { documents, versions } from "../../tools/ocpp_tables.mjs";

const named = { "ocpp1.6": "v16", "ocpp2.0.1": "v201", "ocpp2.1": "v21" };

// What a CALLERROR may say (1.6J, 4.2.3; 2.x part 4, 4.3).
const common = ["NotImplemented", "NotSupported", "InternalError", "ProtocolError",
    "SecurityError", "PropertyConstraintViolation", "TypeConstraintViolation", "GenericError"];
const codes = {
    "ocpp1.6": [...common, "FormationViolation", "OccurenceConstraintViolation"],
    "ocpp2.0.1": [...common, "FormatViolation", "OccurrenceConstraintViolation",
        "RpcFrameworkError", "MessageTypeNotSupported"],
};
codes["ocpp2.1"] = codes["ocpp2.0.1"];

export class Frames {
    constructor() {
        this.faults = [];
        this.counts = new Map();  // "ocpp1.6 SetChargingProfile request" -> how many were right.
        this.validators = new Map();
        for (const version of versions) {
            const ajv = new Ajv({ strict: false, allErrors: true, multipleOfPrecision: 6 });
            addFormats(ajv);
            for (const { schema, action, kind } of documents(version))
                this.validators.set(`${version.name} ${action} ${kind}`, ajv.compile(schema));
        }
    }

    // `asked`: the actions of the client's own calls, by their ids.
    check(protocol, text, asked) {
        const [type, id, ...rest] = JSON.parse(text);
        if (type === 2) return this.payload(protocol, rest[0], "request", rest[1], text);
        if (type === 3) return this.payload(protocol, asked.get(id), "response", rest[0], text);
        const isError = type === 4 && rest.length === 3 && codes[protocol].includes(rest[0])
            && typeof rest[1] === "string" && rest[1].length <= 255
            && typeof rest[2] === "object";
        this.note(protocol, rest[0], "error", isError ? "" : "no CALLERROR of OCPP", text);
    }

    payload(protocol, action, kind, payload, text) {
        const validate = this.validators.get(`${named[protocol]} ${action} ${kind}`);
        const why = validate === undefined ? "no such message"
            : validate(payload) ? "" : JSON.stringify(validate.errors);
        this.note(protocol, action, kind, why, text);
    }

    note(protocol, action, kind, why, text) {
        if (why) this.faults.push(`${protocol} ${action} ${kind}: ${why} in ${text}`);
        const key = `${protocol} ${action} ${kind}`;
        this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    }
}
