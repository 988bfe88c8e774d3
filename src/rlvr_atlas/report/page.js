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

// The flow of problems: point at a dataset to see its own lines, or choose a source to see what carries it.
for (const graph of document.querySelectorAll("svg.graph")) {
  const edges = [...graph.querySelectorAll(".edge")], nodes = [...graph.querySelectorAll(".node")];
  const choice = document.querySelector("select[data-flow]");
  const carries = (item) => item.dataset.sources.split(" ").includes(choice.value);
  const mark = (edgeOn, nodeOn) => {
    for (const edge of edges) edge.classList.toggle("on", edgeOn(edge));
    for (const node of nodes) node.classList.toggle("on", nodeOn(node));
    graph.classList.toggle("focused", nodes.some((node) => node.classList.contains("on")));
  };
  const rest = () => choice?.value ? mark(carries, carries) : mark(() => false, () => false);
  const show = (id) => {
    const touches = ({ dataset }) => dataset.child === id || dataset.parent === id;
    const near = new Set([id, ...edges.filter(touches).flatMap(({ dataset }) => [dataset.child, dataset.parent])]);
    mark(touches, (node) => near.has(node.dataset.id));
  };
  for (const node of nodes) {
    for (const name of ["pointerenter", "focus"]) node.addEventListener(name, () => show(node.dataset.id));
    for (const name of ["pointerleave", "blur"]) node.addEventListener(name, rest);
  }
  if (!choice) continue;
  const line = choice.closest(".filter");
  line.hidden = false;
  choice.addEventListener("change", () => {
    rest();
    line.querySelector("output").textContent = choice.value
      ? `${nodes.filter(carries).length} datasets hold it, ${edges.filter(carries).length} lines carry it` : "";
  });
}

// A printed page cannot be unfolded; only what would fill many sheets stays folded.
addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details:not(.long)")) fold.open = true;
});
