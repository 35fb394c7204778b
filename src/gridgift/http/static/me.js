// The resident's own page: shows store credit and gift cards, redeems them and passes them on.
// Text from anywhere is written as text only, never as markup.

const PICTURES = "https://picture-service.secondlife.com";
const UUID = /^(?!0{8}-)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const TOKEN = /^[\w.~-]{1,512}$/;
const KEPT = "gridgift.token";
const PAGE = 24; // cards shown at once
const MOST = 1000; // cards asked for at once: what ends soon comes first, so all are looked at
const PATIENCE = 20_000; // milliseconds until a request counts as unanswered
const DAY = 86_400_000; // milliseconds
const SOON = 30; // days: what ends within them says so
const ABOUT_RECEIVER = new Set([
  "receiver_not_found",
  "receiver_is_owner",
  "identifier_malformed",
  "validation_failed",
]);
const at = (id) => document.getElementById(id);
const page = { token: null, username: "", brand: null, stores: new Map(), cards: [], next: null, shown: PAGE };
const keys = new Map(); // what is being done → its Idempotency-Key, until there is an answer
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
    response = await fetch(`/v1/customer/${path}`, {
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
const plural = new Intl.PluralRules(LANGUAGE);
const money = (amount) => `L$\u00a0${number.format(amount)}`;

/** Return a text of the catalogue in parts, between which its values stand: texts or elements. */
function parts(key, values = {}) {
  const found = texts[key];
  const text = typeof found === "string" ? found : (found[plural.select(values.count)] ?? found.other);
  return text.split(/\{(\w+)\}/).map((part, index) => {
    if (index % 2 === 0) return part;
    return part === "count" ? number.format(values.count) : values[part];
  });
}

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
const storeOf = (id) => page.stores.get(id) ?? page.brand;

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
  document.title = say("tab_title", { store: page.brand.name });
  at("brand").textContent = page.brand.name;
  showPicture(at("logo"), [page.brand.logo], "/static/icon.svg");
  sayHowMany();
  at("ready").hidden = false;
}

function sayHowMany() {
  const count = page.cards.filter((card) => !card.redeemed && card.active).length;
  const key = page.next ? "cards_at_least" : count ? "cards_to_use" : "cards_none";
  const sentence = say(key, { count, store: page.brand.name });
  if (at("lead").textContent !== sentence) at("lead").textContent = sentence;
}

function showAccounts(accounts) {
  const several = accounts.length > 1;
  at("accounts").replaceChildren(...accounts.map((account) => drawAccount(account, several)));
}

function drawAccount(account, several) {
  const drawn = at("account-template").content.cloneNode(true);
  const find = (name) => drawn.querySelector(name);
  const { name } = storeOf(account.storeId);
  find(".store").hidden = !several;
  find(".store").textContent = name;
  writeMoney(find(".total"), account.credit);
  const none = account.credit + account.restrictedCredit === 0;
  find(".where").textContent = say(none ? "credit_none" : "credit_use", { store: name });
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
  sayHowMany();
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
  showPicture(find(".picture"), [card.texture, storeOf(card.storeId).logo], "/static/card.svg");
  find(".buttons").hidden = !usable;
  find(".redeem").ariaLabel = say("redeem_card", { amount: money(card.credit) });
  find(".transfer").ariaLabel = say("transfer_card", { amount: money(card.credit) });
  find(".redeem").onclick = () => askToRedeem(card);
  find(".transfer").onclick = () => askForReceiver(card);
  find(".transfer").hidden = !card.transfer;
  return drawn;
}

function expiryOf({ expiresAt }) {
  return expiresAt ? parts("good_until", { date: lastDayOf(expiresAt) }) : parts("good_always");
}

function stateOf(card) {
  if (card.redeemed) return say("now_credit");
  if (!card.active) return say("switched_off");
  return card.transfer ? "" : say("for_you_only");
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
    const profile = await read("profile"); // alone: a dead token is told once
    const rest = [read("context"), read("account"), readCards(null)];
    const found = await Promise.all(rest);
    if (mine === loads) showAll(profile, ...found);
  } catch (error) {
    if (mine === loads) handleLoading(error);
  } finally {
    at("again").disabled = false;
  }
}

function showAll(profile, context, account, list) {
  const named = (found) => ({ ...found, name: plain(found.name) });
  Object.assign(page, { username: plain(profile.username), brand: named(context.brand), ...list });
  page.stores = new Map(context.stores.map((found) => [found.id, named(found)]));
  showGreeting();
  showAccounts(account.accounts);
  showCards();
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
    const [account, list] = await Promise.all([read("account"), readCards(null)]);
    if (mine !== loads) return;
    Object.assign(page, list);
    showAccounts(account.accounts);
    showCards();
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
    const list = await read(`giftcards?limit=${MOST}${after}`);
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

function askToRedeem(card) {
  const { name } = storeOf(card.storeId);
  const values = { amount: money(card.credit), store: name };
  const dated = card.expiresAt && { ...values, date: lastDayOf(card.expiresAt) };
  ask({
    card,
    title: say("redeem_ask", values),
    text: dated ? parts("redeem_text_dated", dated) : parts("redeem_text", values),
    confirm: say("redeem"),
    progress: say("redeeming"),
    done: say("redeem_done", values),
    after: (all) => all.map((each) => (each.id === card.id ? { ...each, credit: 0, redeemed: true } : each)),
    run: () => once(`redeem ${card.id}`, `giftcards/${encodeURIComponent(card.id)}/redeem`),
  });
}

function askForReceiver(card, receiver = "") {
  const { name } = storeOf(card.storeId);
  ask({
    card,
    title: say("transfer_title", { amount: money(card.credit) }),
    text: parts("transfer_who", { store: name }),
    confirm: say("continue"),
    receiver,
    run: null,
  });
}

function askToTransfer(card, receiver) {
  const values = { amount: money(card.credit), receiver, store: storeOf(card.storeId).name };
  ask({
    card,
    title: say("transfer_ask", values),
    text: parts("transfer_text", values),
    confirm: say("transfer"),
    progress: say("transferring"),
    done: say("transfer_done", values),
    back: () => askForReceiver(card, receiver),
    after: (all) => all.filter((each) => each.id !== card.id),
    run: () =>
      once(`transfer ${card.id} ${receiver}`, `giftcards/${encodeURIComponent(card.id)}/transfer`, {
        receiverIdentifier: receiver,
      }),
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
  at("ask-cancel").textContent = say(action.back ? "back" : "cancel");
  at("receiver").value = action.receiver ?? "";
  setBusy(false);
  setConfirm(action.confirm);
  showFailure("");
  if (!at("ask").open) at("ask").showModal();
  (wanted ? at("receiver") : at("ask-title")).focus();
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

function checkReceiver() {
  const receiver = plain(at("receiver").value).trim();
  if (receiver) return askToTransfer(asked.card, receiver);
  showFailure(say("receiver_missing"));
  at("receiver").setAttribute("aria-invalid", "true");
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
  action.stale = true;
  if (error.fate === "refused") return handleRefusal(action, error);
  showFailure(error.message);
  await waitToConfirm(action, error.wait);
}

function handleRefusal(action, error) {
  if (action.back && ABOUT_RECEIVER.has(error.code)) {
    action.back();
    at("receiver").setAttribute("aria-invalid", "true");
    at("receiver").select();
  } else {
    setConfirm(action.confirm, true);
    at("ask-cancel").textContent = say("close");
    action.back = null;
    at("ask-cancel").focus();
  }
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
takeToken();
load();
