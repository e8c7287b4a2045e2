// The desk of those who grade, by keys: what is ticked, what it comes to, where the focus goes. Saving is in ta-desk-save.js.
const ta = document.querySelector("[data-ta]");
if (ta) {
  const form = ta.querySelector("[data-ta-form]");
  const comment = ta.querySelector("[data-ta-comment]");
  const title = ta.querySelector("[data-ta-title]");
  const items = [...ta.querySelectorAll("[data-ta-item]")];
  const writes = () => "writes" in ta.dataset && !("locked" in ta.dataset);
  const cents = (text) => Math.round(100 * Number(String(text).replace(",", "."))) || 0;
  const shown = (sum) => (sum / 100).toFixed(2);

  // -- what is ticked, and what it comes to: as grading/rubric.py has it, which decides when it is saved
  const boxes = (item) => [...item.querySelectorAll("input[data-points]")];
  const nothing = (item) => item.querySelector("[data-nothing]");
  const pointsOf = (item) => {
    const ticked = boxes(item).filter((box) => box.checked);
    const number = item.querySelector("input[type=text]");
    const none = "extra" in item.dataset ? 0 : null; // extra credit that nobody ticked is nothing, and needs no mark
    if (number) return number.value.trim() ? cents(number.value) : none;
    if (!ticked.length && ("oneOf" in item.dataset || !nothing(item)?.checked)) return none;
    const sum = ticked.reduce((total, box) => total + cents(box.dataset.points), 0);
    return Math.max(0, Math.min(sum, cents(item.dataset.of)));
  };
  const sums = () => {
    const total = ta.querySelector("[data-ta-total]");
    const found = items.map(pointsOf);
    items.forEach((item, n) => { item.querySelector("[data-ta-points]").textContent = found[n] === null ? "–" : shown(found[n]); });
    total.textContent = shown(found.reduce((sum, one) => sum + (one ?? 0), cents(total.dataset.measured) + cents(total.dataset.rest)));
    const measured = [...total.closest("form").querySelectorAll(":scope > .ta-group b:last-child")].map((one) => one.textContent);
    ta.querySelector("[data-ta-parts]").textContent = [...measured.filter((one) => /^[\d.]+$/.test(one)), ...found.map((one) => shown(one ?? 0)), shown(cents(total.dataset.rest))].filter((one) => Number(one)).join(" + ");
  };
  const snapshot = () => ({
    on: items.flatMap((item) => [...item.querySelectorAll("input:checked")].map((box) => `${box.name} ${box.value}`)),
    typed: Object.fromEntries(items.flatMap((item) => [...item.querySelectorAll("input[type=text]")].map((field) => [field.name, field.value]))),
    comment: comment.value,
  });
  const restore = (state) => {
    for (const box of form.querySelectorAll("[data-ta-item] input:is([type=checkbox], [type=radio])")) box.checked = state.on.includes(`${box.name} ${box.value}`);
    for (const [name, value] of Object.entries(state.typed)) if (form.elements[name]) form.elements[name].value = value;
    comment.value = state.comment;
    sums();
  };
  let before = snapshot();
  const past = [];
  const changed = (isTyping = false) => {
    const now = snapshot();
    if (JSON.stringify(now) === JSON.stringify(before)) return;
    if (!isTyping || past.at(-1)?.isTyping !== true) past.push({ state: before, isTyping });
    before = now;
    sums();
    ta.dispatchEvent(new CustomEvent("ta:changed", { detail: { isTyping } }));
  };
  const undo = () => {
    const last = past.pop();
    if (!last || !writes()) return;
    restore(last.state);
    before = snapshot();
    ta.dispatchEvent(new CustomEvent("ta:changed", { detail: { isTyping: false } }));
  };
  const settle = (box) => {
    const item = box.closest("[data-ta-item]");
    const none = nothing(item);
    if (!none) return;
    if (box === none) { if (none.checked) boxes(item).forEach((one) => { one.checked = false; }); }
    else none.checked = !boxes(item).some((one) => one.checked); // the last one taken away: nothing of this holds
  };
  form.addEventListener("change", (event) => { if (event.target.closest("[data-ta-item]")) { settle(event.target); changed(); } });
  form.addEventListener("input", (event) => event.target.matches("[data-ta-item] input[type=text]") && changed(true));
  comment.addEventListener("input", () => changed(true));

  // -- keys
  const tick = (field) => {
    field.focus();
    if (field.type === "text") return field.select();
    field.checked = !field.checked;
    settle(field);
    changed();
    field.closest(".ta-option").scrollIntoView({ block: "nearest" });
  };
  const lacking = () => items.filter((item) => nothing(item) && pointsOf(item) === null);
  const zero = () => {
    for (const item of lacking()) nothing(item).checked = true;
    changed();
  };
  const go = (address) => {
    if (address) location.assign(address);
    else ta.querySelector("[data-ta-none-free]").hidden = false;
  };
  const act = {
    j: () => go(ta.dataset.next),
    k: () => go(ta.dataset.previous),
    c: () => comment.focus(),
    a: () => document.dispatchEvent(new CustomEvent("desk:annotate")),
    e: () => { const part = ta.querySelector("[data-ta-earlier]"); part.scrollIntoView({ block: "nearest" }); part.focus(); },
    r: () => ta.dispatchEvent(new CustomEvent("ta:release")),
    s: () => ta.dispatchEvent(new CustomEvent("ta:keep")),
    ":": () => ta.dispatchEvent(new CustomEvent("ta:snippets")),
    u: undo,
    0: zero,
    Enter: () => writes() && form.requestSubmit(form.querySelector(".ta-done")),
  };
  let pages = -Infinity; // after `g` a letter goes to a page of the course: static/js/shortcuts.js
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented) return; // the report's own keys
    if (event.target === comment && event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); act.Enter(); }
    if (event.target === comment && event.key === "Escape") { event.preventDefault(); title.focus(); }
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select, textarea, dialog[open], input:not([type=checkbox], [type=radio]), [contenteditable]")) return;
    if (event.key === "Enter" && event.target.closest("a, button, summary, input")) return; // theirs; in a field of the form it is done
    if (event.key === "g") pages = event.timeStamp;
    if (event.key === "g" || event.timeStamp - pages < 1500) return;
    if (event.key === "0" && !(writes() && lacking().length)) return; // then it is the size of the report
    const field = writes() && items.length && form.querySelector(`[data-tick="${CSS.escape(event.key)}"]`);
    if (!field && !(event.key in act)) return;
    event.preventDefault();
    if (field) tick(field); else act[event.key]();
  });
  ta.addEventListener("click", (event) => { const one = event.target.closest("[data-ta-do]"); if (one) act[one.dataset.taDo](); });

  ta.desk = { snapshot, restore, writes, items };
  sums();
  if (!location.hash && !ta.querySelector("[role=alert]:not([hidden])")) title.focus({ preventScroll: true });
}
