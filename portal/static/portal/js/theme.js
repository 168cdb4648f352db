// Light, dark or as the system says, without a round trip. Without JavaScript the same buttons
// send a form, and the server sets the same cookie.
"use strict";

const YEAR = 365 * 24 * 60 * 60;

function choose(theme) {
  const attributes = `; path=/; max-age=${YEAR}; samesite=lax`;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `theme=${theme}${attributes}${secure}`;
  if (theme === "system") {
    delete document.documentElement.dataset.theme;
  } else {
    document.documentElement.dataset.theme = theme;
  }
  for (const button of document.querySelectorAll("form.theme button")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
}

document.addEventListener("submit", (event) => {
  if (event.target.matches("form.theme") && event.submitter) {
    event.preventDefault();
    choose(event.submitter.value);
  }
});
