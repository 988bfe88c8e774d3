"use strict";
// Comfort only: everything on the page can be read without this.

// Sortable tables: a button in every header of a table.sortable; data-v holds the value to sort by.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const value = (row, column) => row.cells[column].dataset.v ?? row.cells[column].textContent.trim();
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const falling = head.getAttribute("aria-sort") === "descending" ? false
        : head.getAttribute("aria-sort") === "ascending" ? true : head.classList.contains("n");
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", falling ? "descending" : "ascending");
      const compare = (a, b) => {
        const [x, y] = [value(a, column), value(b, column)];
        if (x === "" || y === "") return (x === "") - (y === "");  // what was not measured stays last
        const order = head.classList.contains("n") ? x - y : x.localeCompare(y);
        return falling ? -order : order;
      };
      body.append(...[...body.rows].sort(compare));
    });
  });
}

// Filter boxes: shown only where they work.
for (const box of document.querySelectorAll("input[data-filters]")) {
  const rows = document.getElementById(box.dataset.filters).tBodies[0].rows;
  const line = box.closest(".filter");
  const count = line.querySelector("output");
  line.hidden = false;
  box.addEventListener("input", () => {
    const words = box.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    count.textContent = box.value ? `${shown} of ${rows.length}` : "";
  });
}

// The lineage graph: point at a dataset to see its own edges.
for (const graph of document.querySelectorAll("svg.graph")) {
  const show = (id) => {
    const near = new Set([id]);
    for (const edge of graph.querySelectorAll(".edge")) {
      const { child, parent } = edge.dataset;
      const on = child === id || parent === id;
      edge.classList.toggle("on", on);
      if (on) near.add(child).add(parent);
    }
    for (const node of graph.querySelectorAll(".node")) node.classList.toggle("on", near.has(node.dataset.id));
    graph.classList.toggle("focused", id !== null);
  };
  for (const node of graph.querySelectorAll(".node")) {
    for (const name of ["pointerenter", "focus"]) node.addEventListener(name, () => show(node.dataset.id));
    for (const name of ["pointerleave", "blur"]) node.addEventListener(name, () => show(null));
  }
}

// A printed page cannot be unfolded; only what would fill many sheets stays folded.
addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details:not(.long)")) fold.open = true;
});
