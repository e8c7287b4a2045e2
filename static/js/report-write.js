// Writing a note: from words that were selected, or chosen with the keyboard, to the form beside their place. What is typed is kept in this tab
// until it is saved.
(() => {
  const kit = (window.reportKit ??= {});

  kit.writing = (root, pages, notes) => {
    const say = root.querySelector("[data-report-say]"), template = root.querySelector("template[data-report-form]");
    const key = `note ${root.dataset.report}`;
    let form = null, at = null, offer = null;

    // A page that did not come over TLS has no `randomUUID`.
    const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const itemOf = () => form.querySelector("[name=item]"); // `elements.item` is a method
    const keep = () => {
      const text = form?.elements.text.value.trim();
      try {
        if (text) sessionStorage.setItem(key, JSON.stringify({ ...at, text: form.elements.text.value, item: itemOf()?.value ?? "" }));
        else sessionStorage.removeItem(key);
      } catch { /* no storage here: as without it */ }
    };
    const kept = () => {
      try { return JSON.parse(sessionStorage.getItem(key)); } catch { return null; }
    };
    const shut = (isBack = true) => {
      form?.remove();
      form = null;
      kit.makeRoom(pages.holder, null);
      root.querySelectorAll(".report-picked").forEach((one) => one.remove());
      if (isBack) pages.holder.focus({ preventScroll: true });
    };
    // `place`: page, kind, boxes, quote; of a note that is changed its id and revision too.
    const open = async (place) => {
      notes.close();
      offer?.remove();
      if (form) { keep(); shut(false); }
      const view = await pages.ready(place.page);
      if (!view) return say.textContent = "The report is not shown, so no note can be written into it now.";
      at = { key: newKey(), ...place };
      for (const box of at.kind === "highlight" ? at.boxes : []) {
        const mark = kit.place(document.createElement("span"), box);
        mark.className = "report-picked";
        view.marks.append(mark);
      }
      form = template.content.firstElementChild.cloneNode(true);
      form.querySelector("[data-note-label]").textContent = at.number ? `Note ${at.number}, page ${at.page}` : `Note on page ${at.page}`;
      const quote = form.querySelector("[data-note-quote]");
      quote.textContent = at.quote;
      quote.hidden = !at.quote;
      form.elements.text.value = at.text ?? "";
      if ([...(itemOf()?.options ?? [])].some((option) => option.value === at.item)) itemOf().value = at.item;
      form.style.top = `calc(${100 * Math.min(at.boxes.at(-1)[3], 1)}% + 8px)`;
      view.pins.append(form);
      form.elements.text.focus({ preventScroll: true });
      kit.makeRoom(pages.holder, form);
    };
    const save = async () => {
      const button = form.querySelector("[type=submit]"), wrong = form.querySelector("[data-note-error]"), sent = form;
      const body = new FormData(form);
      for (const name of ["page", "kind", "quote", "key", "revision"]) if (at[name]) body.set(name, at[name]);
      body.set("boxes", JSON.stringify(at.boxes));
      button.disabled = true;
      wrong.hidden = true;
      try {
        await notes.send(at.id ? `${at.id}/edit/` : "add/", body);
        sessionStorage.removeItem(key);
        if (form === sent) shut();
        notes.tell(at.id ? "The note is changed." : "The note is saved.");
      } catch (error) {
        if (error.code === "note_changed") { at.revision = error.details.revision; notes.refresh(); }
        wrong.textContent = error.message;
        wrong.hidden = false;
        button.disabled = false;
      }
    };

    // -- words that are selected, by mouse or finger --
    const selected = () => {
      const selection = getSelection();
      if (!selection.rangeCount || selection.isCollapsed) return null;
      const range = selection.getRangeAt(0);
      const view = pages.views.find((one) => one.layer && range.intersectsNode(one.layer));
      if (!view) return null;
      const isIn = (piece) => range.intersectsNode(piece.node)
        && !(range.startContainer === piece.node && range.startOffset >= piece.to) && !(range.endContainer === piece.node && range.endOffset <= piece.from);
      const words = view.words.filter((word) => word.pieces.some(isIn));
      const boxes = kit.boxesOf(words, view.el);
      return boxes.length ? { page: view.number, kind: "highlight", boxes, quote: kit.textOf(words), view } : null;
    };
    const start = () => {
      if (form) return form.elements.text.focus();
      const { view: _, ...place } = selected() ?? {};
      if (place.boxes) { getSelection().removeAllRanges(); return open(place); }
      const old = kept();
      if (old) return open(old);
      return picking.enter();
    };
    let waiting = null;
    document.addEventListener("selectionchange", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        offer?.remove();
        const place = !picking.isOn && !form && selected();
        if (!place) return;
        offer = Object.assign(document.createElement("button"), { type: "button", className: "btn primary report-offer", textContent: "Write a note" });
        offer.style.top = `calc(${100 * place.boxes.at(-1)[3]}% + 6px)`;
        offer.style.left = `${100 * Math.min(place.boxes.at(-1)[0], 0.6)}%`;
        offer.addEventListener("mousedown", (event) => event.preventDefault()); // the selection stays
        offer.addEventListener("click", start);
        place.view.pins.append(offer);
      }, 250);
    });

    const picking = kit.pick(root, pages, (words) => (say.textContent = words), (place) => (place ? open(place) : start()));
    root.querySelector("[data-report-annotate]").addEventListener("click", () => (picking.isOn ? picking.leave() : start()));
    document.addEventListener("desk:annotate", start);
    root.addEventListener("input", (event) => form?.contains(event.target) && keep());
    root.addEventListener("submit", (event) => {
      if (event.target !== form) return;
      event.preventDefault();
      save();
    });
    root.addEventListener("click", (event) => {
      if (!event.target.closest("[data-note-cancel]")) return;
      sessionStorage.removeItem(key);
      shut();
    });
    root.addEventListener("keydown", (event) => {
      if (!form?.contains(event.target)) return;
      event.stopPropagation(); // the keys of the desk are not meant
      if (event.key === "Escape") { keep(); shut(); if (kept()) notes.tell("Your note is kept here, not saved yet.", "Go on writing", () => open(kept())); }
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); }
    });
    if (kept()) notes.tell("A note that you wrote here is not saved yet.", "Go on writing", () => open(kept()));
    return { start, edit: (note) => open({ ...note, key: "" }) };
  };
})();
