"""What the page does beyond showing: tables are sorted by a click, and all details of a section opened. It works without."""

from __future__ import annotations

import base64
import hashlib

SCRIPT = """
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const each of heads) each.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const valueOf = row => row.cells[column].dataset.value ?? "";
      const isNumber = head.classList.contains("number");
      const compare = (a, b) => isNumber ? a - b : a.localeCompare(b);
      const order = (one, other) => {
        const a = valueOf(one), b = valueOf(other);
        if (a === "" || b === "") return (a === "") - (b === "");
        return down ? compare(b, a) : compare(a, b);
      };
      body.append(...[...body.rows].sort(order));
    });
  });
}
for (const place of document.querySelectorAll(".open-all")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "all";
  const label = open => { button.textContent = open ? "Close all" : "Open all"; };
  let open = false;
  label(open);
  button.addEventListener("click", () => {
    open = !open;
    for (const each of place.parentElement.querySelectorAll("details.item")) each.open = open;
    label(open);
  });
  place.append(button);
}
"""
"""Rows without a value stand last, whichever way they are sorted."""


def script_hash() -> str:
    """What the page's policy allows to run: this script and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
