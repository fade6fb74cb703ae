"use strict";
// One square of the matrix: what it means, where its evidence is, its permanent link; the keyboard.
(() => {
  const matrix = window.nestbenchMatrix;
  if (!matrix) return;
  const { table, columns, heads } = matrix;
  const bar = document.getElementById("_cell"), unsaid = [...bar.childNodes];
  let chosen = null;

  function choose(cell, { move = false, keep = false } = {}) {
    if (chosen) { chosen.classList.remove("chosen"); chosen.tabIndex = -1; }
    chosen = cell;
    if (keep) history.replaceState(null, "", location.pathname + location.search + (cell ? `#${cell.id}` : ""));
    bar.classList.toggle("said", Boolean(cell));
    if (!cell) { bar.replaceChildren(...unsaid); return; }
    cell.classList.add("chosen");
    cell.tabIndex = 0;
    if (move) cell.focus({ preventScroll: false });
    const row = cell.parentElement, head = heads[cell.cellIndex - 1], { stack } = columns[cell.cellIndex - 1];
    const label = row.cells[0].textContent.trim().replace(/\s+/g, " ");
    bar.replaceChildren(`${label} on ${stack}: ${matrix.names(cell).join(", ")}. `);
    const link = (text, href) => { const a = document.createElement("a"); a.textContent = text; a.href = href; bar.append(a, " "); };
    const page = row.cells[0].querySelector("a").getAttribute("href").split("#")[0];
    link("Evidence", `${page}#${cell.id.replace(".build@", "@")}`);
    link("Link to this square", `${location.search}#${cell.id}`);
    link(stack, head.querySelector("a").getAttribute("href"));
  }

  const visible = (one) => one && one.tagName === "TD" && one.id && one.offsetParent !== null;
  table.addEventListener("click", (event) => {
    const cell = event.target.closest("td");
    if (!cell) return;
    if (cell.classList.contains("sum")) matrix.toggle(columns[cell.cellIndex - 1].block);
    else choose(cell, { move: true, keep: true });
  });
  table.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td");
    if (!cell) return;
    if (event.key === "Enter") { bar.querySelector("a").click(); return; }
    const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    if (!step) return;
    event.preventDefault();
    let next = null;
    if (step[1]) {
      let at = cell.cellIndex + step[1];
      while (cell.parentElement.cells[at] && !visible(cell.parentElement.cells[at])) at += step[1];
      next = cell.parentElement.cells[at];
    } else {
      const all = [...table.querySelectorAll("tbody tr[id]:not([hidden])")].filter((row) => row.offsetParent !== null);
      next = all[all.indexOf(cell.parentElement) + step[0]]?.cells[cell.cellIndex];
    }
    if (visible(next)) choose(next, { move: true, keep: true });
  });
  // From the scrolling frame, Enter goes into the table at a square.
  table.closest(".scroller").addEventListener("keydown", (event) => {
    if (event.target !== event.currentTarget || event.key !== "Enter") return;
    const first = visible(chosen) ? chosen : [...table.querySelectorAll("tbody td[id]")].find(visible);
    if (first) { event.preventDefault(); choose(first, { move: true, keep: true }); }
  });

  // A permanent link shows its square, row or column, whatever is folded or filtered away.
  function show() {
    const asked = named(), place = document.getElementById(asked);
    if (!place || !table.contains(place)) {
      choose(null);
      if (asked && !place) {
        bar.classList.add("said");
        bar.replaceChildren(`The address asks for “${asked}”: there is no such row, stack or square in these results.`);
      }
      return;
    }
    const row = place.closest("tr[id]"), cell = place.closest("td");
    const column = cell ? columns[cell.cellIndex - 1] : place.id.startsWith("@") ? columns[place.cellIndex] : null;
    matrix.shown(row, column);
    place.scrollIntoView({ block: "center", inline: "center" });
    if (cell && cell.id) choose(cell);
  }
  addEventListener("hashchange", show);
  addEventListener("popstate", () => matrix.again(show));
  // A square that the filters leave out is not the one that the address is about any more.
  addEventListener("matrixchange", () => {
    if (chosen && !matrix.keeps(chosen.parentElement, columns[chosen.cellIndex - 1])) choose(null, { keep: true });
  });
  show();
  // The browser goes to the place of the address by itself when all is loaded, under the head of the table.
  addEventListener("load", () => setTimeout(show));
})();
