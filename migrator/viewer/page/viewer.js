// The viewer of a mail archive: a list, its folders and threads, a search, and the page of a message beside them.
//
// It runs from a disk, where a page may not fetch: data come as scripts that call `archive`. Everything that was written
// by others is put in as text, never as HTML; a message's own page stands in a frame that runs no script.
"use strict";

const WORDS = {
  ja: {
    title: "メールの控え",
    search: "件名・差出人・本文・日付 (2019-05) を検索",
    language: "Switch to English",
    other: "English",
    folders: "フォルダ",
    mails: "メールの一覧",
    reader: "メール",
    order: "並べ方",
    single: "メール",
    threads: "会話",
    newest: "新しい順",
    oldest: "古い順",
    back: "一覧",
    choose: "左の一覧からメールを選んでください",
    all: "すべてのメール",
    alone: "このメールだけを開く(印刷用)",
    earlier: "前のメール",
    later: "次のメール",
    kinds: { inbox: "受信トレイ", drafts: "下書き", sent: "送信済み", archive: "アーカイブ", junk: "迷惑メール", trash: "ごみ箱" },
    subject: "(件名なし)",
    nobody: "(差出人なし)",
    unread: "未読",
    flagged: "スター付き",
    to: "宛先:",
    attachments: (n) => `添付ファイル ${n} 個`,
    mailsCount: (n) => `${n} 通`,
    threadsCount: (n) => `${n} 件の会話`,
    loading: "読み込み中…",
    reading: (n) => `本文を読み込み中 ${n}%`,
    nothing: "見つかりませんでした",
    empty: "メールはありません",
    missing: (parts) => `第 ${parts} 部が展開されていません。すべての部を同じフォルダに展開すると、全メールを表示できます。`,
  },
  en: {
    title: "Mail archive",
    search: "Search subject, people, text, date (2019-05)",
    language: "日本語に切り替える",
    other: "日本語",
    folders: "Folders",
    mails: "List of messages",
    reader: "Message",
    order: "Order",
    single: "Messages",
    threads: "Threads",
    newest: "Newest first",
    oldest: "Oldest first",
    back: "List",
    choose: "Choose a message from the list",
    all: "All mail",
    alone: "Open this message alone (to print it)",
    earlier: "Previous message",
    later: "Next message",
    kinds: { inbox: "Inbox", drafts: "Drafts", sent: "Sent", archive: "Archive", junk: "Junk", trash: "Trash" },
    subject: "(no subject)",
    nobody: "(no sender)",
    unread: "unread",
    flagged: "starred",
    to: "To:",
    attachments: (n) => `${n} attachment${n === 1 ? "" : "s"}`,
    mailsCount: (n) => `${n} message${n === 1 ? "" : "s"}`,
    threadsCount: (n) => `${n} thread${n === 1 ? "" : "s"}`,
    loading: "Loading…",
    reading: (n) => `reading texts ${n}%`,
    nothing: "Nothing was found",
    empty: "No messages here",
    missing: (parts) => `Part ${parts} is not unpacked here. Unpack all parts into one folder to see every message.`,
  },
};

// The places of a row, as the index writes it.
const PATH = 0, FOLDER = 1, DATE = 2, FROM = 3, TO = 4, SUBJECT = 5, FLAGS = 6, FILES = 7, ZONE = 8, TEXT = 9;
const SEEN = 1, FLAGGED = 2;
const STEP = 100; // rows that are made at once

// "Re: ", "Fwd: ", "返信: ", "[list 12]" and the like in front of a subject.
const REPLY = /^(?:(?:re|fwd?|fw|aw|wg|tr|rv|sv|返信|転送|回复|转发)\s*(?:\[\d+\]|\(\d+\)|\d+)?\s*[:：]|\[[^\]]{1,40}\])\s*/i;

// Folders that everybody has stand first, those for what nobody wants last; all others between, by name.
const BEFORE = ["inbox", "drafts", "sent", "archive", "flagged", "all"], BEHIND = ["junk", "trash"];

const state = {
  language: "ja",
  folders: [], // {key, levels, count, kind, named}
  folder: -1, // all
  rows: [], // newest first
  shown: [], // what the list shows: rows, or threads (arrays of rows)
  made: 0, // how many of them stand in the page
  terms: [], // what is searched
  threads: false,
  newestFirst: true,
  open: new Set(), // threads that are unfolded
  files: new Map(), // "part/file": its rows
  waited: 0, // list files that have not come yet
  texts: 0, // text files that have come
  missing: [],
  read: "", // the page of the message that is open
};

const element = (id) => document.getElementById(id);
const word = (name, ...told) => {
  const found = WORDS[state.language][name];
  return typeof found === "function" ? found(...told) : found;
};
const fold = (text) => text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim();

// ── data ────────────────────────────────────────────────────────────────────────────────────────────────
// What data files call: part.js first, then its lists, then the texts.
const archive = {
  part(part, files, folders) {
    const places = folders.map(([levels, count, kind, named]) => {
      const place = placeOf(levels, count);
      if (kind) Object.assign(state.folders[place], { kind, named });
      return place;
    });
    for (let file = 1; file <= files; file++) {
      state.waited += 1;
      state.files.set(`${part}/${file}`, places);
      load(part, `list-${String(file).padStart(4, "0")}`, (came) => {
        if (!came) lost(part, file);
        listed();
      });
    }
  },
  list(part, file, rows) {
    const places = state.files.get(`${part}/${file}`);
    for (const row of rows) row[FOLDER] = places[row[FOLDER]];
    state.files.set(`${part}/${file}`, rows);
  },
  text(part, file, texts) {
    state.files.get(`${part}/${file}`).forEach((row, at) => (row[TEXT] = texts[at]));
  },
};

function lost(part, file) {
  state.files.set(`${part}/${file}`, []);
  state.missing.push(part);
}

function load(part, name, done) {
  const script = document.createElement("script");
  script.src = `viewer/${part}/${name}.js`;
  script.onload = () => done(true);
  script.onerror = () => done(false);
  document.head.append(script);
}

// The place of a folder among all, made with those above it where it is new.
function placeOf(levels, count) {
  const key = levels.join("\u0000");
  let place = state.folders.findIndex((folder) => folder.key === key);
  if (place < 0) {
    if (levels.length > 1) placeOf(levels.slice(0, -1), 0);
    place = state.folders.push({ key, levels, count: 0, kind: "", named: false }) - 1;
  }
  state.folders[place].count += count;
  return place;
}

function listed() {
  state.waited -= 1;
  if (state.waited > 0) return;
  state.rows = [...state.files.values()].flat().sort((one, other) => other[DATE] - one[DATE]);
  showFolders();
  show();
  openByAddress();
  document.documentElement.dataset.ready = "list";
  readTexts([...state.files.keys()]);
}

// One after the other, so that the page stays quick meanwhile.
function readTexts(keys) {
  if (state.texts === keys.length) {
    document.documentElement.dataset.ready = "texts";
    if (state.terms.length) show();
    else showCount();
    return;
  }
  const [part, file] = keys[state.texts].split("/");
  load(part, `text-${file.padStart(4, "0")}`, () => {
    state.texts += 1;
    if (state.terms.length) showCount();
    readTexts(keys);
  });
}

// ── what is shown ───────────────────────────────────────────────────────────────────────────────────────
function found(terms) {
  const folder = state.folder;
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

// Threads in the order of their newest message; within, the oldest comes first.
function threaded(rows) {
  const threads = new Map();
  for (const row of rows) {
    const name = threadName(row);
    if (threads.has(name)) threads.get(name).push(row);
    else threads.set(name, [row]);
  }
  return [...threads.values()];
}

function show() {
  const rows = found(state.terms);
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
  const total = state.shown.length.toLocaleString(state.language);
  const said = word(state.threads ? "threadsCount" : "mailsCount", total === "1" ? 1 : total);
  const part = state.files.size ? Math.floor((100 * state.texts) / state.files.size) : 100;
  element("count").textContent = state.terms.length && part < 100 ? `${said} · ${word("reading", part)}` : said;
}

function make(tag, kind, ...inner) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  made.append(...inner);
  return made;
}

// Whom a list names: in a folder of sent mail, and in those within it, whom it went to.
function whoOf(row) {
  return (state.folders[row[FOLDER]].isSent && row[TO] ? `${word("to")} ${row[TO]}` : row[FROM]) || word("nobody");
}

function mailItem(row) {
  const link = make("a", row[FLAGS] & SEEN ? "row" : "row unread");
  link.href = `#${row[PATH]}`;
  link.append(
    make("span", "who", ...marked(whoOf(row))),
    dateOf(row),
    make("span", "subject", ...marked(row[SUBJECT] || word("subject"))),
    signs(row),
  );
  if (!(row[FLAGS] & SEEN)) link.prepend(make("span", "unseen", word("unread")));
  const seen = fold(`${row[SUBJECT]} ${whoOf(row)}`);
  if (row[TEXT] && state.terms.some((term) => !seen.includes(term))) link.append(snippetOf(row[TEXT]));
  return make("li", "", link);
}

function threadItem(rows) {
  if (rows.length === 1) return mailItem(rows[0]);
  const newest = rows[0];
  const name = threadName(newest);
  const people = [...new Set(rows.map((row) => row[FROM] || whoOf(row)))];
  const isRead = rows.every((row) => row[FLAGS] & SEEN);
  const head = make("button", isRead ? "row thread" : "row thread unread", make("span", "who", ...marked(people.slice(0, 3).join(", "))), dateOf(newest));
  head.type = "button";
  const subject = rows.at(-1)[SUBJECT] || word("subject");
  head.append(make("span", "subject", ...marked(subject)), signs(newest, rows.length));
  if (!isRead) head.prepend(make("span", "unseen", word("unread")));
  const inner = make("ol", "inner");
  const unfold = (isOpen) => {
    head.setAttribute("aria-expanded", String(isOpen));
    inner.replaceChildren(...(isOpen ? [...rows].reverse().map(mailItem) : []));
    mark();
  };
  head.onclick = () => {
    if (!state.open.delete(name)) state.open.add(name);
    unfold(state.open.has(name));
  };
  unfold(state.open.has(name));
  return make("li", "", head, inner);
}

// The day that its sender wrote, wherever the reader is: so it is on the message's own page too.
function dateOf(row) {
  const date = new Date(1000 * (row[DATE] + 60 * row[ZONE]));
  const thisYear = date.getUTCFullYear() === new Date().getFullYear();
  const far = state.language === "ja" ? "2-digit" : "short";
  const form = thisYear ? { month: "short", day: "numeric" } : { year: "numeric", month: far, day: state.language === "ja" ? "2-digit" : "numeric" };
  const time = make("time", "", formatter(form).format(date));
  time.dateTime = new Date(1000 * row[DATE]).toISOString();
  time.title = formatter({ dateStyle: "full", timeStyle: "short" }).format(date);
  return time;
}

const formatters = new Map();
function formatter(form) {
  const key = state.language + JSON.stringify(form);
  if (!formatters.has(key)) formatters.set(key, new Intl.DateTimeFormat(state.language === "ja" ? "ja" : "en-GB", { ...form, timeZone: "UTC" }));
  return formatters.get(key);
}

// A sign, with what it means for those who cannot see it.
function named(sign, name) {
  sign.setAttribute("role", "img");
  sign.setAttribute("aria-label", name);
  sign.title = name;
  return sign;
}

function signs(row, thread) {
  const holder = make("span", "signs");
  if (row[FLAGS] & FLAGGED) holder.append(named(make("b", "star", "★"), word("flagged")));
  if (row[FILES]) {
    const clip = make("span", "clip", element("clip").content.cloneNode(true), String(row[FILES]));
    holder.append(named(clip, word("attachments", row[FILES])));
  }
  if (thread) holder.append(make("b", "many", String(thread)));
  return holder;
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
  return make("span", "snippet", at ? "…" : "", ...marked(text.slice(at, at + 100)));
}

// ── folders ─────────────────────────────────────────────────────────────────────────────────────────────
// A folder that everybody has is called as the reader calls it, where there is one of its kind.
function folderName(folder) {
  const known = folder.named && state.folders.filter((one) => one.kind === folder.kind).length === 1;
  return (known && word("kinds")[folder.kind]) || folder.levels.at(-1);
}

// As a tree, in the same order in every language: what is within a folder follows it.
const byName = new Intl.Collator("ja", { numeric: true });
function folderOrder() {
  const places = new Map(state.folders.map((folder, place) => [folder.key, place]));
  const above = (folder, depth) => state.folders[places.get(folder.levels.slice(0, depth).join("\u0000"))];
  const rank = ({ kind }) => (BEFORE.includes(kind) ? BEFORE.indexOf(kind) : BEFORE.length + 1 + BEHIND.indexOf(kind));
  const compare = (one, other) => {
    for (let depth = 1; depth <= Math.min(one.levels.length, other.levels.length); depth++) {
      const [mine, theirs] = [above(one, depth), above(other, depth)];
      if (mine !== theirs) return rank(mine) - rank(theirs) || byName.compare(mine.levels.at(-1), theirs.levels.at(-1)) || (mine.key < theirs.key ? -1 : 1);
    }
    return one.levels.length - other.levels.length;
  };
  for (const folder of state.folders) folder.isSent = folder.levels.some((_, at) => above(folder, at + 1).kind === "sent");
  return [...state.folders.keys()].sort((one, other) => compare(state.folders[one], state.folders[other]));
}

function showFolders() {
  const all = { levels: [""], count: state.rows.length };
  const places = [-1, ...folderOrder()];
  const buttons = places.map((place) => {
    const folder = place < 0 ? all : state.folders[place];
    const name = place < 0 ? word("all") : folderName(folder);
    const button = make("button", "folder", make("span", "", name));
    if (folder.count) button.append(make("small", "", folder.count.toLocaleString(state.language)));
    button.type = "button";
    button.title = place < 0 ? name : folder.levels.join(" / ");
    button.dataset.depth = String(Math.min(folder.levels.length, 6));
    button.setAttribute("aria-current", String(place === state.folder));
    button.onclick = () => chooseFolder(place);
    return button;
  });
  const options = places.map((place) => {
    const folder = place < 0 ? all : state.folders[place];
    const name = place < 0 ? word("all") : folderName(folder);
    const indent = "\u2003".repeat(folder.levels.length - 1);
    const option = make("option", "", `${indent}${name}${folder.count ? ` (${folder.count.toLocaleString(state.language)})` : ""}`);
    option.value = String(place);
    option.selected = place === state.folder;
    return option;
  });
  element("folders").replaceChildren(...buttons);
  element("folder").replaceChildren(...options);
}

function chooseFolder(place) {
  state.folder = place;
  showFolders();
  show();
}

// ── the message ─────────────────────────────────────────────────────────────────────────────────────────
// Its page is an element of its own each time, so that going back leads to the list.
function openByAddress() {
  const path = location.hash.slice(1);
  const row = state.rows.find((one) => one[PATH] === path);
  document.body.classList.toggle("reading", Boolean(row));
  if (!row) {
    element("page").replaceChildren();
    linkTo(state.read)?.focus({ preventScroll: true });
  } else {
    const frame = document.createElement("iframe");
    frame.sandbox = "allow-same-origin allow-popups allow-popups-to-escape-sandbox allow-downloads";
    frame.title = row[SUBJECT] || word("subject");
    frame.src = `${row[PATH]}#${state.language}`;
    element("page").replaceChildren(frame);
    element("alone").href = frame.src;
    if (!element("list").offsetParent) element("back").focus();
  }
  state.read = row ? path : "";
  mark();
}

const links = () => [...element("list").querySelectorAll("a")];
const linkTo = (path) => links().find((link) => link.getAttribute("href") === `#${path}`);

// The message beside the one that is read, in the order of the list; going back still leads to the list.
function readOn(by) {
  const at = links().indexOf(linkTo(state.read));
  if (at + by >= links().length && state.made < state.shown.length) showMore();
  const next = links()[at + by];
  if (at >= 0 && next) location.replace(next.href);
}

function mark() {
  const path = location.hash;
  for (const link of links()) {
    if (link.getAttribute("href") === path) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

// ── the frame around all ────────────────────────────────────────────────────────────────────────────────
function speak(language) {
  state.language = language;
  document.documentElement.lang = language;
  document.title = word("title");
  for (const one of document.querySelectorAll("[data-word]")) one.textContent = word(one.dataset.word);
  for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", word(one.dataset.label));
  for (const one of document.querySelectorAll(".sign")) one.title = word(one.dataset.label);
  element("search").placeholder = word("search");
  element("language").textContent = word("other");
  element("turn").textContent = word(state.newestFirst ? "newest" : "oldest");
  element("missing").hidden = state.missing.length === 0;
  element("missing").textContent = word("missing", state.missing.join(", "));
  if (document.documentElement.dataset.ready) {
    showFolders();
    show();
    openByAddress();
  } else {
    element("count").textContent = word("loading");
  }
}

function search(text) {
  state.terms = fold(text).split(" ").filter(Boolean);
  show();
}

function chooseView(threads) {
  state.threads = threads;
  element("single").setAttribute("aria-pressed", String(!threads));
  element("threads").setAttribute("aria-pressed", String(threads));
  show();
}

// A browser may forbid pages from a disk to remember anything.
function remembered(language) {
  try {
    if (language) localStorage.setItem("language", language);
    return localStorage.getItem("language");
  } catch {
    return null;
  }
}

function step(event) {
  const rows = [...element("list").querySelectorAll(".row")];
  const at = rows.indexOf(document.activeElement);
  const next = rows[at + (event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0)];
  if (at < 0 || !next || next === rows[at]) return;
  event.preventDefault();
  next.focus();
}

function listen() {
  let waiting = 0;
  element("search").oninput = (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(search, 120, event.target.value);
  };
  element("language").onclick = () => {
    const other = state.language === "ja" ? "en" : "ja";
    remembered(other);
    speak(other);
  };
  element("folder").onchange = (event) => chooseFolder(Number(event.target.value));
  element("single").onclick = () => chooseView(false);
  element("threads").onclick = () => chooseView(true);
  element("turn").onclick = () => {
    state.newestFirst = !state.newestFirst;
    element("turn").textContent = word(state.newestFirst ? "newest" : "oldest");
    show();
  };
  element("back").onclick = () => history.back();
  element("earlier").onclick = () => readOn(-1);
  element("later").onclick = () => readOn(1);
  element("list").onkeydown = step;
  window.onhashchange = openByAddress;
  new IntersectionObserver((seen) => {
    if (seen.some((one) => one.isIntersecting) && state.made < state.shown.length) showMore();
  }, { rootMargin: "800px" }).observe(element("more"));
}

function start() {
  const wanted = remembered() ?? (navigator.language.startsWith("ja") ? "ja" : "en");
  speak(wanted in WORDS ? wanted : "en");
  listen();
  const parts = Number(document.documentElement.dataset.parts);
  state.waited = parts;
  for (let part = 1; part <= parts; part++) {
    load(part, "part", (came) => {
      if (!came) {
        state.missing.push(part);
        speak(state.language);
      }
      listed();
    });
  }
}

start();
