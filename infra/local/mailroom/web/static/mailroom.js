// Keeps the parts marked data-live up to date: waits for news, fetches this page again, swaps those parts.
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

async function swap() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const news = fresh.getElementById(part.id);
    if (!news || news.innerHTML === part.innerHTML) continue;
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    part.innerHTML = news.innerHTML;
    if (focused) document.getElementById(focused)?.focus();
  }
}

async function follow(seen) {
  for (;;) {
    try {
      const { changes } = await (await fetch(`/api/changes?after=${seen}`)).json();
      if (String(changes) !== seen) await swap();
      seen = String(changes);
    } catch {
      await pause(2000);
    }
  }
}

if (document.querySelector("[data-live]")) follow(document.body.dataset.changes);
