// Runners as they are: parts of a page that are asked for anew, and logs that follow, while somebody looks at them. Without JavaScript the
// page is what it was when it came. A hidden tab asks for nothing, and a part in which somebody stands with the keyboard stays as it is.
(() => {
  "use strict";
  const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
  const shown = () => document.hidden
    ? new Promise((resolve) => { document.addEventListener("visibilitychange", resolve, { once: true }); }).then(shown)
    : Promise.resolve();
  const ask = (address) => fetch(address, { credentials: "same-origin" }).then((answer) => (answer.ok && !answer.redirected ? answer : null), () => null);

  // What changed is said once; the part itself is no live region, or its numbers would be read out again and again.
  const status = Object.assign(document.createElement("p"), { className: "visually-hidden" });
  status.setAttribute("role", "status");
  const words = (part) => part.querySelector("[data-says]")?.textContent.replace(/\d[\d\s.]*(min|s|h|days?)\b/g, "").replace(/\s+/g, " ").trim() ?? "";

  async function live(part) {
    for (let said = words(part); !part.querySelector("[data-live-done]"); ) {
      await wait(1000 * Number(part.dataset.every));
      await shown();
      const answer = part.contains(document.activeElement) ? null : await ask(part.dataset.from);
      if (!answer) continue;
      part.innerHTML = await answer.text();
      const now = words(part);
      if (now !== said) status.textContent = said = now;
      part.dispatchEvent(new CustomEvent("live", { bubbles: true }));
    }
  }

  // One log: pieces come from where the last one ended; a reader who scrolled up is left there.
  async function follow(pre, address, upto, goesOn) {
    for (let more = true; more && goesOn(); ) {
      await shown();
      const answer = await ask(`${address}&offset=${upto}`);
      if (!goesOn()) return;
      if (answer) {
        const isAtEnd = pre.scrollTop + pre.clientHeight >= pre.scrollHeight - 24;
        const next = Number(answer.headers.get("X-Log-Next"));
        more = answer.headers.get("X-Log-Open") === "1" || next > upto;
        pre.append(await answer.text());
        upto = next;
        if (isAtEnd) pre.scrollTop = pre.scrollHeight;
      }
      if (more) await wait(2000);
    }
  }

  // The log on the page of a board belongs to the run that it has now, and begins anew with the next one.
  const frame = document.querySelector("[data-log]");
  let current = "";
  const followRun = () => {
    const address = document.querySelector("[data-log-now]")?.dataset.logNow ?? "";
    if (!frame || !address || address === current) return;
    current = address;
    frame.hidden = false;
    const pre = frame.querySelector("pre");
    pre.textContent = "";
    follow(pre, address, 0, () => current === address);
  };

  document.body.append(status);
  document.querySelectorAll("[data-live]").forEach(live);
  document.addEventListener("live", followRun);
  followRun();
  document.querySelectorAll("[data-log-follow]").forEach((pre) => {
    pre.scrollTop = pre.scrollHeight;
    follow(pre, pre.dataset.logFollow, Number(pre.dataset.upto), () => true);
  });
})();
