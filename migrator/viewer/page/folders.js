// The folders: beside the list where there is room, as a choice above it where there is none.
//
// showFolders()         // both, anew
// chooseFolder(-1)      // all mail
"use strict";

// Folders that everybody has stand first, those for what nobody wants last; all others between, by name.
const BEFORE = ["inbox", "drafts", "sent", "archive", "flagged", "all"], BEHIND = ["junk", "trash"];
const byName = new Intl.Collator("ja", { numeric: true }); // one order in every language

function showFolders() {
  const places = [-1, ...folderOrder()];
  element("folders").replaceChildren(...places.map(folderButton));
  element("folder").replaceChildren(...places.map(folderOption));
}

function chooseFolder(place) {
  const isInside = element("folders").contains(document.activeElement);
  state.folder = place;
  showFolders();
  show();
  if (isInside) element("folders").querySelector("[aria-current=true]").focus();
}

function folderButton(place) {
  const { name, count, levels } = told(place);
  const button = make("button", "folder", spoken(make("span", "", name), name));
  if (count) button.append(make("small", "", count.toLocaleString(state.language)));
  button.type = "button";
  button.title = place < 0 ? name : levels.join(" / ");
  button.dataset.depth = String(Math.min(levels.length, 6));
  button.setAttribute("aria-current", String(place === state.folder));
  button.tabIndex = place === state.folder ? 0 : -1; // where the Tab key stops; arrow keys walk
  button.onclick = () => chooseFolder(place);
  return button;
}

function folderOption(place) {
  const { name, count, levels } = told(place);
  const indent = "\u2003".repeat(levels.length - 1);
  const option = make("option", "", indent + name + (count ? ` (${count.toLocaleString(state.language)})` : ""));
  option.value = String(place);
  option.selected = place === state.folder;
  return option;
}

// What the reader is told of a folder. One that everybody has is called as the reader calls it, where there is one such.
function told(place) {
  if (place < 0) return { name: word("all"), count: state.rows.length, levels: [""] };
  const { levels, count, kind, named } = state.folders[place];
  const isKnown = named && state.folders.filter((one) => one.kind === kind).length === 1;
  return { name: (isKnown && word("kinds")[kind]) || levels[levels.length - 1], count, levels };
}

// The places of all folders as a tree: what is within a folder follows it.
function folderOrder() {
  const places = new Map(state.folders.map((folder, place) => [folder.key, place]));
  const lines = state.folders.map(({ levels }) =>
    levels.map((_, at) => state.folders[places.get(levels.slice(0, at + 1).join("\u0000"))]),
  );
  state.folders.forEach((folder, place) => (folder.isSent = lines[place].some(({ kind }) => kind === "sent")));
  return [...state.folders.keys()].sort((one, other) => compareLines(lines[one], lines[other]));
}

// By the first level at which the lines of two folders, each with all those above it, part; else the upper one is first.
function compareLines(one, other) {
  const at = one.findIndex((folder, depth) => folder !== other[depth]);
  if (at < 0 || at >= other.length) return one.length - other.length;
  const [mine, theirs] = [one[at], other[at]];
  const name = (folder) => folder.levels[folder.levels.length - 1];
  return rank(mine) - rank(theirs) || byName.compare(name(mine), name(theirs)) || (mine.key < theirs.key ? -1 : 1);
}

function rank({ kind }) {
  return BEFORE.includes(kind) ? BEFORE.indexOf(kind) : BEFORE.length + 1 + BEHIND.indexOf(kind);
}
