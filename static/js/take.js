// A count that runs: a scan is sent without leaving the page, one after the other, and what others scan beside us shows by itself.
(() => {
  "use strict";
  document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
  const root = document.querySelector("[data-take]");
  if (!root) return;
  const form = root.querySelector("[data-scan-form]");
  const kitForm = root.querySelector("[data-take-kit]");
  const live = root.querySelector("[data-take-live]");
  const said = root.querySelector("[data-take-said]");
  const LOOK_MS = 5000;
  let line = Promise.resolve(); // a hand scanner is faster than a network
  let sent = 0;

  function tell(text, tone) {
    said.textContent = text;
    said.dataset.tone = tone;
  }

  function offer(kit) {
    kitForm.hidden = !kit;
    kitForm.elements.code.value = kit;
    kitForm.querySelector("[data-take-kit-tag]").textContent = kit;
  }

  async function send(body) {
    const answer = await fetch(location.pathname, { method: "POST", body, headers: { Accept: "application/json" }, credentials: "same-origin" });
    const found = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : null;
    if (!found) return tell("You are signed out, or the server did not answer. Load the page again.", "bad");
    if (found.error) return tell(found.error.message, "bad");
    live.innerHTML = found.html;
    if (found.found) document.querySelector("[data-take-forget]")?.remove(); // a count with scans is ended, not forgotten
    offer(found.kit);
    tell(found.said, found.found === "here" ? "good" : found.found === "unknown" ? "bad" : "warn");
    if (found.is_new && found.found !== "here") navigator.vibrate?.([60, 60, 60]);
  }

  function submit(event) {
    event.preventDefault();
    const body = new FormData(event.target);
    const code = body.get("code");
    if (event.target === form) { form.elements.code.value = ""; form.elements.code.focus({ preventScroll: true }); }
    sent += 1;
    line = line.then(() => send(body)).catch(() => tell(`${code} was not sent: no connection. Scan it again.`, "bad"));
  }

  async function look() {
    const before = sent;
    if (!document.hidden) {
      const answer = await fetch(root.dataset.changed, { credentials: "same-origin" }).catch(() => null);
      if (answer?.status === 204) return location.reload(); // somebody ended it
      if (answer?.ok && !answer.redirected && before === sent) {
        const html = await answer.text();
        if (before === sent) live.innerHTML = html;
      }
    }
    setTimeout(look, LOOK_MS);
  }

  if (matchMedia("(pointer: fine)").matches) form.elements.code.focus({ preventScroll: true }); // a hand scanner types at once
  form.addEventListener("submit", submit);
  kitForm.addEventListener("submit", submit);
  setTimeout(look, LOOK_MS);
})();
