"use strict";
// The matrix: filters, search, sort and folding. All of its state is in the address.
(() => {
  const table = document.getElementById("_matrix");
  if (!table) return;
  const form = document.getElementById("_controls");
  const found = document.getElementById("_found");
  const bar = document.getElementById("_cell");
  const bodies = [...table.tBodies];
  const rows = bodies.flatMap((body) => [...body.rows].filter((row) => row.id));
  rows.forEach((row, place) => { row.place = place; row.body = row.parentElement; });
  // Columns as they stand in a row: a block's sum, then its stacks.
  const blocks = [...table.querySelectorAll("th.block")].map((head) => ({ id: head.dataset.block, head, button: head.querySelector("button") }));
  const heads = [...table.querySelector("tr.stacks").cells];
  const columns = [];
  let block = -1;
  heads.forEach((head, place) => {
    if (head.classList.contains("sum")) block += 1;
    columns.push({ place: place + 1, block, sum: head.classList.contains("sum"), stack: head.id.slice(1) });
  });
  const style = document.head.appendChild(document.createElement("style"));
  const letters = { C: "uncounted", T: "untrained", F: "overtrained", S: "unsaved" };
  const words = { ok: "tracked", err: "raises", dies: "crashed", hangs: "timed-out", "+": "overcounted", "case?": "case-wrong", "n/m": "unavailable", "n/a": "not-applicable" };
  const lists = ["group", "verdict", "stack"];

  // What a square says, as names of verdicts.
  function verdicts(text) {
    const names = [];
    for (const token of text.replace(/[*≈]/g, "").split(" ")) {
      if (words[token]) names.push(words[token]);
      else if (/^[CTFS]+$/.test(token)) for (const letter of token) names.push(letters[letter]);
      else if (token === "·") names.push("not measured");
    }
    return names;
  }
  const said = (cell) => verdicts(cell.verdict ?? cell.textContent);

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
  const opened = (state) => state.open ?? (state.stack.length ? blocks.filter((_, at) => columns.some((one) => one.block === at && state.stack.includes(one.stack))).map((one) => one.id) : blocks.slice(0, 1).map((one) => one.id));

  function toForm(state) {
    for (const name of ["q", "show", "sort"]) form.elements[name].value = state[name];
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

  // --- drawing
  function drawColumns(state) {
    const open = opened(state);
    const rules = [];
    blocks.forEach((one, at) => {
      const members = columns.filter((column) => column.block === at);
      const chosen = members.filter((column) => !column.sum && (!state.stack.length || state.stack.includes(column.stack)));
      const isOpen = open.includes(one.id);
      const shown = !chosen.length ? [] : isOpen ? chosen : members.filter((column) => column.sum);
      one.button.setAttribute("aria-expanded", String(isOpen));
      one.head.hidden = !shown.length;
      one.head.colSpan = shown.length || 1;
      one.head.classList.toggle("closed", !isOpen || shown.length < 3);
      for (const column of members) {
        const visible = shown.includes(column);
        if (visible !== !column.sum) rules.push([column.place, visible]);
      }
    });
    style.textContent = rules.map(([place, visible]) =>
      `#_matrix tr.stacks th:nth-child(${place}),#_matrix td:nth-child(${place + 1}){display:${visible ? "table-cell" : "none"}}`).join("");
    const width = 1 + blocks.reduce((sum, one) => sum + (one.head.hidden ? 0 : one.head.colSpan), 0);
    for (const body of bodies) body.rows[0].cells[0].colSpan = width;
  }

  function chosenPlaces(state) {
    return columns.filter((one) => !one.sum && (!state.stack.length || state.stack.includes(one.stack))).map((one) => one.place);
  }
  function differs(row, state, places) {
    if (!state.stack.length && !state.show) return !row.classList.contains("same");
    const texts = new Set();
    for (const place of places) {
      const text = row.cells[place].textContent.replace(/[*≈]/g, "");
      if (text !== "·") texts.add(text);
    }
    return texts.size > 1;
  }
  function drawRows(state) {
    const places = chosenPlaces(state);
    const tokens = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0, candidates = 0;
    for (const row of rows) {
      let keep = state.build || !row.classList.contains("build");
      if (keep) candidates += 1;
      keep = keep && (!state.group.length || state.group.includes(row.body.dataset.group));
      keep = keep && tokens.every((token) => row.dataset.words.includes(token));
      keep = keep && (state.all || differs(row, state, places));
      if (keep && state.verdict.length)
        keep = places.some((place) => said(row.cells[place]).some((name) => state.verdict.includes(name)));
      if (row.hidden === keep) row.hidden = !keep;
      if (keep) shown += 1;
    }
    table.classList.add("all"); // from here on, hidden alone decides
    const flat = Boolean(state.sort);
    for (const body of bodies) {
      const shut = state.shut.includes(body.dataset.group);
      body.classList.toggle("shut", shut && !flat);
      body.rows[0].hidden = flat;
      body.rows[0].querySelector("button").setAttribute("aria-expanded", String(!shut));
      body.classList.toggle("none", !flat && ![...body.rows].some((row) => row.id && !row.hidden));
    }
    const stacks = places.length === columns.filter((one) => !one.sum).length ? "" : ` on ${places.length} stacks`;
    found.textContent = `${shown} of ${candidates} rows${stacks}` + (state.all ? "." : ", in which stacks differ.") + (shown ? "" : " Nothing is left by these filters.");
  }

  let order = "";
  function drawOrder(state) {
    const key = state.sort ? `${state.sort} ${state.stack}` : "";
    if (key === order) return;
    order = key;
    const places = chosenPlaces(state);
    const rank = ["w", "l", "r", "o", "u", "n", "t", "m"];
    const grave = (row) => Math.min(...places.map((place) => rank.indexOf(row.cells[place].classList[0])));
    const many = (row, kind) => places.filter((place) => rank.indexOf(row.cells[place].classList[0]) === kind).length;
    const changes = (row) => {
      let count = 0, last = null;
      for (const place of places) {
        const text = row.cells[place].verdict ?? row.cells[place].textContent;
        if (text === "·") continue;
        if (last !== null && text !== last) count += 1;
        last = text;
      }
      return count;
    };
    let sorted = rows;
    if (state.sort === "name") sorted = [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));
    if (state.sort === "grave") {
      const keys = new Map(rows.map((row) => [row, [grave(row), -many(row, grave(row))]]));
      sorted = [...rows].sort((a, b) => keys.get(a)[0] - keys.get(b)[0] || keys.get(a)[1] - keys.get(b)[1] || a.place - b.place);
    }
    if (state.sort === "changes") {
      const keys = new Map(rows.map((row) => [row, changes(row)]));
      sorted = [...rows].sort((a, b) => keys.get(b) - keys.get(a) || a.place - b.place);
    }
    if (state.sort) bodies[0].append(...sorted);
    else for (const row of rows) row.body.append(row);
  }

  // --- signals instead of verdicts: the data is fetched when it is first asked for
  let drawn = "";
  function data(then) {
    if (window.nestbenchBehaviours) return then(window.nestbenchBehaviours);
    const script = document.createElement("script");
    script.src = "data/behaviours.js";
    script.onload = () => then(window.nestbenchBehaviours);
    document.head.append(script);
  }
  function drawValues(state, then) {
    if (state.show === drawn) return then();
    if (!state.show) {
      for (const row of rows) for (const column of columns) {
        const cell = row.cells[column.place];
        if (cell.verdict !== undefined) cell.textContent = cell.verdict;
        delete cell.verdict;
      }
      drawn = "";
      return then();
    }
    data((all) => {
      const at = new Map(all.rows.map((one, place) => [one.row, place]));
      const counts = all.counts[state.show];
      const places = new Map(all.stacks.map((name, place) => [name, place]));
      for (const row of rows) {
        const line = at.get(row.id);
        for (const column of columns) {
          const cell = row.cells[column.place];
          cell.verdict ??= cell.textContent;
          let value;
          if (line !== undefined && !column.sum) {
            const stack = places.get(column.stack);
            const behaviour = all.behaviours[all.cells[line][stack]];
            value = counts ? counts[line][stack] : behaviour && behaviour.facts[state.show];
          }
          cell.textContent = value ?? (column.sum ? "…" : "·");
        }
      }
      drawn = state.show;
      then();
    });
  }

  let state = read();
  function draw() {
    toForm(state);
    drawColumns(state);
    drawValues(state, () => { drawOrder(state); drawRows(state); });
  }
  function change(next, replace) { state = next; write(state, replace); draw(); }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    const typing = event.target.name === "q";
    const next = fromForm(state);
    if (event.target.name === "stack") next.open = null;
    change(next, typing && Boolean(state.q));
  });
  form.addEventListener("reset", (event) => { event.preventDefault(); change({ q: "", show: "", sort: "", all: false, build: false, group: [], verdict: [], stack: [], open: null, shut: [] }); });
  addEventListener("popstate", () => { state = read(); draw(); show(); });
  const toggled = (names, name) => (names.includes(name) ? names.filter((one) => one !== name) : [...names, name]);
  blocks.forEach((one) => one.button.addEventListener("click", () => change({ ...state, open: toggled(opened(state), one.id) })));
  for (const body of bodies)
    body.rows[0].querySelector("button").addEventListener("click", () => change({ ...state, shut: toggled(state.shut, body.dataset.group) }));

  // --- one square: what it means, where the evidence is, a link to it
  let chosen = null;
  function choose(cell, move) {
    if (chosen) { chosen.classList.remove("chosen"); chosen.tabIndex = -1; }
    chosen = cell;
    if (!cell) return;
    cell.classList.add("chosen");
    cell.tabIndex = 0;
    if (move) cell.focus({ preventScroll: false });
    const row = cell.parentElement, stack = columns[cell.cellIndex - 1].stack;
    const names = said(cell);
    bar.classList.add("said");
    bar.replaceChildren();
    const label = row.cells[0].textContent.trim().replace(/\s+/g, " ");
    bar.append(`${label} on ${stack}: ${names.join(", ")}. `);
    const link = (text, href) => { const a = document.createElement("a"); a.textContent = text; a.href = href; bar.append(a, " "); };
    const page = row.cells[0].querySelector("a").getAttribute("href").split("#")[0];
    link("Evidence", `${page}#${cell.id.replace(".build@", "@")}`);
    link("Link to this square", `${location.search}#${cell.id}`);
    link(stack, `stacks/${heads[cell.cellIndex - 1].querySelector("a").getAttribute("href").split("/").pop()}`);
  }
  table.addEventListener("click", (event) => {
    const cell = event.target.closest("td");
    if (!cell) return;
    if (cell.classList.contains("sum")) return change({ ...state, open: toggled(opened(state), blocks[columns[cell.cellIndex - 1].block].id) });
    choose(cell, true);
  });
  table.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td");
    if (!cell) return;
    if (event.key === "Enter") { bar.querySelector("a").click(); return; }
    const steps = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    if (!steps) return;
    event.preventDefault();
    const visible = (one) => one && one.tagName === "TD" && one.id && one.offsetParent !== null;
    if (steps[1]) {
      let at = cell.cellIndex + steps[1];
      while (cell.parentElement.cells[at] && !visible(cell.parentElement.cells[at])) at += steps[1];
      if (visible(cell.parentElement.cells[at])) choose(cell.parentElement.cells[at], true);
    } else {
      const all = [...table.querySelectorAll("tbody tr[id]")].filter((row) => row.offsetParent !== null);
      const next = all[all.indexOf(cell.parentElement) + steps[0]];
      if (next) choose(next.cells[cell.cellIndex], true);
    }
  });
  // From the scrolling frame, the first arrow key enters the table at a square.
  table.closest(".scroller").addEventListener("keydown", (event) => {
    if (event.target !== event.currentTarget || event.key !== "Enter") return;
    const first = [...table.querySelectorAll("tbody td[id]")].find((one) => one.offsetParent !== null);
    if (first) { event.preventDefault(); choose(chosen && chosen.offsetParent ? chosen : first, true); }
  });

  // A permanent link shows its square, row or column, whatever is folded or filtered away.
  function show() {
    const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!place || !table.contains(place)) return;
    const row = place.closest("tr"), cell = place.closest("td");
    const next = { ...state };
    if (row.id && row.hidden) { next.q = ""; next.group = []; next.verdict = []; next.all = next.all || row.classList.contains("same") || next.stack.length > 0; next.build = next.build || row.classList.contains("build"); }
    const column = cell ? columns[cell.cellIndex - 1] : place.id.startsWith("@") ? columns[place.cellIndex] : null;
    if (column && place.offsetParent === null) {
      if (next.stack.length && !next.stack.includes(column.stack)) next.stack = [];
      const id = blocks[column.block].id;
      if (!opened(next).includes(id)) next.open = [...opened(next), id];
    }
    if (row.body && next.shut.includes(row.body.dataset.group)) next.shut = next.shut.filter((name) => name !== row.body.dataset.group);
    if (JSON.stringify(next) !== JSON.stringify(state)) { state = next; write(state, true); draw(); }
    place.scrollIntoView({ block: "center", inline: "center" });
    if (cell && cell.id) choose(cell, false);
  }
  addEventListener("hashchange", show);
  draw();
  show();
  // The browser goes to the place of the address by itself when all is loaded, under the head of the table.
  addEventListener("load", () => setTimeout(show));
})();
