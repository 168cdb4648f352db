// Keeps the files a reader has opened open while the preview is replaced below them.
"use strict";

function opened(root) {
  const files = root.querySelectorAll("details[data-path]");
  return new Map(Array.from(files, (file) => [file.dataset.path, file.open]));
}

let before = new Map();

document.addEventListener("htmx:beforeSwap", (event) => {
  before = opened(event.detail.target);
});

document.addEventListener("htmx:afterSwap", (event) => {
  for (const file of event.detail.target.querySelectorAll("details[data-path]")) {
    if (before.has(file.dataset.path)) {
      file.open = before.get(file.dataset.path);
    }
  }
});
