// What opens over a cell of the gradebook: why it is this, and setting it. What the server refuses keeps what was typed, and so does a window
// that is closed and opened again. The last change is undone from its toast, or with Ctrl+Z.
(() => {
  const page = document.querySelector("[data-book]"), dialog = page?.querySelector("dialog.why");
  if (!dialog) return;
  const heads = page.querySelector(".book").tHead.rows[1].cells, mayEdit = "mayEdit" in page.dataset;
  const drafts = new Map(); // address of a cell -> what was typed there and not sent
  let cell = null, opened = "", stop = new AbortController();

  const part = async (url, options = {}) => {
    const answer = await fetch(url, { credentials: "same-origin", headers: { "X-Part": "cell" }, ...options });
    if (answer.redirected) throw new Error("signed out");
    return { status: answer.status, html: new DOMParser().parseFromString(await answer.text(), "text/html") };
  };
  // Below the cell where there is room, else above it; never beyond the window.
  const place = () => {
    const box = cell.getBoundingClientRect(), size = dialog.getBoundingClientRect(), room = 12;
    const top = box.bottom + 6 + size.height < innerHeight ? box.bottom + 6 : box.top - size.height - 6;
    dialog.style.top = `${Math.max(Math.min(top, innerHeight - size.height - room), room)}px`;
    dialog.style.left = `${Math.max(Math.min(box.left - 2, innerWidth - size.width - room), room)}px`;
  };
  const fill = (nodes) => { dialog.replaceChildren(...nodes); place(); };
  const says = (text) => { fill([Object.assign(document.createElement("p"), { id: "why-title", textContent: text })]); };
  const form = () => dialog.querySelector("[data-set]");
  const restore = (digit) => {
    const title = dialog.querySelector("h2"), draft = drafts.get(opened), folded = form()?.closest("details");
    if (!folded) return title.focus();
    const { points, reason } = form().elements;
    if (draft) [points.value, reason.value] = [draft.points, draft.reason];
    if (digit) points.value = digit;
    folded.open = Boolean(digit || draft?.reason);
    (!folded.open ? title : draft && !digit ? reason : points).focus();
    place();
  };
  const open = async (digit) => {
    opened = `${page.dataset.book}${cell.parentElement.id.slice(1)}/${heads[cell.cellIndex].dataset.c}/`;
    stop.abort();
    stop = new AbortController();
    dialog.showModal();
    cell.classList.add("now");
    says("Reading why it is this …");
    try {
      const answer = await part(opened, { signal: stop.signal });
      if (answer.status !== 200) throw new Error(String(answer.status));
      fill(answer.html.body.childNodes);
      restore(mayEdit ? digit : "");
    } catch (error) {
      if (error.name !== "AbortError") says("The server does not answer, or you are signed out. Nothing was changed. Press Esc, and try again.");
    }
  };
  // The rows that changed take the place of the old ones, and the toast offers the way back.
  const take = (answer) => {
    for (const fresh of answer.html.querySelectorAll("tbody > tr")) {
      const old = document.getElementById(fresh.id), held = old?.contains(cell) ? cell.cellIndex : -1;
      old?.replaceWith(fresh);
      if (held >= 0) cell = fresh.cells[held];
    }
    page.dispatchEvent(new CustomEvent("book:changed"));
    const toasts = document.querySelector(".toasts"), toast = answer.html.querySelector("[data-saved]");
    for (const old of toasts.querySelectorAll("[data-saved]")) old.remove();
    toasts.append(toast);
    if (!toast.querySelector("form")) setTimeout(() => toast.remove(), 6000);
    cell?.dispatchEvent(new CustomEvent("book:go", { bubbles: true }));
  };
  // At once, not when the browser says so: who presses Escape and Enter quickly is on the cell again by then.
  const leave = () => {
    if (!opened) return;
    const { points, reason } = form()?.elements ?? {};
    if (form() && [points, reason].some((field) => field.value !== field.defaultValue || dialog.querySelector("[role=alert]")))
      drafts.set(opened, { points: points.value, reason: reason.value });
    opened = "";
    stop.abort();
    dialog.close();
    dialog.replaceChildren();
    cell.classList.remove("now");
    cell.dispatchEvent(new CustomEvent("book:go", { bubbles: true }));
  };
  const send = async (sent, button) => {
    button.disabled = true;
    try {
      const answer = await part(sent.action, { method: "POST", body: new URLSearchParams(new FormData(sent)) });
      if (answer.status === 200) {
        form()?.remove();
        drafts.delete(opened);
        leave();
        take(answer);
      } else if (answer.html.getElementById("why-title")) {
        if (!dialog.open) dialog.showModal();
        fill(answer.html.body.childNodes);
        (dialog.querySelector("[aria-invalid]") ?? dialog.querySelector("h2")).focus();
      } else throw new Error(String(answer.status));
    } catch {
      button.disabled = false;
      const note = sent.querySelector(".error") ?? sent.appendChild(Object.assign(document.createElement("p"), { className: "error" }));
      note.textContent = "The server did not take it: it does not answer, or you are signed out. What you typed is still here.";
    }
  };

  page.addEventListener("book:open", (event) => {
    cell = event.target;
    open(event.detail.digit);
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog || event.target.closest("[data-close]")) leave(); });
  dialog.addEventListener("toggle", place, true);
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); leave(); });
  dialog.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.preventDefault(); leave(); } });
  dialog.addEventListener("close", leave);
  addEventListener("submit", (event) => {
    if (!event.target.matches("[data-set], [data-undo]")) return;
    event.preventDefault();
    send(event.target, event.submitter ?? event.target.querySelector("button"));
  });
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key !== "z" || event.target.closest?.("input, textarea")) return;
    const button = document.querySelector("[data-undo] button");
    if (!button) return;
    event.preventDefault();
    button.click();
  });
})();
