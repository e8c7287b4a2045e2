// The search field and the tabs of a roster. A small roster is here as a whole: its rows are hidden and shown where they stand, also
// without a network. Of a larger one the server sends the rows that are looked for; those that were here once are kept.
(() => {
  const page = document.querySelector("[data-participation]"), find = page?.querySelector("[data-find]"), list = page?.querySelector("[data-list]");
  if (!find || !list) return;
  const holder = page.querySelector("[data-rows]"), none = page.querySelector("[data-none]"), more = page.querySelector("[data-more]");
  const isWhole = "whole" in list.dataset, most = 100, known = new Map([...list.children].map((row) => [row.dataset.person, row]));
  window.participationRows = known;
  let tab = holder.elements.tab?.value ?? "", asked = Promise.resolve(), timer = 0, stop = new AbortController();

  const filter = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean), mode = holder.dataset.mode;
    const fits = (row) => (words.length || !mode || row.dataset.mode === mode) && words.every((word) => row.dataset.find.includes(word));
    const rows = [...known.values()], shown = rows.filter(fits);
    for (const row of rows) row.hidden = !fits(row);
    none.hidden = shown.length > 0;
    if (isWhole) return;
    const held = document.activeElement;
    list.replaceChildren(...shown.sort((a, b) => a.dataset.place - b.dataset.place).slice(0, most));
    if (held !== document.activeElement && held.isConnected) held.focus();
  };
  const ask = async () => {
    stop.abort();
    stop = new AbortController();
    const query = new URLSearchParams({ part: "rows", session: page.dataset.session, tab, q: find.value });
    try {
      const answer = await fetch(`?${query}`, { credentials: "same-origin", signal: stop.signal });
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      const part = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const row of part.querySelectorAll("[data-person]")) if (!known.has(row.dataset.person)) {
        known.set(row.dataset.person, row);
        page.dispatchEvent(new CustomEvent("participation:row", { detail: row }));
      }
      more.textContent = part.querySelector("[data-more]")?.textContent ?? "";
      filter();
    } catch (error) {
      if (error.name !== "AbortError") more.textContent = `Only the ${known.size} people read so far are searched: the server does not answer, or you are signed out.`;
    }
  };
  const look = (pause) => {
    filter();
    if (isWhole) return;
    clearTimeout(timer);
    asked = new Promise((done) => { timer = setTimeout(() => ask().then(done), pause); });
  };
  find.addEventListener("input", () => look(120));
  // Enter goes to the first row that fits, so that a name and two strokes are an entry; `/` comes back.
  find.form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!isWhole) {
      look(0);
      await asked;
    }
    list.querySelector("[data-person]:not([hidden]) :is(button, input)")?.focus();
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input:not([type=radio]), select, textarea, dialog")) return;
    event.preventDefault();
    find.focus();
    find.select();
  });
  const tabs = [...page.querySelectorAll("[data-tab]")];
  for (const link of tabs) link.addEventListener("click", (event) => {
    event.preventDefault();
    for (const other of tabs) other === link ? other.setAttribute("aria-current", "true") : other.removeAttribute("aria-current");
    holder.dataset.mode = link.dataset.tab;
    tab = holder.elements.tab.value = new URL(link.href).searchParams.get("tab");
    look(0);
  });
})();
