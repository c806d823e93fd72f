// Everything here is comfort: without it the pages still show, filter and take answers.
(() => {
  "use strict";
  const POLL_MS = 8000;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const say = (text) => { document.getElementById("live").textContent = text; };
  document.documentElement.classList.add("has-js");

  // --- Moments, in the reader's own zone and words
  const span = (seconds) => {
    const whole = Math.round(Math.abs(seconds));
    const parts = [[Math.floor(whole / 86400), "d"], [Math.floor(whole / 3600) % 24, "h"],
      [Math.floor(whole / 60) % 60, "min"], [whole % 60, "s"]];
    const first = Math.max(0, parts.findIndex(([n]) => n));
    const shown = parts.slice(first, first + 2).filter(([n, unit]) => n && !(unit === "s" && (first < 2 || whole >= 300)));
    return shown.map(([n, unit]) => `${n} ${unit}`).join(" ") || "0 s";
  };
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const ago = (seconds) => {
    for (const [size, unit] of [[86400, "day"], [3600, "hour"], [60, "minute"]]) {
      if (Math.abs(seconds) >= size) return relative.format(-Math.round(seconds / size), unit);
    }
    return "just now";
  };
  const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
  const zoned = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });
  const tell = () => {
    for (const time of all("time[datetime]")) {
      const at = new Date(time.dateTime), passed = (Date.now() - at) / 1000;
      time.title = zoned.format(at);
      let text = full.format(at);
      if ("since" in time.dataset) text = span(passed);
      else if ("until" in time.dataset) text = passed < 0 ? span(passed) : "0 s";
      else if ("relative" in time.dataset && passed < 30 * 86400) text = ago(passed);
      if (time.textContent !== text) time.textContent = text;
    }
  };

  // --- Parts of a page that renew themselves
  const load = async (url, headers = {}) => {
    const answer = await fetch(url, { headers, credentials: "same-origin", redirect: "error" });
    if (answer.status === 401) location.reload();
    // 422: a filter that cannot be read; the page says what is wrong with it.
    if (answer.status !== 200 && answer.status !== 422) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };
  const replace = (fresh, ids) => {
    for (const id of ids) {
      const here = document.getElementById(id), there = fresh.getElementById(id);
      if (here && there) here.replaceWith(document.adoptNode(there));
    }
    ready();
  };
  const keepFocus = (change) => {
    const href = document.activeElement?.getAttribute("href");
    change();
    if (href) all("a[href]").find((a) => a.getAttribute("href") === href)?.focus();
  };
  const poll = async () => {
    const part = document.querySelector("[data-poll]");
    if (!part || document.hidden) return;
    try {
      const fresh = await load(part.dataset.url || location.href, { "x-nodback-seen": part.dataset.seen });
      if (!fresh || !document.contains(part)) return;
      const typed = part.querySelector("textarea")?.value.trim();
      const stillOpen = fresh.getElementById("answer");
      if (typed && stillOpen) return;
      keepFocus(() => replace(fresh, [part.id, ...(part.dataset.also || "").split(" ").filter(Boolean)]));
      if (typed) {
        const kept = document.createElement("blockquote");
        kept.className = "pre";
        kept.textContent = typed;
        const note = document.createElement("p");
        note.textContent = "Somebody was faster. What you wrote was not sent:";
        document.getElementById(part.id).append(note, kept);
      }
      say(part.dataset.says || "The page has news.");
    } catch { /* the next round tries again */ }
  };

  // --- Filters that apply as they change
  const filter = async (form) => {
    const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    const url = `${form.getAttribute("action")}${[...query].length ? `?${query}` : ""}`;
    try {
      const fresh = await load(url);
      if (!fresh) return;
      history.replaceState(null, "", url);
      replace(fresh, form.dataset.filter.split(" "));
      if (!document.querySelector("[role=alert]")) say("The list was filtered.");
    } catch { form.submit(); }
  };

  // --- Keys; whoever does not want them turns them off in the list of them
  const wanted = () => localStorage.getItem("nodback-shortcuts") !== "off";
  const rows = () => all(".rows .row > a, .pager a");
  const step = (by) => {
    const list = rows();
    if (!list.length) return;
    const at = list.indexOf(document.activeElement);
    list[Math.min(list.length - 1, Math.max(0, at + by))].focus();
  };
  const help = () => { const box = document.getElementById("help"); if (box && !box.open) box.showModal(); };
  document.addEventListener("keydown", (event) => {
    if (!wanted() || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) {
      if (event.key === "Escape" && event.target.matches("textarea")) event.target.blur();
      return;
    }
    const options = all("[data-option]");
    if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "c") document.getElementById("feedback")?.focus();
    else if (event.key === "i") location.assign(document.querySelector(".brand").href);
    else if (event.key === "?") help();
    else if (/^[1-9]$/.test(event.key) && options[event.key - 1]) options[event.key - 1].focus();
    else return;
    event.preventDefault();
  });

  document.addEventListener("click", async (event) => {
    if (event.target.closest("[data-help]")) help();
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      await navigator.clipboard.writeText(document.querySelector(copy.dataset.copy).textContent);
      copy.textContent = "Copied";
      say("Copied.");
    }
    const menu = document.querySelector("details.me[open]");
    if (menu && !menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-shortcuts]")) localStorage.setItem("nodback-shortcuts", event.target.checked ? "on" : "off");
    const form = event.target.closest("form[data-filter]");
    if (form) filter(form);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-filter]")) { event.preventDefault(); filter(form); return; }
    if (form.dataset.confirm && !confirm(form.dataset.confirm)) { event.preventDefault(); return; }
    // After the browser has read which button was pressed.
    setTimeout(() => all("button", form).forEach((button) => { button.disabled = true; }));
  });
  // A page from the browser's memory has its buttons back.
  addEventListener("pageshow", (event) => { if (event.persisted) all("button[disabled]").forEach((b) => { b.disabled = false; }); });

  function ready() {
    tell();
    // What scrolls by itself must be reachable by keyboard.
    for (const part of all(".scroll, .diff")) if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
    const box = document.querySelector("[data-shortcuts]");
    if (box) box.checked = wanted();
  }
  ready();
  document.querySelector("[data-focus]")?.focus();
  setInterval(tell, 15000);
  setInterval(poll, POLL_MS);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });
})();
