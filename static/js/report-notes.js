// The notes of a report: marked on its pages, numbered at their margin, opened beside their place, and listed below. The list is the server's own
// fragment; what other graders write comes in while the page is open.
(() => {
  const kit = (window.reportKit ??= {});
  const EVERY_MS = 12_000, APART_PX = 28;

  kit.notes = (root, pages, names) => {
    const list = root.querySelector("[data-report-list]"), say = root.querySelector("[data-report-say]");
    let notes = JSON.parse(document.getElementById("report-notes").textContent), card = null;
    const noteOf = (id) => notes.find((note) => note.id === Number(id));
    const pinOf = (note) => root.querySelector(`.report-pin[data-pin="${note.id}"]`);

    const close = (isBack = false) => {
      const isOpen = card !== null, pin = card && noteOf(card.dataset.note) && pinOf(noteOf(card.dataset.note));
      card?.remove();
      card = null;
      if (isOpen) kit.makeRoom(pages.holder, null);
      pin?.setAttribute("aria-expanded", "false");
      if (isBack) pin?.focus();
    };
    const openCard = (note, pin) => {
      close();
      const row = list.querySelector(`[data-note="${note.id}"] .report-said`);
      card = document.createElement("div");
      card.className = "report-card";
      card.dataset.note = note.id;
      card.tabIndex = -1;
      card.setAttribute("role", "group");
      card.setAttribute("aria-label", `Note ${note.number}`);
      card.append(row.cloneNode(true));
      pin.after(card);
      card.style.top = `calc(${pin.style.top} + ${APART_PX + 4}px)`;
      pin.setAttribute("aria-expanded", "true");
      card.focus({ preventScroll: true });
      kit.makeRoom(pages.holder, card);
    };
    const drawOn = (view) => {
      const mine = notes.filter((note) => note.page === view.number), pins = [...view.pins.querySelectorAll(".report-pin")];
      view.marks.querySelectorAll(".report-mark").forEach((mark) => mark.remove());
      let lowest = -Infinity;
      for (const note of [...mine].sort((a, b) => a.boxes[0][1] - b.boxes[0][1])) {
        if (note.kind === "highlight") for (const box of note.boxes) {
          const mark = kit.place(document.createElement("span"), box);
          mark.className = "report-mark";
          view.marks.append(mark);
        }
        const pin = pinOf(note) ?? document.createElement("button");
        pin.type = "button";
        pin.className = "report-pin";
        pin.dataset.pin = note.id;
        pin.textContent = note.number;
        pin.setAttribute("aria-label", `Note ${note.number}`);
        pin.setAttribute("aria-expanded", String(card?.dataset.note === String(note.id)));
        const y = Math.max(note.boxes[0][1] * view.el.clientHeight, lowest + APART_PX); // two at one height stand below each other
        lowest = y;
        pin.style.top = `${y}px`;
        if (!pin.isConnected) view.pins.append(pin);
      }
      pins.filter((pin) => !mine.some((note) => note.id === Number(pin.dataset.pin))).forEach((pin) => pin.remove());
    };
    const update = ({ notes: next, html }) => {
      if (JSON.stringify(next) === JSON.stringify(notes)) return;
      const opened = card && Number(card.dataset.note);
      notes = next;
      list.innerHTML = html; // rendered by the server, as the page was
      if (names) names.mask(list);
      pages.views.forEach(drawOn);
      if (opened && !noteOf(opened)) close();
    };
    // Tells what came of it, and offers the way back where there is one.
    const tell = (words, label, act) => {
      say.textContent = words;
      if (!label) return;
      const button = Object.assign(document.createElement("button"), { type: "button", className: "linkish", textContent: label });
      button.addEventListener("click", () => { say.textContent = ""; act(); });
      say.append(" ", button);
    };
    const token = () => root.querySelector("template[data-report-form]").content.querySelector("[name=csrfmiddlewaretoken]").value;
    // All notes after a step, or an error with a sentence for people.
    const send = async (path, body = new FormData()) => {
      body.set("csrfmiddlewaretoken", token());
      let answer, said;
      try {
        answer = await fetch(`${root.dataset.notes}${path}`, { method: "POST", body, headers: { Accept: "application/json", "X-CSRFToken": token() } });
        said = await answer.json();
      } catch { /* no line, or a page in place of JSON: signed out */ }
      if (answer?.ok && said?.notes) return update(said);
      throw Object.assign(new Error(said?.error?.message ?? "The server did not answer, or you are signed out in this browser. What you typed is still here; try again."), { code: said?.error?.code, details: said?.error?.details });
    };
    const refresh = async () => {
      try {
        const answer = await fetch(root.dataset.notes, { headers: { Accept: "application/json" } });
        if (answer.ok && !answer.redirected) update(await answer.json());
      } catch { /* the next time */ }
    };
    const remove = async (note) => {
      try {
        await send(`${note.id}/remove/`);
        tell(`Note ${note.number} is removed.`, "Undo", () => send(`${note.id}/restore/`).then(() => tell(`Note ${note.number} is back.`), (error) => tell(error.message)));
      } catch (error) { tell(error.message); }
    };
    const show = async (note) => {
      const view = await pages.ready(note.page);
      if (!view) return;
      drawOn(view);
      pinOf(note).scrollIntoView({ block: "center" });
      openCard(note, pinOf(note));
    };

    root.addEventListener("click", (event) => {
      const pin = event.target.closest(".report-pin"), row = event.target.closest("[data-note]");
      if (pin) card?.dataset.note === pin.dataset.pin ? close(true) : openCard(noteOf(pin.dataset.pin), pin);
      else if (row && event.target.closest("[data-note-show]")) show(noteOf(row.dataset.note));
      else if (row && event.target.closest("[data-note-remove]")) remove(noteOf(row.dataset.note));
      else if (row && event.target.closest("[data-note-edit]")) kit.write?.edit(noteOf(row.dataset.note));
      else if (card && !event.target.closest(".report-card")) close();
    });
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !card) return;
      event.stopPropagation();
      close(true);
    });
    pages.onDrawn(drawOn);
    if (names && list) names.mask(list);
    if ("writes" in root.dataset) setInterval(() => document.visibilityState === "visible" && refresh(), EVERY_MS);
    return { send, refresh, tell, close, noteOf, drawOn };
  };
})();
