// The viewer of a mail archive: a list, its folders and threads, a search, and the page of a message beside them.
//
// This script begins: it says everything in one language, listens to all that can be pressed, and has the data loaded
// (data.js). The others show them: list.js, folders.js, message.js; state.js holds what is known, words.js what is said.
"use strict";

const REMEMBERED = "mail-archive-language";

function speak(language) {
  state.language = language;
  document.documentElement.lang = language;
  document.title = word("title");
  for (const one of document.querySelectorAll("[data-word]")) one.textContent = word(one.dataset.word);
  for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", word(one.dataset.label));
  for (const one of document.querySelectorAll(".sign")) one.title = word(one.dataset.label);
  element("search").placeholder = word("search");
  element("language").textContent = word("other");
  element("language").lang = other(language);
  showOrder();
  showMissing();
  if (document.documentElement.dataset.ready) {
    showFolders();
    show();
    openByAddress();
  } else {
    element("count").textContent = word("loading");
  }
}

function other(language) {
  return language === "ja" ? "en" : "ja";
}

function showOrder() {
  const now = word(state.newestFirst ? "newest" : "oldest");
  element("turn").textContent = now;
  element("turn").setAttribute("aria-label", word("order", now));
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
    if (language) localStorage.setItem(REMEMBERED, language);
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null;
  }
}

function listen() {
  let waiting = 0;
  element("search").oninput = (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(search, 120, event.target.value);
  };
  element("language").onclick = () => {
    remembered(other(state.language));
    speak(other(state.language));
  };
  element("folder").onchange = (event) => chooseFolder(Number(event.target.value));
  element("single").onclick = () => chooseView(false);
  element("threads").onclick = () => chooseView(true);
  element("turn").onclick = () => {
    state.newestFirst = !state.newestFirst;
    showOrder();
    show();
  };
  element("back").onclick = backToList;
  element("earlier").onclick = () => readOn(-1);
  element("later").onclick = () => readOn(1);
  walkable(element("list"));
  walkable(element("folders"));
  window.onhashchange = () => {
    if (state.read === "") state.cameFromList = true;
    openByAddress();
  };
  const observer = new IntersectionObserver(
    (seen) => {
      if (seen.some((one) => one.isIntersecting) && state.made < state.shown.length) showMore();
    },
    { rootMargin: "800px" },
  );
  observer.observe(element("more"));
}

function start() {
  const wanted = remembered() ?? (navigator.language.startsWith("ja") ? "ja" : "en");
  for (const one of document.querySelectorAll("body > header, body > main")) one.hidden = false;
  element("stuck").remove();
  speak(Object.keys(WORDS).includes(wanted) ? wanted : "en");
  listen();
  loadParts(Number(document.documentElement.dataset.parts));
}

start();
