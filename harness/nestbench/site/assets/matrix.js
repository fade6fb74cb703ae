"use strict";
// The matrix: filters, search, sort and folding. All of its state is in the address.
(() => {
  const table = document.getElementById("_matrix");
  if (!table) return;
  const form = document.getElementById("_controls");
  const found = document.getElementById("_found");
  const bodies = [...table.tBodies];
  // What there is of a row is read when it is first asked for: most pages need few of its squares.
  const rows = [...table.querySelectorAll("tbody tr[id]")].map((row, place) => ({
    row, place, body: row.parentElement, group: row.parentElement.dataset.group, words: row.dataset.words,
    build: row.classList.contains("build"), same: row.classList.contains("same"), painted: "",
    get cells() { return put(this, "cells", [...row.cells]); },
    get texts() { return put(this, "texts", columns.map(({ place: at }) => this.cells[at].textContent)); },
    get kinds() { return put(this, "kinds", columns.map(({ place: at }) => this.cells[at].className[0])); },
  }));
  const byRow = new Map(rows.map((one) => [one.row, one]));
  function put(one, name, value) { Object.defineProperty(one, name, { value }); return value; }
  // Columns as they stand in a row: a block's sum, then its stacks.
  const blocks = [...table.querySelectorAll("th.block")].map((head) => ({ id: head.dataset.block, head, button: head.querySelector("button"), columns: [] }));
  const heads = [...table.querySelector("tr.stacks").cells];
  let block = -1;
  const columns = heads.map((head, at) => {
    const sum = head.classList.contains("sum");
    if (sum) block += 1;
    const column = { at, place: at + 1, block, sum, stack: head.id.slice(1) };
    blocks[block].columns.push(column);
    return column;
  });
  const stacks = columns.filter((one) => !one.sum);
  const chosenStyle = document.head.appendChild(document.createElement("style"));
  const lists = ["group", "verdict", "stack"];
  const nothing = "·";

  // What a text says, as names: of the letters of CTS, of words, and of signs behind them.
  const meant = JSON.parse(table.dataset.names), read_ = new Map();
  function names(text) {
    if (!read_.has(text)) {
      const tokens = text.replace(/[≈†*]/g, " $&").split(" ");
      read_.set(text, tokens.flatMap((token) => (meant[token] ? [meant[token]] : /^[A-Z]+$/.test(token) ? [...token].map((letter) => meant[letter]) : [])));
    }
    return read_.get(text);
  }
  const bare = (text) => text.replace(/[*≈]/g, "");

  // --- state <-> address
  function read() {
    const asked = new URLSearchParams(location.search);
    const state = { q: asked.get("q") || "", show: asked.get("show") || "", sort: asked.get("sort") || "", all: asked.get("all") === "1", build: asked.get("build") === "1" };
    for (const name of lists) state[name] = (asked.get(name) || "").split(",").filter(Boolean);
    // By default the first line of releases is open, and so is what is asked for.
    const open = asked.get("open");
    state.open = open === null ? null : open.split(",").filter(Boolean);
    state.shut = (asked.get("shut") || "").split(",").filter(Boolean);
    return state;
  }
  function write(state, replace) {
    const asked = new URLSearchParams();
    for (const name of ["q", "show", "sort"]) if (state[name]) asked.set(name, state[name]);
    for (const name of ["all", "build"]) if (state[name]) asked.set(name, "1");
    for (const name of [...lists, "shut"]) if (state[name].length) asked.set(name, state[name].join(","));
    if (state.open) asked.set("open", state.open.join(","));
    const text = asked.toString().replace(/%2C/g, ",");
    const address = location.pathname + (text ? "?" + text : "") + location.hash;
    if (address === location.pathname + location.search + location.hash) return;
    history[replace ? "replaceState" : "pushState"](null, "", address);
  }
  function opened(state) {
    if (state.open) return state.open;
    const asked = state.stack.length ? blocks.filter((one) => one.columns.some(({ stack }) => state.stack.includes(stack))) : blocks.slice(0, 1);
    return asked.map((one) => one.id);
  }

  function toForm(state) {
    // A space at the end is the beginning of the next word: it is left to who types it.
    if (form.elements.q.value.trim() !== state.q) form.elements.q.value = state.q;
    for (const name of ["show", "sort"]) form.elements[name].value = state[name];
    for (const name of ["all", "build"]) form.elements[name].checked = state[name];
    for (const name of lists) {
      for (const box of form.querySelectorAll(`input[name=${name}]`)) box.checked = state[name].includes(box.value);
      form.querySelector(`[data-count=${name}]`).textContent = state[name].length || "";
    }
  }
  function fromForm(state) {
    const next = { ...state, q: form.elements.q.value.trim(), show: form.elements.show.value, sort: form.elements.sort.value, all: form.elements.all.checked, build: form.elements.build.checked };
    for (const name of lists) next[name] = [...form.querySelectorAll(`input[name=${name}]:checked`)].map((box) => box.value);
    return next;
  }

  // --- columns: a class of the table opens, closes or hides a block; the style sheet does the rest
  const asked = (state) => (state.stack.length ? stacks.filter((one) => state.stack.includes(one.stack)) : stacks);
  function drawColumns(state) {
    const open = opened(state), chosen = asked(state);
    let width = 1;
    blocks.forEach((one, at) => {
      const isOpen = open.includes(one.id), members = chosen.filter((column) => column.block === at).length;
      const span = isOpen ? members : Math.min(members, 1);
      width += span;
      table.classList.toggle(`o${at}`, isOpen);
      table.classList.toggle(`h${at}`, !members);
      one.button.setAttribute("aria-expanded", String(isOpen));
      one.head.hidden = !span;
      if (one.head.colSpan !== (span || 1)) one.head.colSpan = span || 1;
      one.head.classList.toggle("closed", !isOpen || span < 3);
    });
    const others = chosen.map(({ place }) => `:not(:nth-child(${place + 1}))`).join("");
    const others_ = chosen.map(({ place }) => `:not(:nth-child(${place}))`).join("");
    const rule = `#_matrix :is(td, col:not(.case)):not(.sum)${others}, #_matrix tr.stacks th:not(.sum)${others_} { display: none; }`;
    const text = state.stack.length && chosen.length ? rule : "";
    if (chosenStyle.textContent !== text) chosenStyle.textContent = text;
    for (const body of bodies) if (body.rows[0].cells[0].colSpan !== width) body.rows[0].cells[0].colSpan = width;
  }

  // --- rows: which, and in which order
  function differs(one, state, chosen) {
    if (chosen.length < 2) return true; // one stack differs from none
    if (!state.stack.length && !state.show) return !one.same;
    const texts = content(one, state.show);
    return new Set(chosen.map(({ at }) => bare(texts[at])).filter((text) => text !== nothing)).size > 1;
  }
  function chosenRows(state, chosen) {
    const tokens = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const candidates = rows.filter((one) => state.build || !one.build);
    const left = candidates.filter((one) =>
      (!state.group.length || state.group.includes(one.group))
      && tokens.every((token) => one.words.includes(token))
      && (!state.verdict.length || chosen.some(({ at }) => names(one.texts[at]).some((name) => state.verdict.includes(name)))));
    const kept = state.all ? left : left.filter((one) => differs(one, state, chosen));
    return { kept, candidates, alike: left.length - kept.length };
  }
  const gravest = ["w", "l", "r", "i", "o", "u", "n", "t", "m"];
  const keys = {
    name: (one) => [one.row.id],
    grave: (one, chosen) => {
      const ranks = chosen.map(({ at }) => gravest.indexOf(one.kinds[at])), first = Math.min(...ranks);
      return [first, -ranks.filter((rank) => rank === first).length];
    },
    changes: (one, chosen) => {
      const said = chosen.map(({ at }) => one.texts[at]).filter((text) => text !== nothing);
      return [-said.filter((text, at) => at && text !== said[at - 1]).length];
    },
  };
  function sorted(state, chosen) {
    if (!keys[state.sort]) return rows;
    const by = new Map(rows.map((one) => [one, [...keys[state.sort](one, chosen), one.place]]));
    return [...rows].sort((a, b) => {
      const [first, second] = [by.get(a), by.get(b)], at = first.findIndex((key, place) => key !== second[place]);
      return at < 0 ? 0 : first[at] < second[at] ? -1 : 1;
    });
  }

  // --- signals instead of verdicts: the data is fetched when it is first asked for
  function data(show, then) {
    if (!show || window.nestbenchBehaviours) return then();
    const script = document.createElement("script");
    script.src = "data/behaviours.js";
    script.onload = then;
    document.head.append(script);
  }
  let lines = null;
  function content(one, show) {
    const all = window.nestbenchBehaviours;
    if (!show) return one.texts;
    if (one.values?.show === show) return one.values.texts;
    lines ??= { rows: new Map(all.rows.map(({ row }, place) => [row, place])), stacks: new Map(all.stacks.map((name, place) => [name, place])) };
    const line = lines.rows.get(one.row.id), counts = all.counts[show];
    const texts = columns.map(({ sum, stack }) => {
      if (sum) return "…";
      if (line === undefined) return nothing;
      const at = lines.stacks.get(stack), behaviour = all.behaviours[all.cells[line][at]];
      return String((counts ? counts[line][at] : behaviour && behaviour.facts[show]) ?? nothing);
    });
    one.values = { show, texts };
    return texts;
  }
  function paint(one, show) {
    if (one.painted === show) return;
    const before = one.texts; // read before anything is written over it
    const texts = show ? content(one, show) : before;
    for (const { at, place } of columns) one.cells[place].textContent = texts[at];
    one.painted = show;
  }

  // --- drawing: what is in view at once, the rest a few rows a frame, so that a page answers at once
  const FIRST = 32, MORE = 60;
  let pending = [], turn = 0, show = "";
  function reveal(most) {
    for (let left = most; pending.length && left > 0;) {
      const one = pending.shift();
      if (one.row.hidden || one.painted !== show) left -= 1;
      paint(one, show);
      one.row.hidden = false;
    }
    table.setAttribute("aria-busy", String(pending.length > 0));
  }
  function revealLater(mine) {
    if (!pending.length) return;
    requestAnimationFrame(() => setTimeout(() => {
      if (mine !== turn) return;
      reveal(MORE);
      revealLater(mine);
    }));
  }
  let order = rows;
  function drawRows(state) {
    const chosen = asked(state), flat = Boolean(keys[state.sort]);
    const { kept, candidates, alike } = chosenRows(state, chosen);
    const keeps = new Set(kept), inOrder = sorted(state, chosen);
    for (const one of rows) if (!keeps.has(one) && !one.row.hidden) one.row.hidden = true;
    if (inOrder.some((one, at) => one !== order[at])) {
      for (const one of rows) one.row.hidden = true; // to move what is hidden costs nothing
      if (flat) bodies[0].append(...inOrder.map((one) => one.row));
      else for (const one of rows) one.body.append(one.row);
      order = inOrder;
    }
    const groups = new Set(kept.map((one) => one.group));
    for (const body of bodies) {
      const shut = state.shut.includes(body.dataset.group);
      body.classList.toggle("shut", shut && !flat);
      body.rows[0].hidden = flat;
      body.rows[0].querySelector("button").setAttribute("aria-expanded", String(!shut));
      body.classList.toggle("none", !flat && !groups.has(body.dataset.group));
    }
    pending = inOrder.filter((one) => keeps.has(one));
    ({ show } = state);
    reveal(FIRST);
    revealLater(++turn);
    const on = chosen.length === stacks.length ? "" : ` on ${chosen.length} stack${chosen.length === 1 ? "" : "s"}`;
    found.textContent = `${kept.length} of ${candidates.length} row${candidates.length === 1 ? "" : "s"}${on}` + (state.all || chosen.length < 2 ? "." : ", in which stacks differ.")
      + (alike ? ` ${alike} more that these filters leave ${alike === 1 ? "says" : "say"} the same everywhere.` : kept.length ? "" : " Nothing is left by these filters.");
  }

  let state = read();
  function draw(then = () => {}) {
    toForm(state);
    drawColumns(state);
    data(state.show, () => { drawRows(state); then(); });
  }
  function change(next, replace) {
    state = next;
    write(state, replace);
    draw(() => dispatchEvent(new Event("matrixchange")));
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    const typing = event.target.name === "q";
    const next = fromForm(state);
    if (event.target.name === "stack") next.open = null;
    change(next, typing && Boolean(state.q));
  });
  form.addEventListener("reset", (event) => { event.preventDefault(); change({ q: "", show: "", sort: "", all: false, build: false, group: [], verdict: [], stack: [], open: null, shut: [] }); });
  const toggled = (list, name) => (list.includes(name) ? list.filter((one) => one !== name) : [...list, name]);
  const toggle = (at) => change({ ...state, open: toggled(opened(state), blocks[at].id) });
  blocks.forEach((one, at) => one.button.addEventListener("click", () => toggle(at)));
  for (const body of bodies)
    body.rows[0].querySelector("button").addEventListener("click", () => change({ ...state, shut: toggled(state.shut, body.dataset.group) }));

  // Until here, the style sheet hid all rows: a table that is laid out as it comes in is laid out many times.
  for (const one of rows) one.row.hidden = true;
  table.classList.add("drawn");
  // For square.js. ``shown``: changes the state so that a row and a column are drawn, and draws them;
  // ``keeps``: whether they are, or will be in a moment.
  window.nestbenchMatrix = {
    table, columns, heads, toggle,
    names: (cell) => { const one = byRow.get(cell.parentElement); return names(one.texts[cell.cellIndex - 1]); },
    again: (then) => { state = read(); draw(then); },
    shown(row, column) {
      const one = byRow.get(row), next = { ...state };
      if (one && !chosenRows(state, asked(state)).kept.includes(one)) {
        Object.assign(next, { q: "", group: [], verdict: [] });
        next.all = next.all || one.same || next.stack.length > 0 || Boolean(next.show);
        next.build = next.build || one.build;
      }
      if (column && next.stack.length && !next.stack.includes(column.stack)) next.stack = [];
      if (column && !opened(next).includes(blocks[column.block].id)) next.open = [...opened(next), blocks[column.block].id];
      if (one) next.shut = next.shut.filter((name) => name !== one.group);
      if (JSON.stringify(next) !== JSON.stringify(state)) { state = next; write(state, true); draw(); }
      if (pending.includes(one)) reveal(Infinity);
    },
    keeps(row, column) {
      const one = byRow.get(row);
      return (!one.row.hidden || pending.includes(one)) && !state.shut.includes(one.group)
        && asked(state).includes(column) && opened(state).includes(blocks[column.block].id);
    },
  };
  draw();
})();
