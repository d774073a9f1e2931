// The message that is open: the address of the page names it, and its own page stands in a frame that runs no script.
//
// openByAddress()      // after the address has changed
// readOn(1)            // the next one in the list
"use strict";

// The frame is an element of its own each time, so that going back leads to the list.
function openByAddress() {
  const path = location.hash.slice(1);
  const row = state.rows.find((one) => one[PATH] === path);
  const before = state.read;
  state.read = row ? path : "";
  document.body.classList.toggle("reading", Boolean(row));
  element("page").replaceChildren();
  if (row) showMessage(row);
  mark();
  if (!row) linkTo(before)?.focus({ preventScroll: true });
  else if (!element("list").offsetParent) element("back").focus();
}

function showMessage(row) {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-same-origin allow-popups allow-popups-to-escape-sandbox allow-downloads";
  frame.title = row[SUBJECT] || word("subject");
  frame.src = `${row[PATH]}#${state.language}`;
  element("page").append(frame);
  element("alone").href = frame.src;
}

function links() {
  return [...element("list").querySelectorAll("a")];
}

function linkTo(path) {
  return path ? links().find((link) => link.getAttribute("href") === `#${path}`) : undefined;
}

// The message beside the one that is read, in the order of the list; going back still leads to the list.
function readOn(by) {
  const at = links().indexOf(linkTo(state.read));
  if (at + by >= links().length && state.made < state.shown.length) showMore();
  const next = links()[at + by];
  if (at < 0 || !next) return;
  location.replace(next.href);
  element("announced").textContent = next.querySelector(".subject").textContent;
}

// A page that was opened at a message has no list behind it.
function backToList() {
  if (state.cameFromList) history.back();
  else location.replace("#");
}

// What is open is marked in the list, and one row of it is where the Tab key stops.
function mark() {
  const open = `#${state.read}`;
  for (const link of links()) {
    if (link.getAttribute("href") === open) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  const list = element("list");
  if (!list.querySelector(".row[tabindex='0']")) stopAt(list, linkTo(state.read) ?? list.querySelector(".row"));
}

// ── the keyboard ────────────────────────────────────────────────────────────────────────────────────────
// In rows and folders, however many, the Tab key stops once, and the arrow keys walk.
function stopAt(list, one) {
  for (const other of list.querySelectorAll("[tabindex='0']")) other.tabIndex = -1;
  if (one) one.tabIndex = 0;
}

function walk(event) {
  const all = [...event.currentTarget.querySelectorAll(".row, .folder")];
  const at = all.indexOf(event.target);
  const places = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 };
  const next = all[places[event.key]];
  if (at < 0 || !next) return;
  event.preventDefault();
  next.focus();
}

function walkable(list) {
  list.onkeydown = walk;
  list.addEventListener("focusin", ({ target }) => {
    if (target.matches(".row, .folder")) stopAt(list, target);
  });
}
