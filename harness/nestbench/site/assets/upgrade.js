"use strict";
// What changes from one stack to another, ranked as `nestbench compare` ranks it.
(() => {
  const all = window.nestbenchBehaviours, form = document.getElementById("pair");
  if (!form || !all) return;
  const said = document.getElementById("said"), shown = document.getElementById("shown"), place = document.getElementById("changes"), note = document.getElementById("markdown");
  const rank = new Map(all.verdicts.map((name, at) => [name, at]));
  const quiet = rank.get("tracked");
  const WORSE = 0, OTHER = 1, BETTER = 2, NONE = 3;
  const titles = { [WORSE]: "Gets worse", [OTHER]: "Other trouble", [BETTER]: "Gets better", [NONE]: "Behaves the same" };
  const silent = new Set(["uncounted", "untrained", "overtrained", "unsaved"]);

  const unstable = new Set(all.unstable.map((pair) => pair.join()));
  // What a stack says of a row, and whether a second try said something else there.
  const told = (one, side) => one[side].words + (unstable.has(`${one.at},${one.places[side]}`) ? " (unstable)" : "");
  function factor(before, after) {
    if (!before || !after) return before === after ? 1 : Infinity;
    return Math.max(before / after, after / before);
  }
  function differences(before, after) {
    const names = [...new Set([...Object.keys(before.facts), ...Object.keys(after.facts)])];
    const without = (name) => (name.endsWith(" raises") ? "nothing" : "not known");
    return names.filter((name) => before.facts[name] !== after.facts[name])
      .map((name) => `${name}: ${before.facts[name] ?? without(name)} → ${after.facts[name] ?? without(name)}`);
  }
  // What is left of files that fare worse, of which both know it: 0 is nothing, 1 a part, 2 an error, 3 all.
  const falls = (before, after) => Object.entries(before.back).filter(([name, much]) => (after.back[name] ?? much) < much).map(([name]) => after.back[name]);
  function compared(from, to) {
    const old = all.stacks.indexOf(from), now = all.stacks.indexOf(to);
    const found = all.rows.map((row, at) => {
      const before = all.behaviours[all.cells[at][old]], after = all.behaviours[all.cells[at][now]];
      const one = { row, at, places: { before: old, after: now }, before, after, way: NONE, gravity: quiet, ratio: 1, counts: [] };
      const missing = { "not measured": [!before && from, !after && to] };
      for (const name of all.untold) missing[name] = [before?.call[0] === name && from, after?.call[0] === name && to];
      one.why = Object.entries(missing).filter(([, names]) => names.some(Boolean))
        .map(([what, names]) => `${what} on ${names.filter(Boolean).join(" and ")}`).join("; ");
      if (one.why) return one;
      for (const [name, lines] of Object.entries(all.counts)) {
        const pair = [lines[at][old], lines[at][now]];
        if (pair[0] === null || pair[1] === null) continue;
        one.counts.push({ name, pair });
        one.ratio = Math.max(one.ratio, factor(...pair));
      }
      const grave = [rank.get(before.call[0]), rank.get(after.call[0])];
      const findings = before.call.join() !== after.call.join() || before.build.join() !== after.build.join();
      const fallen = falls(before, after);
      one.lost = fallen.some((much) => much < 2);
      one.byErrorsAlone = grave[1] === grave[0] && fallen.length > 0 && !one.lost;
      if (findings || fallen.length || falls(after, before).length) {
        if (grave[1] !== grave[0]) one.way = grave[1] < grave[0] ? WORSE : BETTER;
        else one.way = fallen.length ? WORSE : findings ? OTHER : BETTER;
        one.gravity = Math.min(...grave, fallen.length ? rank.get(one.lost ? "unsaved" : "raises") : Infinity);
      }
      return one;
    });
    const label = (a, b) => (a.row.label < b.row.label ? -1 : a.row.label > b.row.label ? 1 : 0);
    return found.sort((a, b) => a.way - b.way || a.gravity - b.gravity || (a.ratio === b.ratio ? 0 : b.ratio - a.ratio) || label(a, b));
  }

  function make(tag, text, parent, attributes = {}) {
    const element = document.createElement(tag);
    if (text) element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (parent) parent.append(element);
    return element;
  }
  const counted = (one) => one.counts.filter(({ pair }) => pair[0] !== pair[1])
    .map(({ name, pair }) => `${name} ${pair[0]} → ${pair[1]}${pair[0] ? ` (×${(pair[1] / pair[0]).toFixed(2)})` : ""}`).join("; ");
  const file = (id) => `cases/${encodeURIComponent(id)}.html`;

  // What is drawn: rows with what they say, the tables they are in, and the pair's headline.
  let drawn = [], tables = [], headline = null;
  function table(rows, title, from, to) {
    const section = make("section", "", place), heading = make("h2", "", section);
    const mine = { section, heading, title, all: rows.length };
    tables.push(mine);
    const frame = make("div", "", section, { class: "wide", tabindex: "0", role: "region", "aria-label": title });
    const head = make("tr", "", make("thead", "", make("table", "", frame, { class: "data" })));
    for (const text of ["case", `on ${from}`, `on ${to}`, "what differs", "exact counts"]) make("th", text, head, { scope: "col" });
    const body = make("tbody", "", frame.firstChild);
    for (const one of rows) {
      const line = make("tr", "", body);
      drawn.push({ one, line, mine, words: one.row.label.toLowerCase() });
      make("a", one.row.label, make("th", "", line, { scope: "row" }), { href: `${file(one.row.case)}#${one.row.row}` });
      for (const side of ["before", "after"])
        make("td", one[side] ? told(one, side) : one.why, line, one[side] && silent.has(one[side].call[0]) ? { class: "l" } : {});
      const differing = make("td", "", line);
      if (one.before && one.after && one.way !== NONE) {
        const list = make("ul", "", differing);
        for (const text of differences(one.before, one.after)) make("li", text, list);
      }
      make("td", counted(one), line);
    }
  }

  // What becomes of files that were saved on the one and are loaded on the other, as far as they were exchanged.
  const files = document.getElementById("files"), exchange = window.nestbenchExchange;
  function exchanged(from, to) {
    files.replaceChildren();
    if (from === to || !exchange) return;
    make("h2", `Files saved on ${from}, loaded on ${to}`, files);
    const page = (text, anchor, parent) => make("a", text, parent, { href: `portability.html${anchor && `#${encodeURIComponent(anchor)}`}` });
    const lines = exchange.pairs[from]?.[to];
    if (lines) {
      const list = make("ul", "", files);
      for (const [title, words, silent, anchor] of lines) {
        const line = make("li", `${title}, ${exchange.words[words]}`, list);
        silent.forEach((at, place) => {
          line.append(place ? ", " : ". Silently different: ");
          page(...exchange.cases[at], line);
        });
        line.append(". ");
        if (anchor) page("Which do not come back equal", anchor, line);
      }
      page("What a file is, and every other pair", "", make("p", "A file that is silently different loads without an error, and gives another output; of a TF checkpoint, which is that of tf.train.Checkpoint(model), TensorFlow writes a warning to its log. ", files));
      return;
    }
    const order = (one) => all.stacks.indexOf(one), up = order(from) < order(to), [savers, loaders] = exchange.near;
    const near = (savers[from] ?? []).flatMap((old) => (loaders[to] ?? []).map((now) => [old, now]))
      .filter(([old, now]) => old !== now && exchange.pairs[old]?.[now] && order(old) < order(now) === up);
    const said = make("p", "This pair was not exchanged. ", files);
    near.forEach(([old, now], place) => {
      said.append(place ? "; " : "The nearest that were: ");
      make("a", `saved on ${old}, loaded on ${now}`, said, { href: `upgrade.html?${new URLSearchParams({ from: old, to: now })}` });
    });
    said.append(near.length ? ". " : "");
    page("All that were exchanged", "", said);
  }

  const bars = (text) => text.replace(/([\\`*_<>|[\]])/g, "\\$1").replace(/\s+/g, " ");
  function markdown(found, { from, to, sentence, filters }) {
    const lines = [`## From ${from} to ${to}: nested layers`, "", sentence, ""];
    if (filters) lines.push(bars(filters), "");
    const kinds = exchange?.pairs[from]?.[to];
    if (kinds) {
      lines.push(`### Files saved on ${from}, loaded on ${to}`, "");
      for (const [title, words, silent] of kinds)
        lines.push(`- ${title}, ${exchange.words[words]}` + (silent.length ? `; silently different: ${silent.map((at) => bars(exchange.cases[at][0])).join(", ")}` : ""));
      lines.push("");
    }
    for (const way of [WORSE, OTHER, BETTER]) {
      const rows = found.filter((one) => one.way === way);
      if (!rows.length) continue;
      lines.push(`### ${titles[way]}`, "");
      for (const one of rows) {
        const why = one.after.evidence[0] ? `: ${bars(one.after.evidence[0])}` : "";
        lines.push(`- **${bars(one.row.label)}**: ${bars(told(one, "before"))} → ${bars(told(one, "after"))}${why}`);
      }
      lines.push("");
    }
    return lines.join("\n");
  }

  // --- filters: they hide rows that are drawn, and draw none
  const lost = (one) => one.way === WORSE && !one.byErrorsAlone && (silent.has(one.after.call[0]) || one.lost);
  // Rows that come back are laid out again: the first at once, the rest some a frame, so that a filter answers at once.
  const FIRST = 40, MORE = 40;
  let coming = [], turn = 0;
  function reveal(most, mine) {
    for (const line of coming.splice(0, most)) line.hidden = false;
    place.setAttribute("aria-busy", String(coming.length > 0));
    if (coming.length) requestAnimationFrame(() => setTimeout(() => { if (mine === turn) reveal(MORE, mine); }));
  }
  function filter() {
    const { q, group, lost: only } = form.elements, tokens = q.value.toLowerCase().split(/\s+/).filter(Boolean);
    coming = [];
    const kept = [], left = new Map(tables.map((one) => [one, 0]));
    for (const { one, line, mine, words } of drawn) {
      const keeps = tokens.every((token) => words.includes(token))
        && (!group.value || all.groups[one.row.group] === group.value) && (!only.checked || lost(one));
      if (!keeps) {
        line.hidden = true;
        continue;
      }
      if (line.hidden) coming.push(line);
      kept.push(one);
      left.set(mine, left.get(mine) + 1);
    }
    reveal(FIRST, ++turn);
    for (const [{ section, heading, title, all: of }, count] of left) {
      section.hidden = !count;
      heading.textContent = count === of ? `${title} (${of})` : `${title} (${count} of ${of})`;
    }
    const asked = [
      tokens.length && `with “${q.value.trim()}” in the name`, group.value && `of the group ${group.value}`, only.checked && "that lose something without a word",
    ].filter(Boolean).join(", ");
    shown.textContent = asked && drawn.length ? `${kept.length} of ${drawn.length} shown.${kept.length ? "" : " Nothing is left by these filters."}` : "";
    if (!headline) return;
    const changed = (rows) => rows.filter((one) => one.way !== NONE), noted = changed(kept);
    const filters = asked && `Filtered: ${noted.length} of ${changed(drawn.map(({ one }) => one)).length} changes are listed, those ${asked}.`;
    note.value = markdown(noted, { ...headline, filters });
  }

  function draw() {
    [drawn, tables, headline] = [[], [], null];
    const from = form.elements.from.value, to = form.elements.to.value, every = form.elements.all.checked;
    place.replaceChildren();
    exchanged(from, to);
    note.value = "";
    document.title = `From ${from} to ${to} · nestbench`;
    if (from === to) {
      said.textContent = "A stack is not compared with itself: choose two.";
      filter();
      return;
    }
    const found = compared(from, to);
    const both = found.filter((one) => !one.why);
    const times = (way) => both.filter((one) => one.way === way).length;
    const worse = both.filter((one) => one.way === WORSE && !one.byErrorsAlone);
    const silently = worse.filter((one) => silent.has(one.after.call[0])).length;
    const fallen = worse.filter((one) => one.lost && !silent.has(one.after.call[0])).length;
    const parts = [silently && `something is lost without a word in ${silently}`, fallen && `in a model file or a TF checkpoint alone in ${fallen} more`].filter(Boolean);
    const unknown = found.length - both.length;
    const sentence = `${both.length} case variant${both.length === 1 ? "" : "s"} on both: ${times(WORSE)} worse, ${times(BETTER)} better, ${times(OTHER)} other trouble, ${times(NONE)} the same` + (unknown ? `; ${unknown} not compared.` : ".");
    said.textContent = `From ${from} to ${to}. ${sentence}` + (parts.length ? ` Of what gets worse, ${parts.join(", and ")}.` : "");
    for (const way of [WORSE, OTHER, BETTER]) {
      const rows = found.filter((one) => one.way === way);
      if (rows.length) table(rows, titles[way], from, to);
    }
    const costs = found.filter((one) => one.way === NONE && !one.why && one.ratio >= 1.1);
    if (costs.length && !every) table(costs, "Behaves the same, at another cost", from, to);
    if (every) table(both.filter((one) => one.way === NONE), titles[NONE], from, to);
    if (every && unknown) table(found.filter((one) => one.why), "Not compared", from, to);
    headline = { from, to, sentence };
    filter();
  }

  const has = (name) => all.stacks.includes(name);
  function read() {
    const asked = new URLSearchParams(location.search);
    for (const name of ["from", "to"]) {
      const value = asked.get(name);
      if (value && has(value)) form.elements[name].value = value;
      else form.elements[name].value = [...form.elements[name].options].find((one) => one.defaultSelected)?.value ?? all.stacks[0];
    }
    for (const name of ["all", "lost"]) form.elements[name].checked = asked.get(name) === "1";
    form.elements.q.value = asked.get("q") ?? "";
    form.elements.group.value = all.groups.includes(asked.get("group")) ? asked.get("group") : "";
    draw();
    const unknown = ["from", "to"].map((name) => asked.get(name)).filter((value) => value && !has(value)).map((value) => `no stack ${value}`);
    if (asked.get("group") && !form.elements.group.value) unknown.push(`no group ${asked.get("group")}`);
    const told = form.elements.from.value === form.elements.to.value ? "Choose two that are there." : said.textContent;
    if (unknown.length) said.textContent = `There is ${unknown.join(", ")} in these results. ${told}`;
  }
  function write({ replace = false, filters = false } = {}) {
    const { elements } = form, asked = new URLSearchParams({ from: elements.from.value, to: elements.to.value });
    for (const name of ["all", "lost"]) if (elements[name].checked) asked.set(name, "1");
    for (const name of ["q", "group"]) if (elements[name].value.trim()) asked.set(name, elements[name].value.trim());
    const address = `${location.pathname}?${asked}`;
    if (address !== location.pathname + location.search) history[replace ? "replaceState" : "pushState"](null, "", address);
    (filters ? filter : draw)();
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", ({ target }) => {
    const typing = target.name === "q"; // a word is one step back, not each of its letters
    write({ replace: typing && new URLSearchParams(location.search).has("q"), filters: ["q", "group", "lost"].includes(target.name) });
  });
  document.getElementById("clear").addEventListener("click", () => {
    form.elements.q.value = "";
    form.elements.group.value = "";
    form.elements.lost.checked = false;
    write({ filters: true });
  });
  document.getElementById("swap").addEventListener("click", () => {
    const { from, to } = form.elements;
    [from.value, to.value] = [to.value, from.value];
    write();
  });
  document.getElementById("copy").addEventListener("click", async (event) => {
    note.select();
    try { await navigator.clipboard.writeText(note.value); } catch { document.execCommand("copy"); }
    event.target.textContent = "Copied";
    setTimeout(() => { event.target.textContent = "Copy"; }, 2000);
  });
  addEventListener("popstate", read);
  read();
})();
