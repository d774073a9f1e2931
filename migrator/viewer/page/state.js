// What the viewer knows, and small tools that all of it uses. The scripts of the viewer share their names: index.html
// loads them one after the other, words.js and this one first, viewer.js, which starts, last.
"use strict";

// The places of a row, as the index writes it; TEXT is added as the texts come.
const PATH = 0, FOLDER = 1, DATE = 2, FROM = 3, TO = 4, SUBJECT = 5, FLAGS = 6, FILES = 7, ZONE = 8, TEXT = 9;
const SEEN = 1, FLAGGED = 2;

const state = {
  language: "ja",
  folders: [], // {key, levels, count, kind, named, isSent}
  folder: -1, // which is chosen; -1: all
  files: new Map(), // "part/file": {part, file, places, rows}
  waited: 0, // scripts of lists that have not come yet
  texts: 0, // files whose texts have come
  missing: new Set(), // parts that are not there, or not whole
  rows: [], // of all files, newest first
  terms: [], // what is searched, folded
  shown: [], // what the list shows: rows, or threads (arrays of rows)
  made: 0, // how many of them stand in the page
  threads: false,
  newestFirst: true,
  open: new Set(), // names of threads that are unfolded
  read: "", // the page of the message that is open
  cameFromList: false, // whether going back from it leads to the list
};

const element = (id) => document.getElementById(id);

function make(tag, kind, ...inner) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  made.append(...inner);
  return made;
}

// Text as it is searched: as `_folded` of migrator/viewer/index.py writes it.
function fold(text) {
  return text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim();
}
