// The resident's own page: shows store credit and gift cards, redeems them and passes them on.
// Text from anywhere is written as text only, never as markup.

const COMPATIBLE = "/v1/customer"; // what Allomancy has too
const OWN = "/ext/v1/customer";
const PICTURES = "https://picture-service.secondlife.com";
const UUID = /^(?!0{8}-)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const TOKEN = /^[\w.~-]{1,512}$/;
const NAME = /^[ -.0-~]*[a-z0-9][ -.0-~]*$/i; // what can stand in an address; the server knows more
const LINK = /^(https|secondlife):\/\/[!-~]+$/;
const MAP = /^(https?:\/\/(maps\.secondlife|slurl)\.com\/|secondlife:\/\/)[!-~]*$/;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefc]|[\ud802\ud803\ud83a\ud83b]/;
const KEPT = "gridgift.token";
const PAGE = 24; // cards shown at once
const LINES = 20; // of the history, read at once
const MOST = 1000; // cards asked for at once: what ends soon comes first, so all are looked at
const PATIENCE = 20_000; // milliseconds until a request counts as unanswered
const MINUTE = 60_000; // milliseconds
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SOON = 30; // days: what ends within them says so
const ABOUT_RECEIVER = new Set([
  "receiver_not_found",
  "resident_not_found",
  "receiver_is_owner",
  "identifier_malformed",
  "validation_failed",
]);
const at = (id) => document.getElementById(id);
const page = { token: null, uuid: "", username: "", store: null, cards: [], next: null, shown: PAGE };
const keys = new Map(); // what is being done → its Idempotency-Key, until there is an answer
const past = { next: null, reads: 0 }; // the history: where it goes on, how often it was read
let loads = 0; // how often was read: an answer that is overtaken is not shown
let asked = null; // the action that the dialog asks about

// The token

/** Take a token out of the address, so that no history, bookmark or screenshot has it. */
function takeToken() {
  const given = /^#ct=(.*)$/.exec(location.hash);
  if (given) {
    history.replaceState(null, "", location.pathname + location.search);
    page.token = given[1];
    store((kept) => kept.setItem(KEPT, given[1]));
  } else {
    store((kept) => {
      page.token = kept.getItem(KEPT);
    });
  }
}

function forgetToken() {
  page.token = null;
  store((kept) => kept.removeItem(KEPT));
}

/** Use this tab's storage; a browser may forbid it, and then the link works until a reload. */
function store(use) {
  try {
    use(sessionStorage);
  } catch {
    return;
  }
}

// The API

/** An answer that is no success; `fate` says what is known: "refused", "later" or "unknown". */
class Trouble extends Error {
  constructor(fate, text, { status = 0, code = "", wait = 0 } = {}) {
    super(text);
    Object.assign(this, { fate, status, code, wait });
  }
}

/** Call the API and return its JSON. Throws `Trouble`. */
async function call(method, path, { body, key } = {}) {
  if (!page.token) throw new Trouble("refused", say("link_over_title"), { status: 401 });
  const headers = { Accept: "application/json", "X-Customer-Token": page.token };
  if (key) headers["Idempotency-Key"] = key;
  if (body) headers["Content-Type"] = "application/json";
  let response;
  let value;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body && JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(PATIENCE),
    });
    value = await response.json();
  } catch {
    throw new Trouble("unknown", say("no_answer"), { status: response?.status });
  }
  if (response.ok) return value;
  throw trouble(response, value);
}

/** What the server says is for programs; a resident is told by the refusal's code. */
function trouble(response, problem) {
  const { status } = response;
  const seconds = Number.parseInt(response.headers.get("Retry-After"), 10) || 0;
  const facts = { status, code: problem?.code, wait: seconds };
  const { failures } = texts;
  if (status === 429) {
    facts.wait ||= 5;
    return new Trouble("later", failures[facts.code] ?? say("too_many", { count: facts.wait }), facts);
  }
  const unclear = status >= 500;
  const words = failures[facts.code] ?? (unclear ? say("server_trouble") : failures.failed);
  return new Trouble(unclear ? "unknown" : "refused", words, facts);
}

/** Read something, however long the limit of requests makes us wait. */
async function read(path) {
  for (;;) {
    try {
      return await call("GET", path);
    } catch (error) {
      if (error.fate !== "later") throw error;
      tellToWait(error.wait);
      await sleep(error.wait);
    }
  }
}

/** Do something once: the key stays the same until an answer says how it ended. */
async function once(what, path, body) {
  if (!keys.has(what)) keys.set(what, newKey());
  try {
    const done = await call("POST", path, { body, key: keys.get(what) });
    keys.delete(what);
    if (done !== true) throw new Trouble("refused", texts.failures.failed);
  } catch (error) {
    if (error.fate === "refused") keys.delete(what);
    throw error;
  }
}

/** Make a random key; randomUUID exists in secure contexts only. */
function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Words

const texts = JSON.parse(at("texts").content.textContent);
const LANGUAGE = document.documentElement.lang;
// the language of the page, as the resident's country writes it
const LOCALE = navigator.languages.find((tag) => tag.split("-")[0] === LANGUAGE) ?? LANGUAGE;
const number = new Intl.NumberFormat(LOCALE);
const relative = new Intl.RelativeTimeFormat(LOCALE);
const plural = new Intl.PluralRules(LANGUAGE);
const money = (amount) => `L$\u00a0${number.format(amount)}`;

/** Return a text of the catalogue in parts, between which its values stand: texts or elements. */
const parts = (key, values) => filled(texts[key], values);

function filled(found, values = {}) {
  const text = typeof found === "string" ? found : (found[plural.select(values.count)] ?? found.other);
  return text.split(/\{(\w+)\}/).map((part, index) => {
    if (index % 2 === 0) return part;
    return part === "count" ? number.format(values.count) : apart(values[part]);
  });
}

/** Set a text that is written from right to left apart: it would turn the words after it, too. */
const apart = (value) => (RIGHT_TO_LEFT.test(value) ? `\u2068${value}\u2069` : value);

/** Return a text of the catalogue with its values. */
const say = (key, values) => parts(key, values).join("");

/**
 * Make a <time> of the last day on which something is good, in the resident's own zone and way of
 * writing dates; with the hour if it ends before that day does.
 */
function lastDayOf(instant) {
  const end = new Date(instant);
  const last = new Date(end - 1);
  const isWhole = new Date(last).setHours(24, 0, 0, 0) === end.getTime();
  const style = isWhole ? { dateStyle: "long" } : { dateStyle: "long", timeStyle: "short" };
  const time = document.createElement("time");
  time.dateTime = instant;
  time.lang = LOCALE;
  time.textContent = new Intl.DateTimeFormat(LOCALE, style).format(isWhole ? last : end);
  return time;
}

/** Make a <time> of an instant. */
function timeOf(instant, style = { dateStyle: "long", timeStyle: "short" }) {
  const time = document.createElement("time");
  time.dateTime = instant;
  time.lang = LOCALE;
  time.textContent = new Intl.DateTimeFormat(LOCALE, style).format(new Date(instant));
  return time;
}

/** Say how soon an instant comes, to the minute, hour or day. */
function howSoon(instant) {
  const left = new Date(instant) - Date.now();
  const [length, unit] =
    left < HOUR - MINUTE ? [MINUTE, "minute"] : left < 2 * DAY ? [HOUR, "hour"] : [DAY, "day"];
  return relative.format(Math.max(1, Math.round(left / length)), unit);
}

/** Tell how many days are left, if they are so few that it matters; else null. */
function daysLeft(instant) {
  const days = Math.ceil((new Date(instant) - Date.now()) / DAY);
  return instant && days <= SOON ? Math.max(1, days) : null;
}

/** Make a remark on what ends soon, if it does. */
function remarkOn(instant) {
  const count = daysLeft(instant);
  if (count === null) return [];
  const remark = document.createElement("strong");
  remark.className = "soon";
  remark.textContent = say("ends_soon", { count });
  return [remark];
}

/** Take out what turns the direction of writing: it would turn the words after a name, too. */
const plain = (name) => name.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");

/** Write a username as Second Life writes a name: jo.winter is Jo Winter. */
function fullName(username) {
  if (UUID.test(username)) return say("nameless");
  return username.replace(/(^|\.)(.)/g, (_, dot, first) => (dot && " ") + first.toUpperCase());
}

/** Write an amount; a very long one is written smaller. */
function writeMoney(element, amount) {
  element.textContent = money(amount);
  element.classList.toggle("long", element.textContent.length > 11);
}

// Pictures

/** Show the first picture that loads: textures of Second Life, in the end one drawn here. */
function showPicture(image, textures, last) {
  const left = textures.filter((id) => UUID.test(id ?? ""));
  const sources = [...left.map((id) => `${PICTURES}/${id.toLowerCase()}/256x192.jpg`), last];
  const next = () => {
    if (sources.length === 1) image.onerror = null;
    image.src = sources.shift();
  };
  image.onerror = next;
  next();
}

/**
 * Draw initials on a colour of the resident's own: pictures of residents stand only on pages of
 * Second Life's that no other site may load.
 */
function portraitOf({ uuid, username }) {
  const draw = (name, attributes, text = "") => {
    const drawn = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) drawn.setAttribute(key, value);
    drawn.textContent = text;
    return drawn;
  };
  const hue = Number.parseInt(uuid.slice(0, 4), 16) % 360;
  const initials = UUID.test(username) ? "?" : fullName(username).replace(/(\S)\S*\s*/g, "$1");
  const svg = draw("svg", { viewBox: "0 0 48 48", width: 48, height: 48, "aria-hidden": "true" });
  svg.append(
    draw("circle", { cx: 24, cy: 24, r: 24, fill: `hsl(${hue} 45% 32%)` }),
    draw("text", { x: 24, y: 31, "font-size": 19, "text-anchor": "middle", fill: "#fff" }, initials),
  );
  return svg;
}

// What is shown

/** Show a whole-page state: a title, a sentence, and maybe a button to try again. */
function showState(title, lead, { again = false, focus = true } = {}) {
  at("main").className = "alone";
  at("main").removeAttribute("aria-busy");
  at("ready").hidden = true;
  if (at("ask").open) at("ask").close();
  at("title").textContent = title;
  at("lead").textContent = lead;
  at("again").hidden = !again;
  document.title = title;
  if (focus) at("title").focus({ preventScroll: true });
}

const showNoLink = () => showState(say("no_link_title"), say("no_link"), { focus: false });

function showExpired() {
  forgetToken();
  tell("");
  showState(say("link_over_title"), say("link_over"));
}

function showGreeting() {
  at("main").className = "";
  at("main").removeAttribute("aria-busy");
  at("again").hidden = true;
  at("title").textContent = say("hello", { name: page.username });
  document.title = say("tab_title", { store: page.store.name });
  at("brand").textContent = page.store.name;
  showPicture(at("logo"), [page.store.logo], "/static/icon.svg");
  showStore();
  sayHowMany();
  at("ready").hidden = false;
}

/** Show whom to ask and where the store is, if it says so. */
function showStore() {
  const { contact, locationSlUrl: place } = page.store;
  const link = document.createElement("a");
  if (LINK.test(contact)) link.href = contact;
  link.textContent = contact;
  at("contact").replaceChildren(link.href ? link : contact);
  at("contact").hidden = !contact;
  at("map").hidden = !MAP.test(place);
  if (!at("map").hidden) at("map").href = place;
  at("store").hidden = at("contact").hidden && at("map").hidden;
}

function sayHowMany() {
  const count = page.cards.filter((card) => !card.redeemed && card.active).length;
  const key = page.next ? "cards_at_least" : count ? "cards_to_use" : "cards_none";
  const sentence = say(key, { count, store: page.store.name });
  if (at("lead").textContent !== sentence) at("lead").textContent = sentence;
}

function showAccounts(accounts) {
  at("accounts").replaceChildren(...accounts.map(drawAccount));
}

function drawAccount(account) {
  const drawn = at("account-template").content.cloneNode(true);
  const find = (name) => drawn.querySelector(name);
  writeMoney(find(".total"), account.credit);
  const none = account.credit + account.restrictedCredit === 0;
  find(".where").textContent = say(none ? "credit_none" : "credit_use", { store: page.store.name });
  find(".restricted").hidden = !account.restrictedCredit;
  find(".restricted").textContent = say("credit_restricted", {
    amount: money(account.restrictedCredit),
  });
  const rows = [...account.creditLots.map(drawLot), ...drawUndated(account)];
  find(".dates").hidden = rows.length === 0;
  find(".lots").replaceChildren(...rows);
  return drawn;
}

function drawLot(lot) {
  const key = lot.restricted ? "lot_until_restricted" : "lot_until";
  const words = parts(key, { date: lastDayOf(lot.expiresAt) });
  return drawRow(lot.amount, [...words, " ", ...remarkOn(lot.expiresAt)]);
}

/** What is in a total and in no lot has no date. */
function drawUndated(account) {
  const dated = (restricted) => {
    const lots = account.creditLots.filter((lot) => lot.restricted === restricted);
    return lots.reduce((sum, lot) => sum + lot.amount, 0);
  };
  return [[account.credit - dated(false), false], [account.restrictedCredit - dated(true), true]]
    .filter(([amount]) => amount > 0)
    .map(([amount, restricted]) =>
      drawRow(amount, parts(restricted ? "lot_undated_restricted" : "lot_undated")),
    );
}

function drawRow(amount, words) {
  const row = document.createElement("li");
  const sum = document.createElement("b");
  const rest = document.createElement("span");
  sum.textContent = money(amount);
  rest.append(...words);
  row.append(sum, " ", rest);
  return row;
}

/** List the cards that were not redeemed, what ends soon first. */
function openCards() {
  const open = page.cards.filter((card) => !card.redeemed);
  const soon = open.filter((card) => daysLeft(card.expiresAt) !== null);
  soon.sort((one, other) => new Date(one.expiresAt) - new Date(other.expiresAt));
  return [...soon, ...open.filter((card) => !soon.includes(card))];
}

function showCards() {
  const past = page.cards.filter((card) => card.redeemed);
  const open = openCards();
  at("cards").replaceChildren(...open.slice(0, page.shown).map(drawCard));
  at("past-cards").replaceChildren(...past.map(drawCard));
  at("no-cards").hidden = open.length > 0 || page.next !== null;
  at("past").hidden = past.length === 0;
  at("past-count").textContent = `(${number.format(past.length)})`;
  at("more").hidden = page.next === null && open.length <= page.shown;
  showSum(open.filter((card) => card.active));
  sayHowMany();
}

/** Say what the cards amount to, once all are known, and what of that is not set aside. */
function showSum(cards) {
  const add = (name) => cards.reduce((sum, card) => sum + card[name], 0);
  const [amount, available] = [add("credit"), add("available")];
  const values = { amount: money(amount), available: money(available) };
  at("cards-sum").textContent = say(amount === available ? "cards_sum" : "cards_sum_held", values);
  at("cards-sum").hidden = page.next !== null || amount === 0;
}

function drawCard(card) {
  const drawn = at("card-template").content.firstElementChild.cloneNode(true);
  const find = (name) => drawn.querySelector(name);
  const title = `card-${card.id}`;
  const usable = card.active && !card.redeemed;
  drawn.dataset.id = card.id;
  drawn.classList.toggle("spent", !usable);
  find("article").setAttribute("aria-labelledby", title);
  find(".amount").id = title;
  writeMoney(find(".amount"), card.credit);
  if (card.redeemed) find(".amount").textContent = say("redeemed"); // it has no credit any more
  find(".state").textContent = stateOf(card);
  find(".state").hidden = !stateOf(card);
  if (!card.redeemed) {
    find(".until").append(...expiryOf(card), " ", ...remarkOn(card.expiresAt));
  }
  showPicture(find(".picture"), [card.texture, page.store.logo], "/static/card.svg");
  find(".held").hidden = card.held.length === 0;
  find(".held ul").append(...card.held.map(drawHeld));
  find(".held p").textContent = say("held_available", { amount: money(card.available) });
  find(".buttons").hidden = !usable || card.held.length > 0;
  find(".redeem").ariaLabel = say("redeem_card", { amount: money(card.credit) });
  find(".transfer").ariaLabel = say("transfer_card", { amount: money(card.credit) });
  find(".redeem").onclick = () => askToRedeem(card);
  find(".transfer").onclick = () => askForReceiver(card);
  find(".transfer").hidden = !card.transfer;
  return drawn;
}

function drawHeld({ amount, expiresAt }) {
  const row = document.createElement("li");
  const when = document.createElement("span");
  when.className = "when";
  when.dataset.at = expiresAt;
  when.textContent = howSoon(expiresAt);
  row.append(...parts("held_part", { amount: money(amount), date: timeOf(expiresAt), when }));
  return row;
}

/** Keep what is said of parts that are set aside true: when they come free, read again. */
function followHolds() {
  const ends = page.cards.flatMap((card) => card.held.map((part) => part.expiresAt));
  if (!page.token || asked || at("cards").contains(document.activeElement)) return;
  if (ends.some((end) => new Date(end) <= Date.now())) refresh();
  else for (const each of document.querySelectorAll(".when")) each.textContent = howSoon(each.dataset.at);
}

function expiryOf({ expiresAt }) {
  return expiresAt ? parts("good_until", { date: lastDayOf(expiresAt) }) : parts("good_always");
}

function stateOf(card) {
  if (card.redeemed) return say("now_credit");
  if (!card.active) return say("switched_off");
  return card.transfer ? "" : say("for_you_only");
}

// What happened

/** Show a line for each moment, the newest first. */
async function showHistory() {
  past.next = null;
  const lines = await readHistory(null);
  if (!lines) return;
  at("moments").replaceChildren(...lines);
  at("no-moments").hidden = lines.length > 0;
}

async function showMoreHistory() {
  at("more-moments").disabled = true;
  const lines = await readHistory(past.next);
  at("more-moments").disabled = false;
  if (!lines?.length) return;
  at("moments").append(...lines);
  tell(say("lines_shown", { count: lines.length }));
  lines[0].focus();
}

/** Read on from a cursor and return the lines, or nothing if that fails or was overtaken. */
async function readHistory(cursor) {
  const mine = (past.reads += 1);
  const after = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
  try {
    const list = await read(`${OWN}/history?limit=${LINES}${after}`);
    if (mine !== past.reads) return null;
    past.next = list.pagination.nextCursor;
    at("more-moments").hidden = !past.next;
    return list.data.filter(canBeTold).map(drawMoment);
  } catch (error) {
    if (error.status === 401) showExpired();
    else tell(say("unreachable"));
    return null;
  }
}

/** Old entries of the ledger do not say how much was held, and until when. */
function canBeTold({ kind, amount, until }) {
  const text = texts.history[kind] ?? "";
  return text && (amount || !text.includes("{amount}")) && (until || !text.includes("{date}"));
}

function drawMoment({ kind, amount, at: instant, other, until }) {
  const row = document.createElement("li");
  const sentence = document.createElement("span");
  row.tabIndex = -1;
  const name = other ? fullName(plain(other.username)) : say("somebody");
  const values = { amount: money(amount), name, date: until && timeOf(until) };
  sentence.append(...filled(texts.history[kind], values));
  row.append(timeOf(instant, { dateStyle: "medium", timeStyle: "short" }), " ", sentence);
  return row;
}

/** Tell something where screen readers hear it; it stays until it is closed. */
function tell(text) {
  at("said").textContent = text;
  at("notice").classList.toggle("shown", text !== "");
  at("dismiss").hidden = text === "";
}

// Reading

/** Read everything; a limit of requests is waited for. */
async function load() {
  if (!page.token) return showNoLink();
  if (!TOKEN.test(page.token)) return showExpired();
  const mine = (loads += 1);
  at("main").setAttribute("aria-busy", "true");
  at("again").disabled = true;
  try {
    const profile = await read(`${COMPATIBLE}/profile`); // alone: a dead token is told once
    const rest = [read(`${OWN}/store`), read(`${COMPATIBLE}/account`), readCards(null)];
    const found = await Promise.all(rest);
    if (mine === loads) showAll(profile, ...found);
  } catch (error) {
    if (mine === loads) handleLoading(error);
  } finally {
    at("again").disabled = false;
  }
}

function showAll(profile, found, account, list) {
  const store = { ...found, name: plain(found.name), contact: plain(found.contact) };
  Object.assign(page, { uuid: profile.uuid, username: plain(profile.username), store, ...list });
  showGreeting();
  showAccounts(account.accounts);
  showCards();
  if (at("history").open) showHistory();
}

function tellToWait(wait) {
  const text = say("waiting", { count: wait });
  if (at("ready").hidden) showState(say("waiting_title"), text);
  else if (!at("said").textContent) tell(text);
}

function handleLoading(error) {
  if (error.status === 401) return showExpired();
  if (!(error instanceof Trouble)) console.error(error);
  const text = error.fate === "refused" ? error.message : say("unreachable");
  return showState(say("unreadable_title"), text, { again: true });
}

/** Read credit and cards again, as many as are shown; what is shown stays if that fails. */
async function refresh() {
  const mine = (loads += 1);
  try {
    const [account, list] = await Promise.all([read(`${COMPATIBLE}/account`), readCards(null)]);
    if (mine !== loads) return;
    Object.assign(page, list);
    showAccounts(account.accounts);
    showCards();
    if (at("history").open) showHistory();
  } catch (error) {
    if (mine !== loads) return;
    if (error.status === 401) return showExpired();
    tell(`${at("said").textContent} ${say("amounts_old")}`);
  }
}

/** Read on from a cursor, until there is a card to use; someone may have redeemed many. */
async function readCards(cursor) {
  const found = [];
  let next = cursor;
  for (let pages = 0; pages < 5; pages += 1) {
    const after = next ? `&cursor=${encodeURIComponent(next)}` : "";
    const list = await read(`${OWN}/giftcards?limit=${MOST}${after}`);
    found.push(...list.data);
    next = list.pagination.nextCursor;
    if (!next || list.data.some((card) => !card.redeemed)) break;
  }
  return { cards: found, next };
}

async function showMore() {
  const button = at("more");
  button.disabled = true;
  try {
    const before = page.shown;
    if (openCards().length <= before) await readMore();
    page.shown += PAGE;
    showCards();
    const fresh = openCards().slice(before, page.shown);
    tell(say("more_shown", { count: fresh.length }));
    focusCard(fresh[0]?.id);
  } catch (error) {
    if (error.status === 401) return showExpired();
    tell(say("unreachable"));
  } finally {
    button.disabled = false;
  }
}

async function readMore() {
  const known = new Set(page.cards.map((card) => card.id));
  const { cards: found, next } = await readCards(page.next);
  page.cards.push(...found.filter((card) => !known.has(card.id)));
  page.next = next;
}

/** Move the focus to a card, or to the heading of all cards if it is not there. */
function focusCard(id) {
  const card = id && document.querySelector(`#cards [data-id="${id}"] .amount`);
  (card || at("cards-title")).focus();
}

// Redeeming and passing on

const actionOn = ({ id }, name) => `${COMPATIBLE}/giftcards/${encodeURIComponent(id)}/${name}`;

function askToRedeem(card) {
  const values = { amount: money(card.credit), store: page.store.name };
  const dated = card.expiresAt && { ...values, date: lastDayOf(card.expiresAt) };
  ask({
    card,
    title: say("redeem_ask", values),
    text: dated ? parts("redeem_text_dated", dated) : parts("redeem_text", values),
    confirm: say("redeem"),
    progress: say("redeeming"),
    done: say("redeem_done", values),
    after: (all) => all.map((each) => (each.id === card.id ? { ...each, credit: 0, redeemed: true } : each)),
    run: () => once(`redeem ${card.id}`, actionOn(card, "redeem")),
  });
}

function askForReceiver(card, receiver = "") {
  ask({
    card,
    title: say("transfer_title", { amount: money(card.credit) }),
    text: parts("transfer_who", { store: page.store.name }),
    confirm: say("continue"),
    progress: say("receiver_looking"),
    receiver,
    run: null,
  });
}

/** Ask about a resident who was found; `typed` is what the resident was looked for by. */
function askToTransfer(card, found, typed) {
  const values = { amount: money(card.credit), receiver: fullName(found.username), store: page.store.name };
  ask({
    card,
    title: say("transfer_ask", values),
    text: parts("transfer_text", values),
    confirm: say("transfer"),
    progress: say("transferring"),
    done: say("transfer_done", values),
    who: found,
    back: () => askForReceiver(card, typed),
    after: (all) => all.filter((each) => each.id !== card.id),
    run: () => {
      const body = { receiverIdentifier: found.uuid }; // whoever was shown, whatever names do meanwhile
      return once(`transfer ${card.id} ${found.uuid}`, actionOn(card, "transfer"), body);
    },
  });
}

/** Open the dialog, or turn it over to its next question. */
function ask(action) {
  const wanted = action.receiver !== undefined;
  asked = { stale: asked?.stale ?? false, busy: false, ...action };
  at("ask-title").textContent = action.title;
  at("ask-text").replaceChildren(...action.text);
  at("ask-to").hidden = !wanted;
  at("ask-final").hidden = wanted;
  showWho(action.who);
  at("ask-cancel").textContent = say(action.back ? "back" : "cancel");
  at("receiver").value = action.receiver ?? "";
  setBusy(false);
  setConfirm(action.confirm);
  showFailure("");
  if (!at("ask").open) at("ask").showModal();
  (wanted ? at("receiver") : at("ask-title")).focus();
}

/** Show whom the question is about: a picture, the name in full, and what it is known by. */
function showWho(who) {
  at("ask-who").hidden = !who;
  if (!who) return at("ask-who").replaceChildren();
  const words = document.createElement("span");
  const name = document.createElement("b");
  const username = document.createElement("span");
  name.textContent = fullName(who.username);
  username.className = "hint";
  username.textContent = who.username;
  words.append(name, username);
  at("ask-who").replaceChildren(portraitOf(who), words);
}

function setConfirm(text, disabled = false) {
  at("ask-confirm").textContent = text;
  at("ask-confirm").disabled = disabled;
}

/** While a request runs nothing can be pressed; Escape can't take back what was sent. */
function setBusy(busy) {
  if (asked) asked.busy = busy;
  at("ask-confirm").disabled = busy;
  at("ask-cancel").disabled = busy;
  at("ask").classList.toggle("busy", busy);
  at("ask-progress").textContent = busy ? (asked?.progress ?? "") : "";
}

function showFailure(text) {
  at("ask-failure").textContent = text;
  at("receiver").removeAttribute("aria-invalid");
}

async function confirmAsked(event) {
  event.preventDefault();
  if (!asked || asked.busy || at("ask-confirm").disabled) return;
  if (!asked.run) return checkReceiver();
  const action = asked;
  showFailure("");
  at("ask-title").focus(); // a disabled button can't keep it
  setBusy(true);
  setConfirm(action.progress, true);
  try {
    await action.run();
    await finish(action);
  } catch (error) {
    await handleFailure(action, error);
  }
}

/** Look the receiver up before anything is asked about: what nobody is called is said here. */
async function checkReceiver() {
  const typed = plain(at("receiver").value).trim();
  if (!typed) return refuseReceiver(say("receiver_missing"));
  if (!NAME.test(typed)) return refuseReceiver(texts.failures.identifier_malformed);
  const action = asked;
  showFailure("");
  setBusy(true);
  setConfirm(action.progress, true);
  try {
    const found = await call("GET", `${OWN}/residents/${encodeURIComponent(typed)}`);
    if (found.uuid === page.uuid) {
      setBusy(false);
      setConfirm(action.confirm);
      return refuseReceiver(texts.failures.receiver_is_owner);
    }
    askToTransfer(action.card, { ...found, username: plain(found.username) }, typed);
  } catch (error) {
    await handleFailure(action, error);
  }
}

/** Say what is wrong with the receiver, where one is written. */
function refuseReceiver(text) {
  showFailure(text);
  at("receiver").setAttribute("aria-invalid", "true");
  at("receiver").select();
  at("receiver").focus();
}

async function finish(action) {
  const open = openCards();
  const neighbour = open[open.findIndex((card) => card.id === action.card.id) + 1];
  setBusy(false);
  asked = null;
  at("ask").close();
  page.cards = action.after(page.cards);
  showCards();
  focusCard(neighbour?.id);
  tell(action.done);
  await refresh();
  if (!at("ready").hidden && document.activeElement === document.body) focusCard(neighbour?.id);
}

async function handleFailure(action, error) {
  setBusy(false);
  if (error.status === 401) return showExpired();
  if (!(error instanceof Trouble)) {
    console.error(error);
    error.message = texts.failures.failed;
  }
  if (!at("ask").open) {
    tell(error.message);
    return refresh();
  }
  action.stale = Boolean(action.run);
  if (error.fate === "refused") return handleRefusal(action, error);
  showFailure(error.message);
  await waitToConfirm(action, error.wait);
}

function handleRefusal(action, error) {
  if (ABOUT_RECEIVER.has(error.code)) {
    if (action.back) action.back();
    setConfirm(asked.confirm);
    return refuseReceiver(error.message);
  }
  setConfirm(action.confirm, true);
  at("ask-cancel").textContent = say("close");
  action.back = null;
  at("ask-cancel").focus();
  at("ask-failure").textContent = error.message;
}

/** Count down on the button, then let it be pressed. */
async function waitToConfirm(action, wait) {
  for (let left = wait; left > 0; left -= 1) {
    setConfirm(say("try_again_in", { count: left }), true);
    await sleep(1);
    if (asked !== action) return;
  }
  setConfirm(say("try_again"));
  // Whoever went to another button meanwhile must not find another one under the finger.
  if ([document.body, at("ask-title")].includes(document.activeElement)) at("ask-confirm").focus();
}

function leaveAsked() {
  if (asked?.back) asked.back();
  else at("ask").close();
}

/** After the dialog: the focus returns by itself; what may have changed is read again. */
function afterAsking() {
  const left = asked;
  asked = null;
  if (left?.busy || !left?.stale || !page.token) return;
  refresh().then(() => at("ready").hidden || focusCard(left.card.id));
}

const sleep = (count) => new Promise((resolve) => setTimeout(resolve, count * 1000));

// The beginning

at("again").addEventListener("click", () => load());
at("more").addEventListener("click", showMore);
at("more-moments").addEventListener("click", showMoreHistory);
at("history").addEventListener("toggle", () => at("history").open && showHistory());
at("dismiss").addEventListener("click", () => {
  tell("");
  at("title").focus({ preventScroll: true });
});
at("ask-form").addEventListener("submit", confirmAsked);
at("ask-cancel").addEventListener("click", leaveAsked);
at("ask").addEventListener("cancel", (event) => asked?.busy && event.preventDefault());
at("ask").addEventListener("close", afterAsking);
window.addEventListener("hashchange", () => {
  if (!location.hash.startsWith("#ct=")) return;
  takeToken();
  load();
});
setInterval(followHolds, 15_000);
takeToken();
load();
