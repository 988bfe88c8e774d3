"use strict";
// Keys for the review page: press one to press its button. Without this script the buttons do the same.
const form = document.querySelector("form.review");
if (form) {
  const name = form.querySelector("#by");
  if (!name.value) name.focus();
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("input, textarea, select")) return;
    const button = [...form.querySelectorAll("button[data-key]")].find((one) => one.dataset.key === event.key);
    if (!button) return;
    event.preventDefault();
    button.click();
  });
}
