// Comments that are put in again: `:` and letters find one, Enter puts it in, S keeps the comment as a new one.
(() => {
  const snippetPage = document.querySelector("[data-ta]");
  if (!snippetPage?.desk) return;
  const { writes } = snippetPage.desk;
  const comment = snippetPage.querySelector("[data-ta-comment]");
  const box = snippetPage.querySelector("[data-ta-snippets]");
  const find = snippetPage.querySelector("[data-ta-find]");
  const none = snippetPage.querySelector("[data-ta-none]");
  const keep = snippetPage.querySelector("[data-ta-keep]");
  const list = box.querySelector("ul");
  const shown = () => [...list.children].filter((one) => !one.hidden);
  const chosen = () => list.querySelector("[aria-selected=true]");

  const choose = (one) => {
    for (const other of list.children) other.setAttribute("aria-selected", String(other === one));
    if (one) { find.setAttribute("aria-activedescendant", one.id); one.scrollIntoView({ block: "nearest" }); }
    else find.removeAttribute("aria-activedescendant");
  };
  const filter = () => {
    const letters = find.value.trim().toLowerCase();
    const starts = (one) => one.dataset.short.toLowerCase().startsWith(letters);
    for (const one of list.children) one.hidden = !(starts(one) || one.dataset.text.toLowerCase().includes(letters));
    const left = shown();
    none.hidden = left.length > 0;
    choose(left.find(starts) ?? left[0] ?? null);
  };
  const open = () => {
    if (!writes()) return;
    box.hidden = false;
    find.value = "";
    filter();
    find.focus();
  };
  const close = (text) => {
    box.hidden = true;
    comment.focus();
    if (!text) return;
    comment.setRangeText(text, comment.selectionStart, comment.selectionEnd, "end");
    comment.dispatchEvent(new Event("input", { bubbles: true }));
  };
  snippetPage.addEventListener("ta:snippets", () => { comment.setSelectionRange(comment.value.length, comment.value.length); open(); });
  comment.addEventListener("keydown", (event) => {
    const last = comment.value[comment.selectionStart - 1] ?? " ";
    if (event.key === ":" && /\s/.test(last)) { event.preventDefault(); open(); }
  });
  find.addEventListener("input", filter);
  find.addEventListener("keydown", (event) => {
    const rows = shown(), at = rows.indexOf(chosen());
    if (event.key === "ArrowDown" || event.key === "ArrowUp") choose(rows[(at + (event.key === "ArrowDown" ? 1 : rows.length - 1)) % (rows.length || 1)] ?? null);
    else if (event.key === "Enter") close(chosen()?.dataset.text ?? "");
    else if (event.key === "Escape") close(`:${find.value}`); // a colon was meant
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  list.addEventListener("click", (event) => { const one = event.target.closest("li"); if (one) close(one.dataset.text); });

  const snippetForm = snippetPage.querySelector("[data-ta-snippet-form]");
  const fill = () => { if (snippetForm) snippetForm.elements.text.value = comment.value; };
  snippetPage.addEventListener("ta:keep", () => { if (keep) { keep.open = true; snippetForm.elements.short.focus(); } });
  snippetForm?.addEventListener("submit", async (event) => {
    event.preventDefault();
    fill();
    const said = snippetForm.querySelector("[data-ta-kept]");
    try {
      const answer = await fetch(snippetForm.action, { method: "POST", body: new FormData(snippetForm), headers: { Accept: "application/json" } });
      const told = await answer.json();
      if (!answer.ok) { said.textContent = told.error.message; return; }
      const one = document.createElement("li");
      one.id = `snippet-${told.id}`;
      one.setAttribute("role", "option");
      Object.assign(one.dataset, { short: told.short, text: told.text });
      const letters = document.createElement("kbd"), words = document.createElement("span");
      letters.textContent = told.short;
      words.textContent = told.text.slice(0, 90);
      one.append(letters, words);
      list.querySelector(`#${one.id}`)?.remove();
      list.append(one);
      snippetForm.reset();
      keep.open = false;
      comment.focus();
    } catch { said.textContent = "Not kept: the line is cut. Try again."; }
  });
  snippetForm?.addEventListener("keydown", (event) => { if (event.key === "Escape") { keep.open = false; comment.focus(); } });
})();
