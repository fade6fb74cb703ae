"use strict";
// Runs before the first paint: what needs scripts is shown, what replaces it is not.
document.documentElement.classList.add("js");
// A script that is not there: the page is read as without scripts.
addEventListener("error", (event) => {
  if (event.target instanceof HTMLScriptElement) document.documentElement.classList.remove("js");
}, true);

// What the address names on this page; an address that somebody broke names something that is not there.
function named() {
  const name = location.hash.slice(1);
  try { return decodeURIComponent(name); } catch { return name; }
}

// A link into a closed part opens it.
function reveal() {
  const id = named();
  const place = id && document.getElementById(id);
  if (!place) return;
  let closed = false;
  for (let part = place.closest("details"); part; part = part.parentElement.closest("details")) {
    closed = closed || !part.open;
    part.open = true;
  }
  if (closed) place.scrollIntoView();
}
addEventListener("hashchange", reveal);
addEventListener("DOMContentLoaded", reveal);

// A menu closes on Escape and on a click beside it.
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]"))
    if (!menu.contains(event.target)) menu.open = false;
});

// A button beside a program copies it.
addEventListener("click", async (event) => {
  if (!event.target.matches("button.copy")) return;
  const program = event.target.closest("p").previousElementSibling;
  try { await navigator.clipboard.writeText(program.textContent); event.target.textContent = "Copied"; }
  catch { getSelection().selectAllChildren(program); event.target.textContent = "Selected: copy it with the keyboard"; }
});
