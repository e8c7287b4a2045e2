// Attendance in place: each choice is kept on the phone and sent (participation-queue.js). Without this script the form has a button.
(() => {
  const page = document.querySelector("[data-participation]"), form = page?.querySelector("[data-attendance]");
  if (!form) return;
  // The counts are of the whole roster, of which this page may hold a part: each choice moves one person from one to another.
  const count = (mode, step) => {
    const place = page.querySelector(`[data-count-of="${CSS.escape(mode)}"]`);
    if (place) place.textContent = Number(place.textContent) + step;
  };
  const chosen = (input) => {
    const row = input.closest("[data-person]");
    count(row.dataset.mode, -1);
    count(row.dataset.mode = input.value, 1);
  };
  const queue = window.participationQueue(page, { changed: (state) => window.participationStatus(page, () => queue)(state), sent() {}, refused() {} });
  form.addEventListener("change", (event) => {
    const input = event.target, name = input.closest("[data-person]").querySelector("[data-name]").textContent;
    const body = { session: page.dataset.session, [input.name]: input.value };
    queue.add({ id: `${input.name}-${Date.now()}-${Math.random()}`, url: page.dataset.recordUrl, body, step: 0, what: `${name}: ${input.dataset.word}` });
    chosen(input);
  });
  // Choices that had not left this phone when the page was opened, or when a row came onto it.
  const held = (row) => {
    for (const item of queue.waiting()) for (const [name, value] of Object.entries(item.body ?? {})) {
      const input = item.body.session === page.dataset.session && row.querySelector(`[name="${CSS.escape(name)}"][value="${CSS.escape(value)}"]`);
      if (input && !input.checked) {
        input.checked = true;
        chosen(input);
      }
    }
  };
  for (const row of window.participationRows.values()) held(row);
  page.addEventListener("participation:row", (event) => held(event.detail));
  if (queue.waiting().length) queue.tell();
  queue.flush();
})();
