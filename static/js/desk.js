// The desk has a form for each part, and saving one loads the page anew. What was typed into the others and is not saved yet is kept in this
// tab until then, put back, and forgotten. Files and passwords are never kept.
const deskPage = document.querySelector("[data-desk]");
if (deskPage) {
  const key = `desk ${deskPage.dataset.desk}`;
  const forms = [...deskPage.querySelectorAll("form[data-desk-form]")];
  const fieldsOf = (form) => [...form.elements].filter((field) => field.matches("textarea, input:is([type=text], [type=url], :not([type]))"));
  // What was refused stands in the page as if it were saved.
  const isUnsaved = (form) => "deskUnsaved" in form.dataset || fieldsOf(form).some((field) => field.value !== field.defaultValue);

  const keep = (sent = null) => {
    const kept = forms.filter((form) => form !== sent && isUnsaved(form)).map((form) => ({
      form: form.dataset.deskForm, seen: form.elements.seen.value,
      values: Object.fromEntries(fieldsOf(form).map((field) => [field.name, field.value])),
    }));
    try {
      if (kept.length) sessionStorage.setItem(key, JSON.stringify(kept));
      else sessionStorage.removeItem(key);
    } catch { /* no storage here: as without this script */ }
  };
  const putBack = () => {
    let kept = [];
    try {
      kept = JSON.parse(sessionStorage.getItem(key)) ?? [];
      sessionStorage.removeItem(key);
    } catch { /* nothing that can be read */ }
    for (const { form: name, seen, values } of kept) {
      const form = forms.find((one) => one.dataset.deskForm === name);
      if (!form || "deskUnsaved" in form.dataset) continue;
      for (const field of fieldsOf(form)) field.value = values[field.name] ?? field.value;
      if (!isUnsaved(form)) continue;
      // What stood when this was typed: a newer one of somebody else is not replaced without a word.
      form.elements.seen.value = seen;
      form.querySelector("[data-desk-kept]").hidden = false;
      form.closest("details")?.setAttribute("open", "");
    }
  };
  putBack();
  deskPage.addEventListener("submit", (event) => { if (!event.defaultPrevented) keep(event.target); });
  document.addEventListener("upload-done", () => keep());
}
