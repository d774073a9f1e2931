// The list: which messages are found, alone or as threads, and the rows that show them. Rows are made as one scrolls.
//
// search("会議 2019")      // shows what has all of these words
// show()                   // the list anew, after anything in `state` has changed
//
// Everything that was written by others is put in as text, never as HTML.
"use strict";

const STEP = 100; // rows that are made at once

// "Re: ", "Fwd: ", "返信: ", "[list 12]" and the like in front of a subject.
const REPLY = /^(?:(?:re|fwd?|fw|aw|wg|tr|rv|sv|返信|転送|回复|转发)\s*(?:\[\d+\]|\(\d+\)|\d+)?\s*[:：]|\[[^\]]{1,40}\])\s*/i;

function search(text) {
  state.terms = fold(text).split(" ").filter(Boolean);
  show();
}

function found() {
  const { folder, terms } = state;
  return state.rows.filter((row) => {
    if (folder >= 0 && row[FOLDER] !== folder) return false;
    if (terms.length === 0) return true;
    const text = row[TEXT] ?? fold(`${row[SUBJECT]} ${row[FROM]} ${row[TO]}`);
    return terms.every((term) => text.includes(term));
  });
}

function threadName(row) {
  let name = row[SUBJECT];
  for (let shorter = name.replace(REPLY, ""); shorter !== name; shorter = name.replace(REPLY, "")) name = shorter;
  return fold(name) || row[PATH];
}

// Threads in the order of their newest message; within, the newest comes first.
function threaded(rows) {
  const threads = new Map();
  for (const row of rows) {
    const name = threadName(row);
    if (threads.has(name)) threads.get(name).push(row);
    else threads.set(name, [row]);
  }
  return [...threads.values()];
}

// ── the list as a whole ─────────────────────────────────────────────────────────────────────────────────
function show() {
  const rows = found();
  state.shown = state.threads ? threaded(rows) : rows;
  if (!state.newestFirst) state.shown.reverse();
  state.made = 0;
  element("list").replaceChildren();
  element("list").parentElement.scrollTop = 0;
  element("nothing").hidden = state.shown.length > 0;
  element("nothing").textContent = word(state.terms.length ? "nothing" : "empty");
  showMore();
  showCount();
}

function showMore() {
  const next = state.shown.slice(state.made, state.made + STEP);
  element("list").append(...next.map(state.threads ? threadItem : mailItem));
  state.made += next.length;
  mark();
}

function showCount() {
  const count = state.shown.length;
  const said = counted(state.threads ? "threadsCount" : "mailsCount", count);
  const part = Math.floor((100 * state.texts) / Math.max(1, state.files.size));
  const isReading = state.terms.length > 0 && state.texts < state.files.size;
  element("count").textContent = isReading ? `${said} · ${word("reading", part)}` : said;
}

// "1 message", "2,446 messages".
function counted(name, count) {
  return word(name, count === 1 ? 1 : count.toLocaleString(state.language));
}

// ── its rows ────────────────────────────────────────────────────────────────────────────────────────────
function mailItem(row) {
  const link = make("a", "row");
  link.href = `#${row[PATH]}`;
  fill(link, row[FLAGS] & SEEN, whoOf(row), row, row[SUBJECT], signs(row));
  const seen = fold(`${row[SUBJECT]} ${whoOf(row)}`);
  if (row[TEXT] && state.terms.some((term) => !seen.includes(term))) link.append(snippetOf(row[TEXT]));
  return make("li", "", link);
}

function threadItem(rows) {
  if (rows.length === 1) return mailItem(rows[0]);
  const [newest] = rows;
  const oldestFirst = [...rows].reverse();
  const name = threadName(newest);
  const people = [...new Set(rows.map((row) => row[FROM] || whoOf(row)))].slice(0, 3).join(", ");
  const head = make("button", "row thread");
  head.type = "button";
  fill(head, rows.every((row) => row[FLAGS] & SEEN), people, newest, oldestFirst[0][SUBJECT], signs(newest, rows.length));
  const inner = make("ol", "inner");
  const unfold = () => {
    const isOpen = state.open.has(name);
    head.setAttribute("aria-expanded", String(isOpen));
    inner.replaceChildren();
    if (isOpen) addMails(inner, oldestFirst);
  };
  head.onclick = () => {
    if (!state.open.delete(name)) state.open.add(name);
    unfold();
    mark();
  };
  unfold();
  return make("li", "", head, inner);
}

// The messages of a thread; of a long one the first, and a button that adds further ones.
function addMails(inner, rows) {
  inner.append(...rows.slice(0, STEP).map(mailItem));
  const further = rows.slice(STEP);
  if (further.length === 0) return;
  const button = make("button", "row", counted("further", further.length));
  const item = make("li", "", button);
  button.type = "button";
  button.onclick = () => {
    const before = item.previousSibling;
    item.remove();
    addMails(inner, further);
    mark();
    before.nextSibling.firstChild.focus();
  };
  inner.append(item);
}

function fill(line, isRead, who, row, subject, beside) {
  line.tabIndex = -1; // `mark` says which of them the Tab key stops at
  line.classList.toggle("unread", !isRead);
  if (!isRead) line.append(make("span", "unseen", word("unread")));
  line.append(said("who", who), dateOf(row), said("subject", subject || word("subject")), beside);
}

// Words of a message, with what is searched marked.
function said(kind, text) {
  return spoken(make("span", kind, ...marked(text)), text);
}

// Whom a list names: in a folder of sent mail, and in those within it, whom it went to.
function whoOf(row) {
  return (state.folders[row[FOLDER]].isSent && row[TO] ? `${word("to")} ${row[TO]}` : row[FROM]) || word("nobody");
}

// The day that its sender wrote, wherever the reader is: so it is on the message's own page too.
function dateOf(row) {
  const date = new Date(1000 * (row[DATE] + 60 * row[ZONE]));
  const isJapanese = state.language === "ja";
  const long = { year: "numeric", month: isJapanese ? "2-digit" : "short", day: isJapanese ? "2-digit" : "numeric" };
  const short = { month: "short", day: "numeric" };
  const time = make("time", "", dated(date, date.getUTCFullYear() === new Date().getFullYear() ? short : long));
  time.dateTime = new Date(1000 * row[DATE]).toISOString();
  time.title = dated(date, { dateStyle: "full", timeStyle: "short" });
  return time;
}

const formatters = new Map(); // making one takes long
function dated(date, form) {
  const key = state.language + JSON.stringify(form);
  if (!formatters.has(key)) {
    const language = state.language === "ja" ? "ja" : "en-GB";
    formatters.set(key, new Intl.DateTimeFormat(language, { ...form, timeZone: "UTC" }));
  }
  return formatters.get(key).format(date);
}

function signs(row, thread) {
  const holder = make("span", "signs");
  if (row[FLAGS] & FLAGGED) holder.append(named(make("b", "star", "★"), word("flagged")));
  if (row[FILES]) {
    const clip = make("span", "clip", element("clip").content.cloneNode(true), String(row[FILES]));
    holder.append(named(clip, word("attachments", row[FILES])));
  }
  if (thread) holder.append(named(make("b", "many", String(thread)), counted("mailsCount", thread)));
  return holder;
}

// A sign, with what it means for those who cannot see it.
function named(sign, name) {
  sign.setAttribute("role", "img");
  sign.setAttribute("aria-label", name);
  sign.title = name;
  return sign;
}

// Text with what is searched marked. Folding may change lengths: then nothing is marked, which is no harm.
function marked(text) {
  const plain = text.toLowerCase();
  const term = state.terms.find((one) => plain.includes(one));
  if (!term || plain.length !== text.length) return [text];
  const at = plain.indexOf(term);
  return [text.slice(0, at), make("mark", "", text.slice(at, at + term.length)), text.slice(at + term.length)];
}

function snippetOf(text) {
  const at = Math.max(0, Math.min(...state.terms.map((term) => text.indexOf(term))) - 20);
  return said("snippet", `${at ? "…" : ""}${text.slice(at, at + 100)}`);
}
