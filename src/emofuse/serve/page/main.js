// Tabs, token, and starting the two halves of the page.

import { setUpFiles, useModels } from "./file.js";
import { setUpLive } from "./live.js";
import { ask, say, setToken } from "./server.js";

const tabs = [...document.querySelectorAll('[role="tab"]')];

function choose(tab) {
  say("");
  for (const each of tabs) {
    const chosen = each === tab;
    each.ariaSelected = chosen;
    each.tabIndex = chosen ? 0 : -1;
    document.getElementById(each.getAttribute("aria-controls")).hidden = !chosen;
  }
}

for (const [i, tab] of tabs.entries()) {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const next = tabs[(i + step + tabs.length) % tabs.length];
    choose(next);
    next.focus();
  });
}

async function begin() {
  const form = document.getElementById("token-form");
  try {
    useModels(await (await ask("/v1/models")).json());
    form.hidden = true;
    say("");
  } catch (error) {
    form.hidden = error.status !== 401;
    say(error.message);
  }
}

document.getElementById("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  setToken(document.getElementById("token").value);
  begin();
});

setUpLive();
setUpFiles();
begin();
