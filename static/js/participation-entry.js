// One tap a credit, in place: the row counts at once, the queue (participation-queue.js) brings it to the server, Undo takes it back.
// Without this script every button is a form that does the same.
(() => {
  const page = document.querySelector("[data-participation]"), form = page?.querySelector("[data-roster]");
  if (!form) return;
  const each = Number(page.dataset.each), cap = Number(page.dataset.cap), bar = page.querySelector("[data-said]"), log = page.querySelector("[data-log]");
  const rows = window.participationRows; // those that participation-find.js read so far
  const newKey = () => crypto.randomUUID?.() ?? "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) =>
    (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16)); // randomUUID needs https
  const figure = (n) => String(Number(n.toFixed(2)));
  const earned = (n) => Math.min(Math.max(n, 0) * each, cap);
  // What the server knows, and what waits here for it.
  const pending = (person) => queue.waiting().filter((item) => item.person === person).reduce((sum, item) => sum + item.step, 0);
  const total = (row) => Number(row.dataset.count) + pending(row.dataset.person);

  // A bonus depends on what everybody has, so only the server can say what a tap is worth there.
  const paint = (row, answer) => {
    const n = total(row), bar = row.querySelector("progress");
    if (each) {
      row.querySelector("[data-text]").textContent = `${figure(earned(n))} of ${figure(cap)}`;
      bar.value = earned(n);
      row.classList.toggle("full", earned(n) >= cap);
    } else if (answer) {
      row.querySelector("[data-text]").textContent = answer.text;
      if (bar) bar.value = answer.percent;
      row.classList.toggle("full", answer.is_at_cap);
    }
  };
  const mark = (row, kind, step) => {
    const button = row.querySelector(`[data-kind="${kind}"]`);
    if (!button) return;
    const given = Math.max(Number(button.dataset.given) + step, 0);
    button.dataset.given = given;
    button.querySelector("[data-times]").textContent = given > 1 ? given : "";
  };
  const say = (text, key) => {
    bar.hidden = false;
    bar.querySelector("[data-words]").textContent = text;
    const undo = bar.querySelector("form");
    undo.hidden = !key;
    undo.elements.client_key.value = key;
  };
  const change = (word, n) => !each ? `${word}, noted` : earned(n - 1) === earned(n) ? `${word}, noted: at ${figure(cap)} of ${figure(cap)}`
    : `${word}, ${figure(earned(n - 1))} to ${figure(earned(n))}`;
  const note = (item, text) => {
    const entry = document.getElementById("log-entry").content.firstElementChild.cloneNode(true);
    entry.dataset.entry = item.id;
    entry.classList.add("waits");
    entry.querySelector("time").textContent = window.participationClock(page, item.at).slice(0, 5);
    entry.querySelector("b").textContent = item.name;
    entry.querySelector("[data-change]").textContent = text;
    for (const input of entry.querySelectorAll("[name=client_key]")) input.value = item.id;
    log.prepend(entry);
    tally(1);
  };
  const entries = page.querySelector("[data-entries]");
  const tally = (step) => {
    const n = (entries.dataset.entries = Number(entries.dataset.entries) + step);
    entries.textContent = n === 1 ? "1 entry" : `${n} entries`;
  };
  const entryOf = (key) => log.querySelector(`[data-entry="${CSS.escape(key)}"]`);

  const queue = window.participationQueue(page, {
    changed: (state) => window.participationStatus(page, () => queue)(state),
    sent(item, answer) {
      const row = rows.get(String(answer.person ?? item.person));
      if (answer.count === undefined) return;
      if (row) {
        row.dataset.count = answer.count;
        paint(row, answer);
      }
      entryOf(answer.client_key)?.replaceWith(document.createRange().createContextualFragment(answer.log_html));
      if (!each && bar.querySelector("form").elements.client_key.value === answer.client_key && item.step > 0) say(`${item.name}, ${item.word}: ${answer.text}`, answer.client_key);
    },
    refused(item) {
      const row = rows.get(item.person);
      if (row && item.kind) mark(row, item.kind, -item.step);
      if (row) paint(row);
      if (item.step > 0) entryOf(item.id)?.remove();
      tally(-item.step);
      bar.hidden = true;
    },
  });

  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button?.dataset.kind) return;
    event.preventDefault();
    const row = button.closest("[data-person]"), name = row.querySelector("[data-name]").textContent, word = button.dataset.word, kind = button.dataset.kind;
    const item = { id: newKey(), url: page.dataset.recordUrl, person: row.dataset.person, name, word, kind, step: 1, what: `${name}, ${word}` };
    item.body = { person: item.person, kind, client_key: item.id, session: page.dataset.session };
    mark(row, kind, 1);
    note(item, change(word, total(row) + 1));
    say(`${name}, ${word}: ${each ? figure(earned(total(row) + 1)) : "noted"}`, item.id);
    queue.add(item);
    paint(row);
  });
  page.addEventListener("submit", (event) => {
    const undo = event.target.closest("[data-undo]");
    if (!undo) return;
    event.preventDefault();
    const key = undo.elements.client_key.value, entry = entryOf(key), waits = queue.waiting().find((item) => item.id === key);
    const row = rows.get(waits?.person ?? entry?.dataset.of), kind = waits?.kind ?? entry?.dataset.kind, name = (row?.querySelector("[data-name]") ?? entry?.querySelector("b"))?.textContent ?? "";
    if (row && kind) mark(row, kind, -1);
    if (entry) tally(-1);
    if (queue.drop(key)) entry?.remove();
    else queue.add({ id: newKey(), url: page.dataset.undoUrl, body: { client_key: key }, person: waits?.person ?? entry?.dataset.of, name, kind, word: "undone", step: -1, what: `undo, ${name}` });
    if (row) paint(row);
    entry?.classList.add("back");
    say(`${name}: taken back`, "");
    queue.tell();
  });

  // What this phone still held when the page was opened, or when a row came onto it.
  const isHere = (item) => item.step > 0 && item.body?.session === page.dataset.session;
  const held = (row) => {
    const items = queue.waiting().filter((item) => item.person === row.dataset.person);
    for (const item of items.filter(isHere)) mark(row, item.kind, 1);
    if (items.length) paint(row);
  };
  for (const row of rows.values()) held(row);
  for (const item of queue.waiting().filter(isHere)) note(item, `${item.word}, not sent yet`);
  page.addEventListener("participation:row", (event) => held(event.detail));
  if (queue.waiting().length) queue.tell();
  queue.flush();
})();
