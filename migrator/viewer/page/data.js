// The data of an archive: they come as scripts that call `archive`, for a page from a disk may not fetch. First the
// part.js of each part, then its lists, and when all of these are there, one after the other, the texts to be searched.
//
// loadParts(2)      // "data-ready" of the document says "list", then "texts"
//
// What does not come is no failure of all: its part is named above the list.
"use strict";

const archive = {
  part(part, files, folders) {
    const places = folders.map(([levels, count, kind, named]) => {
      const place = placeOf(levels, count);
      if (kind) Object.assign(state.folders[place], { kind, named });
      return place;
    });
    for (let file = 1; file <= files; file++) {
      state.files.set(`${part}/${file}`, { part, file, places, rows: [] });
      state.waited += 1;
      load(part, numbered("list", file), listed);
    }
  },
  list(part, file, rows) {
    const known = state.files.get(`${part}/${file}`);
    for (const row of rows) row[FOLDER] = known.places[row[FOLDER]];
    known.rows = rows;
  },
  text(part, file, texts) {
    state.files.get(`${part}/${file}`).rows.forEach((row, at) => (row[TEXT] = texts[at]));
  },
};

function loadParts(parts) {
  state.waited = parts;
  for (let part = 1; part <= parts; part++) load(part, "part", listed);
}

function load(part, name, then) {
  const script = document.createElement("script");
  script.src = `viewer/${part}/${name}.js`;
  script.onload = then;
  script.onerror = () => {
    state.missing.add(part);
    showMissing();
    then();
  };
  document.head.append(script);
}

function numbered(name, file) {
  return `${name}-${String(file).padStart(4, "0")}`;
}

// The place of a folder among all, made with those above it where it is new.
function placeOf(levels, count) {
  const key = levels.join("\u0000");
  let place = state.folders.findIndex((folder) => folder.key === key);
  if (place < 0) {
    if (levels.length > 1) placeOf(levels.slice(0, -1), 0);
    place = state.folders.push({ key, levels, count: 0, kind: "", named: false, isSent: false }) - 1;
  }
  state.folders[place].count += count;
  return place;
}

// One more list, or part without any, is there: the last one of them opens the viewer.
function listed() {
  state.waited -= 1;
  if (state.waited > 0) return;
  const files = [...state.files.values()];
  state.rows = files.flatMap((file) => file.rows).sort((one, other) => other[DATE] - one[DATE]);
  showFolders();
  show();
  openByAddress();
  document.documentElement.dataset.ready = "list";
  readTexts(files);
}

// One after the other, so that the page stays quick meanwhile.
function readTexts(files) {
  if (state.texts === files.length) {
    document.documentElement.dataset.ready = "texts";
    if (state.terms.length) show();
    return;
  }
  const { part, file } = files[state.texts];
  load(part, numbered("text", file), () => {
    state.texts += 1;
    if (state.terms.length) showCount();
    readTexts(files);
  });
}

function showMissing() {
  element("missing").hidden = state.missing.size === 0;
  element("missing").textContent = word("missing", [...state.missing].sort((one, other) => one - other).join(", "));
}
