// Arrow keys go from cell to cell, Enter opens why it is this, a digit begins to set it. What the server refuses keeps what was typed, and
// so does a cell that is closed and opened again. The last change can be undone from its toast, or with Ctrl+Z.
(() => {
  const page = document.querySelector("[data-book]"), table = page?.querySelector(".book"), dialog = page?.querySelector("dialog.why");
  if (!table) return;
  const body = table.tBodies[0], heads = table.tHead.rows[1].cells, mayEdit = "mayEdit" in page.dataset;
  const drafts = new Map(), isCell = (head) => head?.dataset.kind === "cell";
  let cell = null, opened = "", stop = new AbortController();

  const go = (to, isFocused = true) => {
    if (!to) return;
    if (cell) cell.tabIndex = -1;
    cell = to;
    cell.tabIndex = 0;
    if (isFocused) cell.focus();
  };
  const rows = () => [...body.rows].filter((row) => !row.hidden);
  const near = (from, key) => {
    const all = rows(), row = from.parentElement, n = from.cellIndex, place = all.indexOf(row), last = heads.length - 1;
    const moves = {
      ArrowLeft: () => row.cells[Math.max(n - 1, 1)], ArrowRight: () => row.cells[Math.min(n + 1, last)],
      ArrowUp: () => all[Math.max(place - 1, 0)].cells[n], ArrowDown: () => all[Math.min(place + 1, all.length - 1)].cells[n],
      Home: () => row.cells[1], End: () => row.cells[last],
      PageUp: () => all[Math.max(place - 15, 0)].cells[n], PageDown: () => all[Math.min(place + 15, all.length - 1)].cells[n],
    };
    return moves[key]?.();
  };
  const part = async (url, options = {}) => {
    const answer = await fetch(url, { credentials: "same-origin", headers: { "X-Part": "cell" }, ...options });
    if (answer.redirected) throw new Error("signed out");
    return { status: answer.status, html: new DOMParser().parseFromString(await answer.text(), "text/html") };
  };
  const place = () => {
    const box = cell.getBoundingClientRect(), size = dialog.getBoundingClientRect(), room = 12;
    const below = box.bottom + 6 + size.height < innerHeight, top = below ? box.bottom + 6 : Math.max(box.top - size.height - 6, room);
    dialog.style.top = `${Math.max(Math.min(top, innerHeight - size.height - room), room)}px`;
    dialog.style.left = `${Math.max(Math.min(box.left - 2, innerWidth - size.width - room), room)}px`;
  };
  const fill = (nodes) => {
    dialog.replaceChildren(...nodes);
    place();
  };
  const words = (text) => { const p = document.createElement("p"); p.id = "why-title"; p.textContent = text; return [p]; };
  const typed = () => dialog.querySelector("[data-set]");
  const keep = () => { if (typed()) drafts.set(opened, Object.fromEntries(new FormData(typed()))); };
  const restore = (digit) => {
    const form = typed(), draft = drafts.get(opened), details = form?.closest("details");
    if (!form) return dialog.querySelector("h2")?.focus();
    if (draft) for (const name of ["points", "reason"]) form.elements[name].value = draft[name];
    if (digit) form.elements.points.value = digit;
    details.open ||= Boolean(digit || draft?.reason);
    if (!details.open) return dialog.querySelector("h2").focus();
    form.elements[draft && !digit ? "reason" : "points"].focus();
    place();
  };
  const open = async (digit = "") => {
    const url = `${page.dataset.book}${cell.parentElement.id.slice(1)}/${heads[cell.cellIndex].dataset.c}/`;
    opened = url;
    stop.abort();
    stop = new AbortController();
    dialog.showModal();
    fill(words("Reading why it is this …"));
    try {
      const answer = await part(url, { signal: stop.signal });
      if (answer.status !== 200) throw new Error(String(answer.status));
      fill(answer.html.body.childNodes);
      restore(mayEdit ? digit : "");
    } catch (error) {
      if (error.name !== "AbortError") fill(words("The server does not answer, or you are signed out. Nothing was changed. Press Esc, and try again."));
    }
  };
  const take = (answer) => {
    for (const fresh of answer.html.querySelectorAll("tbody > tr")) {
      const old = document.getElementById(fresh.id), held = old?.contains(cell) ? cell.cellIndex : -1;
      old?.replaceWith(fresh);
      if (held >= 0) { cell = null; go(fresh.cells[held], false); }
    }
    page.dispatchEvent(new CustomEvent("book:changed"));
    const toasts = document.querySelector(".toasts"), toast = answer.html.querySelector("[data-saved]");
    for (const old of toasts.querySelectorAll("[data-saved]")) old.remove();
    toasts.append(toast);
    if (!toast.querySelector("form")) setTimeout(() => toast.remove(), 6000);
  };
  const send = async (form, button) => {
    button.disabled = true;
    try {
      const answer = await part(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      if (answer.status === 200) {
        drafts.delete(opened);
        if (dialog.open) { typed()?.remove(); dialog.close(); }
        take(answer);
        cell?.focus();
      } else if (answer.html.getElementById("why-title")) {
        if (!dialog.open) dialog.showModal();
        fill(answer.html.body.childNodes);
        (dialog.querySelector("[aria-invalid]") ?? dialog.querySelector("h2")).focus();
      } else throw new Error(String(answer.status));
    } catch {
      button.disabled = false;
      const note = form.querySelector(".error") ?? form.appendChild(Object.assign(document.createElement("p"), { className: "error" }));
      note.textContent = "The server did not take it: it does not answer, or you are signed out. What you typed is still here.";
    }
  };

  body.addEventListener("click", (event) => {
    const to = event.target.closest("td");
    if (!to) return;
    go(to);
    if (isCell(heads[to.cellIndex])) open();
  });
  body.addEventListener("book:go", (event) => go(event.target));
  body.addEventListener("keydown", (event) => {
    const to = event.target.closest("td");
    if (!to || event.altKey || event.metaKey) return;
    const next = event.ctrlKey ? null : near(to, event.key);
    if (next) { event.preventDefault(); return go(next); }
    if (event.ctrlKey || !isCell(heads[to.cellIndex])) return;
    const isDigit = mayEdit && "work" in heads[to.cellIndex].dataset && /^[0-9]$/.test(event.key);
    if (event.key !== "Enter" && !isDigit) return;
    event.preventDefault();
    go(to);
    open(isDigit ? event.key : "");
  });
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key !== "z" || event.target.closest?.("input, textarea")) return;
    const button = document.querySelector("[data-undo] button");
    if (button) { event.preventDefault(); button.click(); }
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
  });
  dialog.addEventListener("toggle", () => place(), true);
  dialog.addEventListener("close", () => { keep(); stop.abort(); dialog.replaceChildren(); cell?.focus(); });
  addEventListener("submit", (event) => {
    if (!event.target.matches("[data-set], [data-undo]")) return;
    event.preventDefault();
    send(event.target, event.submitter ?? event.target.querySelector("button"));
  });
  table.setAttribute("role", "grid");
  go(body.querySelector("tr:not([hidden]) td:nth-child(3)") ?? body.querySelector("td:nth-child(3)"), false);
})();
