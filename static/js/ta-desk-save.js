// Each tick is saved at once, each pause in typing too. Until the server has it, what was typed is kept in this tab and sent again. Which
// save is taken is decided by the server: of two tabs, or two graders, the one that saw the newer marks.
(() => {
  const desk = document.querySelector("[data-ta]");
  if (!desk?.desk) return;
  const { snapshot, restore, writes, items } = desk.desk;
  const form = desk.querySelector("[data-ta-form]");
  const said = desk.querySelector("[data-ta-said]");
  const refused = desk.querySelector("[data-ta-refused]");
  const key = `sheet ${desk.dataset.sheet}`;
  const field = (name) => form.elements[name];
  let isDirty = false, isBusy = false, wanted = "", wait = 0, timer = 0, lastInput = Date.now();
  // The page may be left while a save is on its way, and the next one be made before that save or after it: what was sent tells them apart.
  let sent = null, isLeaving = false;

  const ok = desk.querySelector("[data-ta-ok]");
  const say = (text, isSaved = false) => { if (said) { said.textContent = text; ok.hidden = !isSaved; } };
  const store = (value) => {
    try { if (value) sessionStorage.setItem(key, JSON.stringify(value)); else sessionStorage.removeItem(key); } catch { /* as without it */ }
  };
  const later = (ms) => { clearTimeout(timer); timer = setTimeout(() => send("save"), ms); };
  const clear = () => { refused.hidden = true; for (const item of items) item.removeAttribute("aria-invalid"); };
  const refuse = (error, status) => {
    const kept = error.details?.saved_revision;
    if (kept) { field("revision").value = kept; if (!isDirty) store(null); }
    refused.textContent = error.message;
    refused.hidden = false;
    const item = items.find((one) => one.dataset.taItem === error.details?.field || `points-${one.dataset.taItem}` === error.details?.field);
    if (status === 409) {
      desk.dataset.locked = "";
      for (const one of items) one.disabled = true;
      desk.querySelector("[data-ta-comment]").readOnly = true;
      say("Not saved. Nothing more is sent from this page.");
    }
    if (item && status !== 409) { item.setAttribute("aria-invalid", "true"); item.querySelector("input:not([type=hidden])")?.focus(); }
    else if (["comment", "reason"].includes(error.details?.field)) desk.querySelector("[data-ta-comment]").focus();
    else refused.scrollIntoView({ block: "nearest" });
  };
  const failed = (why) => {
    isDirty = true;
    wanted = "";
    wait = Math.min(2 * wait || 1000, 30000);
    say(`Not saved yet: ${why}. It is kept in this tab; trying again in ${Math.round(wait / 1000)} s.`);
    later(wait);
  };

  const taken = (answer, act) => {
    wait = 0;
    field("revision").value = answer.revision;
    if (!isDirty && !isLeaving) store(null);
    if (act !== "touch" && !isDirty) say(`saved ${answer.saved}.`, true);
    if (act === "done" || act === "release") { isDirty = false; store(null); location.assign(answer.next); }
  };
  const send = async (act) => {
    if (!writes()) return;
    if (isBusy) { if (act !== "touch") wanted = wanted === "done" || wanted === "release" ? wanted : act; return; }
    isBusy = true;
    clearTimeout(timer);
    const body = new FormData(form);
    body.set("act", act);
    if (act !== "touch" && act !== "release") { isDirty = false; sent = snapshot(); }
    try {
      const answer = await fetch(location.href, { method: "POST", body, headers: { Accept: "application/json" }, keepalive: true });
      const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
      if (answer.status >= 500 || answer.status === 429) failed("the site does not answer");
      else if (!isJson) failed("you are signed out; sign in again in another tab");
      else if (answer.ok) taken(await answer.json(), act);
      else {
        const { error } = await answer.json();
        if (act !== "touch" && !error.details?.saved_revision) isDirty = true;
        refuse(error, answer.status);
      }
    } catch { failed("the line is cut"); }
    isBusy = false;
    const next = wanted;
    wanted = "";
    if (next && writes()) send(next);
    else if (isDirty && !wait && refused.hidden) later(0);
  };

  desk.addEventListener("ta:changed", (event) => {
    lastInput = Date.now();
    isDirty = true;
    clear();
    store({ revision: field("revision").value, state: snapshot(), sent: isBusy ? sent : null });
    if (!wait) { say("not saved yet"); later(event.detail.isTyping ? 700 : 0); }
  });
  desk.addEventListener("ta:release", async () => { if (isDirty) await send("save"); send("release"); });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clear();
    clearTimeout(timer);
    send(event.submitter?.value === "save" ? "save" : "done");
  });

  // What this tab had typed and could not send: put back where nobody has saved since, else shown to be copied.
  const putBack = () => {
    let kept = null;
    try { kept = JSON.parse(sessionStorage.getItem(key)); } catch { /* nothing that can be read */ }
    if (!kept || !writes() || JSON.stringify(kept.state) === JSON.stringify(snapshot())) return store(null);
    if (kept.revision === field("revision").value || JSON.stringify(kept.sent) === JSON.stringify(snapshot())) { restore(kept.state); isDirty = true; later(0); }
    else {
      refused.textContent = `Not saved from this tab, because this report was changed since: ${kept.state.comment}`;
      refused.hidden = !kept.state.comment;
      store(null);
    }
  };
  if (writes()) {
    putBack();
    setInterval(() => { if (!document.hidden && Date.now() - lastInput < 180000 && !isDirty) send("touch"); }, 20000);
    addEventListener("scroll", () => { lastInput = Date.now(); }, { passive: true });
    addEventListener("keydown", () => { lastInput = Date.now(); });
    addEventListener("pointerdown", () => { lastInput = Date.now(); });
    addEventListener("beforeunload", () => { isLeaving = true; if (isDirty && !isBusy) send("save"); });
    addEventListener("pageshow", () => { isLeaving = false; });
  } else if (!("done" in desk.dataset)) {
    // Reading along: the marks of whoever has it, and the page anew when that changes.
    const holder = desk.querySelector("[data-ta-claim]")?.textContent ?? "";
    setInterval(async () => {
      if (document.hidden) return;
      const answer = await fetch(desk.dataset.live).then((one) => (one.ok ? one.json() : null)).catch(() => null);
      if (!answer) return;
      if (answer.is_done || answer.is_mine || (answer.by ? !holder.includes(answer.by) : holder)) return location.reload();
      const on = Object.entries(answer.ticks).flatMap(([item, keys]) => (Array.isArray(keys) ? (keys.length ? keys : ["-"]) : []).map((one) => `tick-${item} ${one}`));
      const typed = Object.fromEntries(Object.entries(answer.ticks).filter(([, one]) => typeof one === "string").map(([item, one]) => [`points-${item}`, one]));
      restore({ on, typed, comment: answer.comment });
    }, 5000);
  }
})();
