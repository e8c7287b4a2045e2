// Entries that outlive a lost network: kept in this browser until the server has them, sent one after the other, each with a key of its
// own that the server counts once. One list for a course and a person: another account on the same phone never sends it.
window.participationQueue = (page, heard) => {
  const key = page.dataset.queueKey;
  let spare = null; // where the browser keeps nothing, the list lives as long as the page
  const read = () => {
    if (spare) return spare;
    try { return JSON.parse(localStorage.getItem(key)) ?? []; } catch { return []; }
  };
  const write = (items) => {
    try {
      if (items.length) localStorage.setItem(key, JSON.stringify(items));
      else localStorage.removeItem(key);
      spare = null;
    } catch { spare = items; }
  };
  const change = (id, act) => write(read().flatMap((item) => (item.id === id ? act(item) : [item])));
  const waiting = () => read().filter((item) => !item.refused);
  let busy = false, timer = 0, pause = 1000;

  const tell = (why = "") => heard.changed({ waiting: waiting().length, refused: read().filter((item) => item.refused), why, isKept: !spare });
  const later = (why) => {
    clearTimeout(timer);
    timer = setTimeout(flush, pause);
    pause = Math.min(2 * pause, 30000);
    tell(why);
  };
  const send = (item) => fetch(item.url, {
    method: "POST", credentials: "same-origin", signal: AbortSignal.timeout?.(15000),
    headers: { Accept: "application/json", "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value },
    body: new URLSearchParams({ ...item.body, age_ms: Math.max(Date.now() - item.at, 0) }),
  });
  // What the answer means for the entry: done, refused for good, or to be kept and why.
  const judge = async (answer) => {
    const said = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : null;
    if (answer.ok && said && !answer.redirected) return { done: said };
    if (answer.redirected || (answer.ok && !said)) return { keep: "signed-out" };
    if (said?.error?.code === "csrf_failed") return { keep: "reload" };
    if (said?.error && answer.status < 500 && ![408, 429].includes(answer.status)) return { refused: said.error.message };
    return { keep: "server" };
  };
  const flush = async () => {
    if (busy) return;
    busy = true;
    clearTimeout(timer);
    for (let item = waiting()[0]; item; item = waiting()[0]) {
      change(item.id, (kept) => [{ ...kept, tried: true }]);
      let verdict;
      try { verdict = await judge(await send(item)); } catch { verdict = { keep: "network" }; }
      if (verdict.keep) {
        busy = false;
        return later(verdict.keep);
      }
      pause = 1000;
      if (verdict.done) {
        change(item.id, () => []);
        heard.sent(item, verdict.done);
      } else {
        change(item.id, (kept) => [{ ...kept, refused: verdict.refused }]);
        heard.refused(item, verdict.refused);
      }
      tell();
    }
    busy = false;
  };
  addEventListener("online", flush);
  addEventListener("pageshow", flush);
  document.addEventListener("visibilitychange", () => document.hidden || flush());
  return {
    waiting, flush, tell,
    add(item) {
      write([...read(), { at: Date.now(), ...item }]);
      tell();
      flush();
    },
    // True when the entry had never left this phone, and is gone.
    drop(id) {
      const found = read().find((item) => item.id === id && !item.tried);
      if (found) change(id, () => []);
      return Boolean(found);
    },
    dismiss(id) {
      change(id, () => []);
      tell();
    },
  };
};

// 09:58:14 in the zone in which the page shows its times, whatever zone the phone is in.
window.participationClock = (page, at = Date.now()) => {
  const [, sign, hours, minutes] = page.dataset.now.match(/([+-])(\d\d):(\d\d)$/);
  return new Date(at + (sign === "-" ? -1 : 1) * (60 * hours + +minutes) * 60000).toISOString().slice(11, 19);
};

// The line that says what is saved where, and what the server refused.
window.participationStatus = (page, queue) => (state) => {
  const line = page.querySelector("[data-status]"), list = page.querySelector("[data-refused]");
  const n = state.waiting, these = n === 1 ? "1 entry waits" : `${n} entries wait`;
  const place = state.isKept ? "on this phone" : "in this page only, because this browser keeps nothing: do not close it";
  const why = {
    "": "being sent", network: "no network; sent when it is back", server: "the server does not answer now; tried again by itself",
    "signed-out": "you are signed out. Sign in again and open this page: then they are sent", reload: "this page is out of date. Reload it: then they are sent",
  }[state.why];
  line.dataset.state = n ? (state.why ? "waiting" : "sending") : "saved";
  line.textContent = n ? `${these} ${place}: ${why}.` : `Saved on the server, ${window.participationClock(page)}.`;
  list.hidden = !state.refused.length;
  list.replaceChildren(...state.refused.map((item) => {
    const row = document.createElement("li"), button = document.createElement("button");
    row.textContent = `Not recorded: ${item.what}. ${item.refused} `;
    button.type = "button";
    button.className = "linkish";
    button.textContent = "Dismiss";
    button.addEventListener("click", () => queue().dismiss(item.id));
    row.append(button);
    return row;
  }));
};
