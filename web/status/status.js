// Shows /api/v1/overview, once a second. When it cannot be had, the page says since when its
// figures are old. Text goes into the page as text only: chargers choose their own names.
"use strict";

const kPeriodMs = 1000;
const kDeadlineMs = 3000;
const kRowsShown = 200;

const byId = (id) => document.getElementById(id);

// --- Small tools for the page ------------------------------------------------------------------

function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

function part(element, share) {
  const bounded = Math.max(0, Math.min(1, Number.isFinite(share) ? share : 0));
  element.style.setProperty("--part", bounded.toFixed(4));
}

function amperes(value) {
  return Number.isFinite(value) ? String(Math.round(value * 10) / 10) : "–";
}

// What was measured keeps its decimal, so that it stands still while it changes.
function measured(value) {
  return Number.isFinite(value) ? `${value.toFixed(1)} A` : "–";
}

function withUnit(value) {
  return Number.isFinite(value) ? `${amperes(value)} A` : "–";
}

function milliseconds(value) {
  if (!Number.isFinite(value)) return "–";
  return value < 10 ? value.toFixed(2) : value.toFixed(0);
}

function clock(time) {
  const date = time instanceof Date ? time : new Date(time);
  return Number.isNaN(date.getTime()) ? "–" : date.toLocaleTimeString([], { hour12: false });
}

function moment(time) {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return "–";
  const today = date.toDateString() === new Date().toDateString();
  return today ? clock(date) : `${date.toLocaleDateString()} ${clock(date)}`;
}

// Makes the children of `parent` match `items`: one element a key, kept while its key is there, so
// that nothing flickers and a selection stays.
function sync(parent, template, items, keyOf, fill) {
  const kept = parent.kept ?? (parent.kept = new Map());
  const keys = new Set();
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    if (keys.has(key)) continue;
    keys.add(key);
    let element = kept.get(key);
    if (!element) {
      element = byId(template).content.firstElementChild.cloneNode(true);
      kept.set(key, element);
    }
    fill(element, item);
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
  for (const [key, element] of kept) {
    if (keys.has(key)) continue;
    element.remove();
    kept.delete(key);
  }
}

// --- Circuits ----------------------------------------------------------------------------------

// The circuits as a tree is read: each before those below it.
function inOrder(circuits) {
  const ids = new Set(circuits.map((circuit) => circuit.id));
  const below = new Map();
  for (const circuit of circuits) {
    const parent = ids.has(circuit.parent) ? circuit.parent : null;
    below.set(parent, [...(below.get(parent) ?? []), circuit]);
  }
  const ordered = [];
  const visit = (parent, depth) => {
    for (const circuit of below.get(parent) ?? []) {
      ordered.push({ ...circuit, depth });
      visit(circuit.id, depth + 1);
    }
  };
  visit(null, 0);
  return ordered;
}

function fillPhase(element, { name, circuit }) {
  const of = (kind) => circuit[kind]?.[name];
  const [breaker, budget] = [of("breakerA"), of("budgetA") ?? of("breakerA")];
  // What is kept out of service counts, but nobody can begin to draw it.
  const keptOut = of("keptOutA") ?? 0;
  const [metered, potential] = [of("meteredA") ?? 0, of("potentialA") ?? 0];
  // The track is the breaker, or more where more is drawn: a bar never hides an overload.
  const scale = Math.max(breaker ?? 0, potential, metered, 1);
  const bar = element.querySelector(".bar");
  text(element.querySelector(".phase-name"), name);
  part(element.querySelector(".fill.metered"), metered / scale);
  part(element.querySelector(".fill.potential"), potential / scale);
  part(element.querySelector(".tick"), budget / scale);
  text(element.querySelector(".metered-a"), measured(metered));
  text(element.querySelector(".of"), ` ≤ ${amperes(potential)} of ${amperes(budget)}` +
    (keptOut > 0 ? `, ${amperes(keptOut)} out of service` : ""));
  element.classList.toggle("over", Math.max(metered, potential - keptOut) > budget + 0.05);
  bar.setAttribute("aria-label", `${name}: ${measured(metered)} metered, at most ` +
    `${withUnit(potential)} drawn, budget ${withUnit(budget)}, breaker ${withUnit(breaker)}`);
}

function fillCircuit(element, circuit) {
  element.classList.toggle("root", circuit.depth === 0);
  text(element.querySelector(".name"), circuit.name || circuit.id);
  const cap = circuit.capA ?? null;
  const caps = cap === null ? [] : Number.isFinite(cap) ? [cap] : Object.values(cap);
  text(element.querySelector(".cap"),
    caps.length === 0 ? "" : `capped at ${caps.map(amperes).join(" / ")} A`);
  const phases = Object.keys(circuit.breakerA ?? {}).map((name) => ({ name, circuit }));
  sync(element.querySelector(".phases"), "phase", phases, (phase) => phase.name, fillPhase);
}

// --- Chargers ----------------------------------------------------------------------------------

const kStates = {
  Charging: "is-charging",
  Preparing: "is-waiting",
  SuspendedEV: "is-waiting",
  SuspendedEVSE: "is-waiting",
  Finishing: "is-waiting",
  Faulted: "is-fault",
};

function fillCharger(row, charger) {
  const link = row.querySelector("a");
  const state = charger.online ? kStates[charger.status] ?? "is-idle" : "is-offline";
  text(link, charger.evse > 1 ? `${charger.id} · ${charger.evse}` : charger.id);
  const explain = `api/v1/chargers/${encodeURIComponent(charger.id)}/explain`;
  if (link.getAttribute("href") !== explain) link.setAttribute("href", explain);
  text(row.querySelector("small"), [charger.name, charger.circuit].filter(Boolean).join(" · "));
  if (row.className !== state) row.className = state;
  text(row.querySelector(".word"), charger.online ? charger.status : "Offline");
  const [desired, applied, metered] = row.querySelectorAll("td.number");
  text(desired, withUnit(charger.desiredA));
  text(applied, withUnit(charger.appliedA));
  text(metered, measured(charger.meteredA));
  applied.classList.toggle("differs", charger.appliedA !== charger.desiredA);
  const bar = row.querySelector(".bar");
  const maximum = Math.max(charger.maximumA ?? 0, charger.potentialA ?? 0, 1);
  part(bar.querySelector(".potential"), charger.potentialA / maximum);
  part(bar.querySelector(".metered"), charger.meteredA / maximum);
  bar.setAttribute("aria-label", `may draw ${withUnit(charger.potentialA)} of ` +
    withUnit(charger.maximumA));
  text(row.querySelector(".c-reason"), charger.reason ?? "");
}

function matches(charger, wanted) {
  return [charger.id, charger.name, charger.circuit, charger.partner, charger.status]
    .some((value) => String(value ?? "").toLowerCase().includes(wanted));
}

function fillChargers(element, chargers) {
  const input = element.querySelector(".find input");
  const wanted = input.value.trim().toLowerCase();
  const found = wanted ? chargers.filter((charger) => matches(charger, wanted)) : chargers;
  sync(element.querySelector(".chargers tbody"), "charger", found.slice(0, kRowsShown),
    (charger) => `${charger.evse} ${charger.id}`, fillCharger);
  const rest = element.querySelector(".rest");
  const hidden = found.length - kRowsShown;
  rest.hidden = hidden <= 0 && found.length > 0;
  text(rest, hidden > 0 ? `and ${hidden} more: type what to find` : "No charger.");
  input.oninput = () => fillChargers(element, chargers);
}

// --- Rules, sites, alarms ----------------------------------------------------------------------

function selected(select) {
  const pairs = Object.entries(select ?? {}).filter(([what]) => what !== "all");
  return pairs.map(([what, which]) => `${what} ${which}`).join(", ") || "everything";
}

function fillRule(element, rule) {
  const limit = Number.isFinite(rule.limitA) ? ` to ${withUnit(rule.limitA)}` : "";
  text(element.querySelector(".kind"), String(rule.kind));
  text(element.querySelector(".what"), selected(rule.select) + limit);
  text(element.querySelector(".until"), rule.expiresAt ? `until ${moment(rule.expiresAt)}` : "");
  text(element.querySelector(".why"), rule.reason ?? "");
}

function fillSite(element, site) {
  text(element.querySelector(".site-name"), site.name || site.id);
  sync(element.querySelector(".circuits"), "circuit", inOrder(site.circuits ?? []),
    (circuit) => circuit.id, fillCircuit);
  fillChargers(element, site.chargers ?? []);
  fillList(element.querySelector(".rules"), "rule", site.rules ?? [], (rule) => rule.id, fillRule);
}

// A list that says "None" when it is empty. Untouched while nothing changes: it may be read aloud.
function fillList(list, template, items, keyOf, fill) {
  sync(list, template, items, keyOf, fill);
  const none = list.querySelector(".none");
  if (items.length > 0) none?.remove();
  else if (!none) list.append(byId("none").content.firstElementChild.cloneNode(true));
}

function fillAlarm(element, alarm) {
  const time = element.querySelector("time");
  time.dateTime = alarm.at;
  text(time, moment(alarm.at));
  text(element.querySelector("b"), alarm.subject ?? "");
  text(element.querySelector("span"), alarm.text ?? "");
}

// The slowest site speaks for all.
function slowest(sites) {
  const known = sites.map((site) => site.dispatch).filter((dispatch) => dispatch?.count > 0);
  return known.sort((a, b) => b.p99Ms - a.p99Ms)[0];
}

function show(overview) {
  const sites = overview.sites ?? [];
  const alarms = overview.alarms ?? [];
  const dispatch = slowest(sites);
  text(byId("version"), overview.version ?? "");
  text(byId("online"), String(overview.chargersOnline ?? "–"));
  text(byId("total"), String(overview.chargersTotal ?? "–"));
  text(byId("p99"), milliseconds(dispatch?.p99Ms));
  text(byId("dispatch"), dispatch
    ? `p50 ${milliseconds(dispatch.p50Ms)} · max ${milliseconds(dispatch.maxMs)} · ` +
      `n ${dispatch.count}`
    : "no rule written yet");
  text(byId("rule-count"),
    String(sites.reduce((sum, site) => sum + (site.rules?.length ?? 0), 0)));
  text(byId("alarm-count"), String(alarms.length));
  byId("alarm-tile").classList.toggle("alarming", alarms.length > 0);
  sync(byId("sites"), "site", sites, (site) => site.id, fillSite);
  fillList(byId("alarms"), "alarm", alarms,
    (alarm) => `${alarm.at} ${alarm.subject} ${alarm.text}`, fillAlarm);
}

// --- The poll ----------------------------------------------------------------------------------

let shownAt = null; // When the figures on the page were current.

function showLink(state, words) {
  document.body.dataset.link = state;
  text(byId("link"), words); // A live region: written only when it changes.
}

function showAge() {
  const seconds = shownAt ? Math.round((Date.now() - shownAt) / 1000) : 0;
  const stale = document.body.dataset.link === "stale";
  text(byId("age"), !shownAt ? "" : stale ? `${seconds} s old` : clock(shownAt));
}

async function poll() {
  try {
    const response = await fetch("api/v1/overview", {
      cache: "no-store",
      signal: AbortSignal.timeout(kDeadlineMs),
    });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const overview = await response.json();
    show(overview);
    shownAt = new Date();
    showLink("live", "Live");
  } catch (error) {
    console.warn("overview:", error);
    showLink("stale", shownAt ? `Stale since ${clock(shownAt)}` : "No answer from Busbar");
  }
  showAge();
  setTimeout(poll, kPeriodMs);
}

poll();
